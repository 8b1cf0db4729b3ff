// Mathematical equivalence beyond the fast C++ path, answered by Math-Verify in a helper process.
#pragma once

#include <optional>
#include <string>

namespace assay {

class EquivalenceOracle {
 public:
  virtual ~EquivalenceOracle() = default;
  // Math-Verify's parse and verify: gold answer (LaTeX without $) against the whole output.
  // Nothing when the helper is not there or ran out of time or memory: the item then stays
  // unscored.
  virtual std::optional<bool> equivalent(const std::string& gold, const std::string& output) = 0;
  // Why the last question had no answer, one line; empty when it had one.
  [[nodiscard]] virtual const std::string& last_error() const = 0;
};

}  // namespace assay

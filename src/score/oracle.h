// Mathematical equivalence where the fast path in C++ cannot decide it: Math-Verify in a helper
// process.
#pragma once

#include <optional>
#include <string>

namespace assay {

class EquivalenceOracle {
 public:
  virtual ~EquivalenceOracle() = default;
  // Math-Verify's parse and verify: gold answer (LaTeX without $) against the whole output.
  // Nothing when the helper could not be started, or ran out of time or memory; the item is then
  // unscored.
  virtual std::optional<bool> equivalent(const std::string& gold, const std::string& output) = 0;
  // Why the last question had no answer, one line; empty when it had one.
  [[nodiscard]] virtual const std::string& last_error() const = 0;
};

}  // namespace assay

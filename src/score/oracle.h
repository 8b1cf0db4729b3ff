// Mathematical equivalence where the fast path in C++ cannot decide it: Math-Verify in a helper
// process.
#pragma once

#include <expected>
#include <string>

namespace assay {

// Why a question has no verdict.
struct NoDecision {
  enum class Kind {
    undecided,    // this pair was too much for the library: out of time or memory, or it raised
    unavailable,  // the library cannot be asked, and is not tried again
    interrupted,  // a signal or the deadline came meanwhile: the answer is to be graded later
  };
  Kind kind = Kind::undecided;
  std::string why;  // one line
};

class EquivalenceOracle {
 public:
  virtual ~EquivalenceOracle() = default;
  // Math-Verify's parse and verify: gold answer (LaTeX without $) against the whole output.
  virtual std::expected<bool, NoDecision> equivalent(const std::string& gold,
                                                     const std::string& output) = 0;
  // The same of one box, "\\boxed{…}" with what encloses it: where the box cannot be read there is
  // no answer, and no number within or beside it takes its place.
  virtual std::expected<bool, NoDecision> equivalent_box(const std::string& gold,
                                                         const std::string& box) {
    return equivalent(gold, box);
  }
  // Whether it is the library that the fast path imitates (values/math_reference.h). Where it is
  // not, it is asked of every answer.
  [[nodiscard]] virtual bool imitated() const { return true; }
  // An audit is told each verdict that the fast path reaches alone, by the library's own rules.
  [[nodiscard]] virtual bool audits() const { return false; }
  virtual void reached(const std::string& /*gold*/, const std::string& /*output*/, bool /*equal*/) {
  }
};

}  // namespace assay

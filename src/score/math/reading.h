// The answer on one side of the comparison, the gold answer or the output. Private to score/math.
#pragma once

#include <string>
#include <string_view>

#include "score/math/math.h"
#include "score/math/value.h"

namespace assay {

struct Reading {
  enum class State { none, value, unknown };
  State state = State::none;  // none: no candidate could be read
  MathValue value;
  std::string text;   // of the first candidate, normalised; Math-Verify compares these texts, too
  std::string shown;  // the answer as it is shown in a report
  std::string stage;  // MathJudgement::extraction
  std::string box;    // the box that is the answer, to ask the library of; empty: all of the text
};

// What `robust` reads of an output: without signs of Unicode and empty boxes, and with the last box
// that holds something as "\\boxed{…}", however it was written, its percent sign within.
[[nodiscard]] std::string robust_text(std::string_view output);

// The first place that can be read, in Math-Verify's order of stages and places. By `robust`,
// which is given a robust_text, a box is the answer whether or not it can be read.
[[nodiscard]] Reading read_answer(std::string_view output, MathRules rules);

// Math-Verify compares the texts as well as the values, whether or not it could read them.
[[nodiscard]] Truth same_reading(const Reading& gold, const Reading& pred);
// The rules of own_rules.h about whole answers. Unsure: none of them says anything.
[[nodiscard]] Truth same_by_own_rules(const Reading& gold, const Reading& pred,
                                      std::string_view output);

}  // namespace assay

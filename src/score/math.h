// The robust mathematical metric: the output's final answer against the gold answer, as Math-Verify
// 0.9.0 sees them. A fast path decides what it is sure of (numbers, fractions, decimals,
// percentages, tuples, sets, intervals, units, simple LaTeX); the oracle decides the rest.
#pragma once

#include <string>
#include <string_view>

#include "score/oracle.h"

namespace assay {

struct MathJudgement {
  bool decided = true;  // false: neither the fast path nor the oracle knows; `detail` says why
  NoDecision::Kind no_decision = NoDecision::Kind::undecided;  // where not decided: of what kind
  bool correct = false;
  std::string extracted;     // the final answer's text; empty: none found
  std::string extraction;    // "boxed", "final answer", "answer", "latex", "number"; empty: none
  bool used_oracle = false;  // the oracle was asked
  std::string detail;        // one short line, e.g. why no decision was reached; may be empty
};

// `gold_answer` is bare LaTeX without "$" (a data set's answer field); `output` the model's whole
// answer, thoughts already removed. Never throws; linear in the output, times the oracle's limit.
// What neither the fast path nor the oracle decides is no verdict: not `decided`, never wrong.
[[nodiscard]] MathJudgement judge_math(std::string_view gold_answer, std::string_view output,
                                       EquivalenceOracle* oracle);

// AIME: gold is 0 to 999, leading zeros in the output are allowed. As judge_math; an answer whose
// form is not understood counts when its last box, else the last integer, is the number itself.
[[nodiscard]] MathJudgement judge_aime(int gold, std::string_view output);

}  // namespace assay

// The robust mathematical metric: whether the output's final answer equals the gold answer by
// Math-Verify 0.9.0's rules and a few of our own (own_rules.h; docs/scoring.md names them). A fast
// path decides what it is certain of (numbers, fractions, decimals, percentages, tuples, sets,
// intervals, units, simple LaTeX); the oracle decides the rest. The only header of score/math that
// files outside this folder include.
#pragma once

#include <string>
#include <string_view>

#include "score/oracle.h"

namespace assay {

enum class MathRules {
  robust,       // Math-Verify's, and where these are wrong our own
  math_verify,  // Math-Verify's alone, its oddities included: what the fast path is held to
};

struct MathJudgement {
  bool decided = true;  // false: neither the fast path nor the oracle could tell; `detail` says why
  NoDecision::Kind no_decision = NoDecision::Kind::undecided;  // where not decided: of what kind
  bool correct = false;
  std::string extracted;     // the final answer's text; empty: none found
  std::string extraction;    // "boxed", "final answer", "answer", "latex", "number"; empty: none
  bool used_oracle = false;  // the oracle was asked
  std::string detail;        // one short line, e.g. why no decision was reached; may be empty
};

// Of an output longer than this, which no model's limit of tokens allows, `robust` reads the end.
inline constexpr std::size_t kMostReadBytes = 1UL << 20;

// `gold_answer` is bare LaTeX without "$" (a data set's answer field); `output` the model's whole
// answer, thoughts already removed. Never throws. The fast path is linear in the output. An answer
// that neither the fast path nor the oracle decides is not `decided`; it does not count as wrong.
// What `robust` takes for no answer (longer than 4,000 bytes, nested more than 100 deep) nobody is
// asked about: it is wrong, and not found.
[[nodiscard]] MathJudgement judge_math(std::string_view gold_answer, std::string_view output,
                                       EquivalenceOracle* oracle,
                                       MathRules rules = MathRules::robust);

// AIME: gold is 0 to 999, leading zeros in the output are allowed. An answer is one whole number:
// that of the last box, else as judge_math without an oracle has it, else the last integer.
[[nodiscard]] MathJudgement judge_aime(int gold, std::string_view output);

}  // namespace assay

#include "score/math/math.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "score/gold.h"
#include "score/math/extract.h"
#include "score/math/own_rules.h"
#include "score/math/reading.h"

namespace assay {

namespace {

// Where the output's last statement and the gold answer are words ("The final answer is Evelyn."),
// whether they are the same. Math-Verify reads no words outside LaTeX. Unsure: they are not words.
Truth same_words(std::string_view gold_answer, std::string_view output, const Reading& pred) {
  constexpr std::size_t kLeast = 3;  // letters: "x" and "ab" may be symbols
  if (pred.stage == "boxed" || pred.stage == "final answer") return Truth::unsure;
  const std::string gold = words_of(gold_answer);
  if (gold.size() < kLeast) return Truth::unsure;
  const std::string_view statement = final_statement(output);
  const std::string stated = words_of(statement);
  if (stated.empty()) return Truth::unsure;
  if (stated == gold) return Truth::yes;
  // A longer sentence may hold the answer somewhere.
  return std::ranges::count(statement, ' ') < 3 ? Truth::no : Truth::unsure;
}

// The oracle's verdict, on the box alone where a box is the answer.
void ask(EquivalenceOracle* oracle, const std::string& gold, const std::string& output,
         const Reading& pred, MathJudgement& result) {
  if (oracle == nullptr) {
    result.decided = false;
    result.no_decision = NoDecision::Kind::unavailable;
    result.detail = "Math-Verify is not at hand";
    return;
  }
  result.used_oracle = true;
  const auto answer =
      pred.box.empty() ? oracle->equivalent(gold, output) : oracle->equivalent_box(gold, pred.box);
  result.correct = answer.value_or(false);
  result.decided = answer.has_value();
  if (!answer) {
    result.no_decision = answer.error().kind;
    result.detail = "Math-Verify gave no answer (" + answer.error().why + ")";
  }
}

// Why this is no answer that anyone could mean; empty: it may be one.
const char* why_no_answer(const Reading& pred) {
  constexpr std::size_t kMostBytes = 4000;
  constexpr int kMostNested = 100;
  const std::string& written = pred.box.empty() ? pred.text : pred.box;
  if (std::max(written.size(), pred.text.size()) > kMostBytes) return "longer than 4,000 bytes";
  int depth = 0;
  int deepest = 0;
  for (const char c : written) {
    if (c == '{' || c == '(' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ')' || c == ']') --depth;
  }
  return deepest > kMostNested ? "nested more than 100 deep" : "";
}

bool reachable(std::string_view gold, std::string_view output) {
  return !AnswerScanner(gold).out_of_reach() && !AnswerScanner(output).out_of_reach();
}

// Tells an audit what the fast path says of the pair by the library's rules, where it is certain.
void report_reached(EquivalenceOracle& audit, std::string_view gold_answer,
                    std::string_view output) {
  const std::string gold = delimited_gold(gold_answer);
  if (!reachable(gold, output)) return;
  const Truth same = same_reading(read_answer(gold, MathRules::math_verify),
                                  read_answer(output, MathRules::math_verify));
  if (same == Truth::unsure) return;
  audit.reached(std::string(gold_answer), std::string(output), same == Truth::yes);
}

}  // namespace

MathJudgement judge_math(std::string_view gold_answer, std::string_view output,
                         EquivalenceOracle* oracle, MathRules rules) {
  if (oracle != nullptr && oracle->audits()) report_reached(*oracle, gold_answer, output);
  MathJudgement result;
  const bool robust = rules == MathRules::robust;
  const std::string gold_bare = robust ? plain_signs(gold_answer) : std::string(gold_answer);
  if (robust) output = end_of_text(output, kMostReadBytes);
  const std::string text = robust ? robust_text(output) : std::string(output);
  const std::string gold_text = delimited_gold(gold_bare);
  const Reading gold = read_answer(gold_text, rules);
  const Reading pred = read_answer(text, rules);
  result.extracted = pred.shown;
  result.extraction = pred.stage;
  if (oracle != nullptr && !oracle->imitated()) {
    ask(oracle, gold_bare, text, pred, result);
    return result;
  }
  if (const Truth words = robust ? same_words(gold_bare, text, pred) : Truth::unsure;
      words != Truth::unsure) {
    result.correct = words == Truth::yes;
    result.extracted = final_statement(text).substr(0, 200);
    result.extraction = "final answer";
    return result;
  }
  Truth same = robust ? same_by_own_rules(gold, pred, text) : Truth::unsure;
  if (same == Truth::unsure && reachable(gold_text, text)) same = same_reading(gold, pred);
  if (same != Truth::unsure) {
    result.correct = same == Truth::yes;
  } else if (const char* const why = robust ? why_no_answer(pred) : ""; *why != '\0') {
    result.extraction.clear();
    result.detail = why;
  } else {
    ask(oracle, gold_bare, text, pred, result);
  }
  return result;
}

}  // namespace assay

// lm-eval's metrics of single outputs. Expected values: lm-eval 0.4.13's own functions, run on
// these texts (tasks/aime/utils.py, tasks/hendrycks_math/utils.py, filters/extraction.py), traps
// included; and its scores recorded below $ASSAY_SHARED.
#include <gtest/gtest.h>

#include "base/json.h"
#include "support/parity_fixtures.h"
#include "task/task.h"

namespace assay {
namespace {

Item with(const char* field, const Json& value) {
  Item item;
  item.row[field] = value;
  return item;
}

LmEvalScore score(const char* task, std::string_view output, const Item& item) {
  return find_task(task)->lm_eval.score(output, item);
}

LmEvalScore aime(std::string_view output, int gold) {
  return score("aime24", output, with("answer", gold));
}

LmEvalScore math500(std::string_view output, const std::string& gold_solution) {
  return score("math500", output, with("solution", gold_solution));
}

// MMLU-Pro's right answers by this output.
std::string letters(std::string_view output) {
  std::string out;
  for (const char letter : std::string_view("ABCDEFGHIJ")) {
    const std::string text(1, letter);
    if (score("mmlu_pro", output, with("answer", text)).value == 1) out += text;
  }
  return out;
}

TEST(LmEvalAime, TakesTheLastBoxElseDollarsElseEverything) {
  EXPECT_EQ(aime("Thus \\boxed{236}.", 236).value, 1);
  EXPECT_EQ(aime("First \\boxed{237}, no: \\boxed{236}", 236).value, 1);
  EXPECT_EQ(aime("236", 236).value, 1);
  EXPECT_EQ(aime("So $x=1$ and then $236$", 236).value, 0);  // first to last "$"
  EXPECT_EQ(aime("The answer is $236$.", 236).value, 1);
  EXPECT_EQ(aime("Thus \\boxed 236$ done", 236).value, 1);
}

TEST(LmEvalAime, KeepsLmEvalsMisses) {
  EXPECT_EQ(aime("\\boxed{025}", 25).value, 0);  // zero padded
  EXPECT_EQ(aime("\\boxed{204.0}", 204).value, 0);
  EXPECT_EQ(aime("\\boxed{\\text{204}}", 204).value, 0);
  EXPECT_EQ(aime("The answer is 204.", 204).value, 0);
  EXPECT_EQ(aime("<think>it is \\boxed{204} but", 204).value, 1);  // unfinished thought
  EXPECT_EQ(aime("\\boxed{m+n=204}", 204).value, 0);
  EXPECT_EQ(aime("\\boxed{x=204}", 204).value, 1);
  EXPECT_EQ(aime("", 204).value, 0);
}

TEST(LmEvalMath500, NeverReadsTheBoxOfTheOutput) {
  const char* gold = "Therefore $\\boxed{\\frac{1}{2}}$.";
  EXPECT_EQ(math500("Therefore $\\boxed{\\frac{1}{2}}$.", gold).value, 0);
  EXPECT_EQ(math500("The answer is $\\frac12$.", gold).value, 1);
  EXPECT_EQ(math500("1/2", gold).value, 1);
  EXPECT_EQ(math500("0.5", gold).value, 1);
}

TEST(LmEvalMath500, SaysWhereLmEvalRaises) {
  EXPECT_EQ(math500("1", "no box").raises, "TypeError");
  EXPECT_EQ(math500("1", "\\fbox{1}").raises, "AssertionError");
  EXPECT_EQ(math500("1", "\\boxed{1}").raises, "");
}

TEST(LmEvalMmluPro, FirstMatchOfItsPattern) {
  EXPECT_EQ(letters("The answer is (B). The answer is (C)."), "B");
  EXPECT_EQ(letters("my answer is Don't know"), "D");
  EXPECT_EQ(letters("The answer is K."), "");
  EXPECT_EQ(letters("The answer is (b)."), "");
  EXPECT_EQ(letters("The answer is not (A); the answer is C"), "C");
  EXPECT_EQ(letters("The answer is: (A)"), "");
  EXPECT_EQ(letters(""), "");
}

class LmEvalRecords : public ParityTest {};

// {"metrics": {name: value}} or {"raises": exception}
bool same_score(const Json& expected, const LmEvalScore& ours) {
  if (expected.contains("raises")) return ours.raises == expected["raises"].get<std::string>();
  return ours.raises.empty() && ours.value == expected["metrics"]["exact_match"].get<double>();
}

TEST_F(LmEvalRecords, Aime) {
  for (const Json& r : fixture("scoring_aime")) {
    const auto output = r["output"].get<std::string>();
    compare(same_score(r["scores"]["none"], aime(output, r["target"].get<int>())),
            r["source"].get<std::string>() + ": " + output);
  }
}

TEST_F(LmEvalRecords, Math500) {
  for (const Json& r : fixture("scoring_math")) {
    const auto output = r["output"].get<std::string>();
    const LmEvalScore ours = math500(output, r["gold_solution"].get<std::string>());
    compare(same_score(r["hendrycks_math500"]["none"], ours),
            r["source"].get<std::string>() + ": " + output);
  }
}

TEST_F(LmEvalRecords, MmluPro) {
  for (const Json& r : fixture("scoring_mmlu_pro")) {
    const auto output = r["output"].get<std::string>();
    const Json& expected = r["scores"]["custom-extract"];
    const auto filtered = expected["filtered"].get<std::string>();
    const std::string taken = filtered == "=output" ? output : filtered;
    const Item item = with("answer", r["target"]);
    compare(letters(output) == (taken.size() == 1 ? taken : "") &&
                score("mmlu_pro", output, item).value ==
                    expected["metrics"]["exact_match"].get<double>(),
            output);
  }
}

// Nothing that goes on without end, and no score out of nothing.
TEST(LmEvalMetrics, MalformedOutputs) {
  for (const char* piece : {"\\boxed{", "$", "answer is ", "{", "\\frac", "####", "-", ",", "1/"}) {
    SCOPED_TRACE(piece);
    std::string text;
    while (text.size() < 1UL << 20) text += piece;
    EXPECT_EQ(aime(text, 345).value, 0);
    EXPECT_EQ(math500(text, "\\boxed{12345}").value, 0);
    EXPECT_EQ(letters(text), "");
  }
}

}  // namespace
}  // namespace assay

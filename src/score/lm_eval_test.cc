// Expected values: lm-eval 0.4.13's own functions, run on these texts (tasks/aime/utils.py,
// tasks/hendrycks_math/utils.py, filters/extraction.py, models/utils.py), traps included.
#include "score/lm_eval.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay {
namespace {

TEST(LmEvalAime, TakesTheLastBoxElseDollarsElseEverything) {
  EXPECT_EQ(lm_eval_aime("Thus \\boxed{236}.", "236").value, 1);
  EXPECT_EQ(lm_eval_aime("First \\boxed{237}, no: \\boxed{236}", "236").value, 1);
  EXPECT_EQ(lm_eval_aime("236", "236").value, 1);
  EXPECT_EQ(lm_eval_aime("So $x=1$ and then $236$", "236").value, 0);  // first to last "$"
  EXPECT_EQ(lm_eval_aime("The answer is $236$.", "236").value, 1);
  EXPECT_EQ(lm_eval_aime("Thus \\boxed 236$ done", "236").value, 1);
}

TEST(LmEvalAime, KeepsLmEvalsMisses) {
  EXPECT_EQ(lm_eval_aime("\\boxed{025}", "25").value, 0);  // zero padded
  EXPECT_EQ(lm_eval_aime("\\boxed{204.0}", "204").value, 0);
  EXPECT_EQ(lm_eval_aime("\\boxed{\\text{204}}", "204").value, 0);
  EXPECT_EQ(lm_eval_aime("The answer is 204.", "204").value, 0);
  EXPECT_EQ(lm_eval_aime("<think>it is \\boxed{204} but", "204").value, 1);  // unfinished thought
  EXPECT_EQ(lm_eval_aime("\\boxed{m+n=204}", "204").value, 0);
  EXPECT_EQ(lm_eval_aime("\\boxed{x=204}", "204").value, 1);
  EXPECT_EQ(lm_eval_aime("", "204").value, 0);
}

TEST(LmEvalMath500, NeverReadsTheBoxOfTheOutput) {
  const char* gold = "Therefore $\\boxed{\\frac{1}{2}}$.";
  EXPECT_EQ(lm_eval_math500("Therefore $\\boxed{\\frac{1}{2}}$.", gold).value, 0);
  EXPECT_EQ(lm_eval_math500("The answer is $\\frac12$.", gold).value, 1);
  EXPECT_EQ(lm_eval_math500("1/2", gold).value, 1);
  EXPECT_EQ(lm_eval_math500("0.5", gold).value, 1);
}

TEST(LmEvalMath500, SaysWhereLmEvalRaises) {
  EXPECT_EQ(lm_eval_math500("1", "no box").raises, "TypeError");
  EXPECT_EQ(lm_eval_math500("1", "\\fbox{1}").raises, "AssertionError");
  EXPECT_EQ(lm_eval_math500("1", "\\boxed{1}").raises, "");
}

TEST(LmEvalStripString, NormalisesAsHendrycksDid) {
  EXPECT_EQ(lm_eval_strip_string("\\dfrac12"), "\\frac{1}{2}");
  EXPECT_EQ(lm_eval_strip_string("\\sqrt3"), "\\sqrt{3}");
  EXPECT_EQ(lm_eval_strip_string("k = 5"), "5");
  EXPECT_EQ(lm_eval_strip_string("kk = 5"), "kk=5");
  EXPECT_EQ(lm_eval_strip_string("90^\\circ"), "90");
  EXPECT_EQ(lm_eval_strip_string("5\\text{ cm}"), "5");
  EXPECT_EQ(lm_eval_strip_string("3/4"), "\\frac{3}{4}");
  EXPECT_EQ(lm_eval_strip_string("03/4"), "03/4");
  EXPECT_EQ(lm_eval_strip_string(".5"), "\\frac{1}{2}");
  EXPECT_EQ(lm_eval_strip_string("\\frac1"), "\\frac1");
}

TEST(LmEvalStripString, FailsWherePythonRaises) {
  EXPECT_EQ(lm_eval_strip_string("x/2"), std::nullopt);  // ValueError of int("x")
  EXPECT_EQ(lm_eval_strip_string("\\frac"), std::nullopt);
  EXPECT_EQ(lm_eval_strip_string("\\sqrt"), std::nullopt);
  EXPECT_EQ(lm_eval_strip_string("1\\text{ a}\\text{ b}"), std::nullopt);
  // Then the raw texts are compared.
  EXPECT_EQ(lm_eval_aime("x/2", "x/2").value, 1);
  EXPECT_EQ(lm_eval_aime("x /2", "x/2").value, 0);
}

TEST(LmEvalMmluPro, FirstMatchOfItsPattern) {
  EXPECT_EQ(lm_eval_mmlu_pro_extract("The answer is (B). The answer is (C)."), "B");
  EXPECT_EQ(lm_eval_mmlu_pro_extract("my answer is Don't know"), "D");
  EXPECT_EQ(lm_eval_mmlu_pro_extract("The answer is K."), "[invalid]");
  EXPECT_EQ(lm_eval_mmlu_pro_extract("The answer is (b)."), "[invalid]");
  EXPECT_EQ(lm_eval_mmlu_pro_extract("The answer is not (A); the answer is C"), "C");
  EXPECT_EQ(lm_eval_mmlu_pro_extract("The answer is: (A)"), "[invalid]");
  EXPECT_EQ(lm_eval_mmlu_pro_extract(""), "[invalid]");
}

TEST(LmEvalMultipleChoice, TiesGoToTheFirst) {
  const std::vector<std::string> choices{"(A)", "(B)", "(C)", "(D)"};
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(lm_eval_multiple_choice(std::vector<double>{-1, -1, -1, -1}, choices, 0).acc, 1);
  EXPECT_EQ(lm_eval_multiple_choice(std::vector<double>{-0.0, 0.0, -1, -5}, choices, 1).acc, 0);
  EXPECT_EQ(lm_eval_multiple_choice(std::vector<double>{-inf, -9, -8, -inf}, choices, 2).acc, 1);
  EXPECT_EQ(
      lm_eval_multiple_choice(std::vector<double>{-3, -4, -5, -6}, {"1234", "12", "1", "1"}, 0)
          .acc_norm,
      1);
}

TEST(LmEvalPostprocess, ThinkFirstThenStops) {
  const std::vector<std::string> stop{"Question:", "<|im_end|>"};
  EXPECT_EQ(lm_eval_postprocess("a Question: b Question: c", stop, ""), "a ");
  EXPECT_EQ(lm_eval_postprocess("<think>Question: x</think>\n\nB", stop, "</think>"), "B");
  EXPECT_EQ(lm_eval_postprocess("<think>Question: x</think>\n\nB", stop, ""), "<think>");
  EXPECT_EQ(lm_eval_postprocess(" \n lead", stop, "</think>"), "lead");
  EXPECT_EQ(lm_eval_postprocess("<think>a</think> b</think>  c", stop, "</think>"), "c");
}

}  // namespace
}  // namespace assay

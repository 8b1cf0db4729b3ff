// Expected values: lm-eval 0.4.13's own functions, run on these texts
// (tasks/hendrycks_math/utils.py, models/utils.py), traps included. Each benchmark's own part is
// tested in src/task.
#include "score/lm_eval.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay {
namespace {

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
  EXPECT_TRUE(lm_eval_is_equiv("x/2", "x/2"));
  EXPECT_FALSE(lm_eval_is_equiv("x /2", "x/2"));
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

#include "score/math.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(JudgeAime, IntegersOnly) {
  EXPECT_TRUE(judge_aime(25, "so \\boxed{025}").correct);
  EXPECT_TRUE(judge_aime(25, "The answer is 25.").correct);
  EXPECT_TRUE(judge_aime(25, "**25**").correct);
  EXPECT_TRUE(judge_aime(25, "\\boxed{\\text{25}}").correct);
  EXPECT_FALSE(judge_aime(25, "\\boxed{26}, so 25").correct);
  EXPECT_FALSE(judge_aime(25, "").correct);
  EXPECT_EQ(judge_aime(25, "").extraction, "");
}

}  // namespace
}  // namespace assay

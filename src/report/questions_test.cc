#include "report/questions.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Questions, ThoseOfGpqaAndHleAreNeverShown) {
  for (const char* benchmark : {"gpqa_diamond", "gpqa_diamond_zeroshot", "hle", "unknown", ""}) {
    EXPECT_FALSE(may_show_questions(benchmark)) << benchmark;
  }
  for (const char* benchmark : {"aime24", "math500", "gsm8k", "mmlu_pro", "livecodebench",
                                "scicode", "humaneval", "mbpp"}) {
    EXPECT_TRUE(may_show_questions(benchmark)) << benchmark;
  }
}

TEST(Questions, AreReadFromTheRow) {
  EXPECT_EQ(question_of({"1", "", "", {{"problem", "How many?"}, {"answer", 4}}}), "How many?");
  EXPECT_EQ(question_of({"1", "", "", {{"question", "Which?"}, {"options", {"one", "two"}}}}),
            "Which?\nA. one\nB. two");
  EXPECT_EQ(question_of({"1", "", "", {{"steps", {1, 2}}}}), "");
  EXPECT_EQ(question_of({"1",
                         "",
                         "",
                         {{"dependencies", "import numpy"},
                          {"steps",
                           {{{"prompt", "Write f."}, {"solution", "hidden"}},
                            {{"prompt", "Write g with f."}, {"solution", "hidden"}}}}}}),
            "1. Write f.\n2. Write g with f.");
  EXPECT_EQ(question_of({"1", "", "", nullptr}), "");
}

}  // namespace
}  // namespace assay

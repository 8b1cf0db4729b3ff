// Answers that say the question again before they answer it.
#include <gtest/gtest.h>

#include <string>

#include "task/task_test.h"

namespace assay {
namespace {

class Restated : public TaskTest {};

// An answer may say the question again under a heading that is a stop string; lm-eval cuts there.
TEST_F(Restated, RestatedProblemsAreRead) {
  const Task& task = use("math500");
  const Json row = {
      {"problem", "Harold tosses a nickel 4 times. What is the probability of 2 heads?"},
      {"solution", "It is $\\boxed{\\frac{3}{8}}$."},
      {"answer", "\\frac{3}{8}"},
      {"subject", "Counting & Probability"},
      {"level", 1},
      {"unique_id", "test/1"}};
  const auto items = items_of(task, {row});
  const std::string said = row.at("problem").get<std::string>();
  const auto robust = [&](const std::string& output) {
    const Score score = score_of(task, items[0], {answered(output)});
    EXPECT_EQ(score.metrics.at("lm_eval"), 0);
    return score.metrics.at("robust");
  };
  EXPECT_EQ(robust("**Problem:** " + said + "\n\nIt is \\boxed{3/8}"), 1);
  EXPECT_EQ(robust("Problem: " + said + "\nThe answer is $3/8$."), 1);
  EXPECT_EQ(robust("Alright, let us see.\n\n### Problem: " + said + "\n\\boxed{0.375}"), 1);
  EXPECT_EQ(robust("Problem: Harold tosses his nickel 4 times; we want the probability that "
                   "exactly 2 are heads.\n\\boxed{\\frac38}"),
            1);
  EXPECT_EQ(robust("<think>Hm</think>Problem: " + said + "\n\\boxed{0.375}"), 1);
  EXPECT_EQ(robust("**Problem:** " + said + "\n\n\\boxed{5/8}"), 0);
  // What follows is another question, or comes behind an answer.
  EXPECT_EQ(robust("Problem: A die is rolled twice. Find the sum's mean.\n\\boxed{3/8}"), 0);
  EXPECT_EQ(robust("I do not know.\n\nProblem: What is $3/8$ of 1? \\boxed{3/8}"), 0);
  EXPECT_EQ(robust("It is $1/2$.\n\nProblem: " + said + "\n\\boxed{3/8}"), 0);
  EXPECT_EQ(robust("Problem: " + said + "\n\\boxed{1/2}\n\nProblem: Next one. \\boxed{3/8}"), 0);
}

TEST_F(Restated, RestatedQuestionsOfAimeAreRead) {
  const Task& task = use("aime24");
  const Json row = {{"ID", "x"}, {"Problem", "What is the sum of 2 and 3?"}, {"Answer", 5}};
  const auto items = items_of(task, {row});
  const auto robust = [&](const std::string& output) {
    return score_of(task, items[0], {answered(output)}).metrics.at("robust");
  };
  EXPECT_EQ(robust("**Question:** What is the sum of 2 and 3?\n\n\\boxed{5}"), 1);
  EXPECT_EQ(robust("**Question:** What is the sum of 2 and 3?\n\n\\boxed{6}"), 0);
  EXPECT_EQ(robust("</s>What is the sum of 2 and 3? \\boxed{6}\nQuestion: \\boxed{5}"), 0);
  EXPECT_EQ(robust("\\boxed{6}\nQuestion: What is the sum of 2 and 3?\n\\boxed{5}"), 0);
}

}  // namespace
}  // namespace assay

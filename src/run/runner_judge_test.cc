// Free answers that the baseline judges at the end.
#include <gtest/gtest.h>

#include "support/runner_fixture.h"

namespace assay {
namespace {

// What the baseline said as the judge, and what came of it, goes with it.
TEST_F(RunnerTest, AJudgeThatStartsOverJudgesAnew) {
  run_.tasks.clear();
  add_task("free", 2);
  run_.tasks[0].task = &free_task();
  script_.answer = [](const std::string&) { return std::string("right"); };
  ASSERT_EQ(go().value(), RunEnd::complete);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.metrics.at("robust"), 1);
  script_.answer = [](const std::string&) { return std::string("wrong"); };
  RunOptions options;
  options.start_over = {true, {"base"}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.metrics.at("robust"), 0) << s.id.variant << " " << s.id.item;
  }
}

TEST_F(RunnerTest, BaselineJudgesFreeAnswersOfAllAtTheEnd) {
  add_task("free", 2);
  run_.tasks.back().task = &free_task();
  script_.answer = [](const std::string& p) {
    if (p.starts_with("judge ")) return std::string(p == "judge free1 yes" ? "right" : "wrong");
    return std::string("yes");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.loads, 3);                  // each variant, and the baseline once more to judge
  EXPECT_EQ(script_.prompts.size(), 22U + 2U);  // both variants said the same
  EXPECT_EQ(script_.prompts.back(), "judge free1 yes");
  int judged = 0;
  for (const StoredScore& s : scores()) {
    if (s.id.task != "free") continue;
    ASSERT_EQ(s.score.outcome, Outcome::scored);
    EXPECT_EQ(s.score.metrics.at("robust"), s.id.item == "free1" ? 1 : 0);
    ++judged;
  }
  EXPECT_EQ(judged, 4);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 3);
}

TEST_F(RunnerTest, SecondPassIsJudgedToo) {
  run_.plan.compare.noise_floor = true;
  add_task("free", 2);
  run_.tasks.back().task = &free_task();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 33U + 2U);  // all three passes said the same
  const Store store = stored();
  for (const Purpose purpose : {Purpose::judgement, Purpose::second_pass_judgement}) {
    EXPECT_EQ(store.steps("base", purpose).value().size(), 2U) << to_string(purpose);
  }
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.variant;
}

// What the judge said of the same words is stored: a killed run, or another variant, asked it.
TEST_F(RunnerTest, AQuestionThatIsStoredIsNotPutToTheJudgeAgain) {
  add_task("free", 2);
  run_.tasks.back().task = &free_task();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 22U + 2U);
  RunOptions options;
  options.start_over = {true, {"quant"}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);  // its 11 items once more, no question
  EXPECT_EQ(script_.prompts.size(), 24U + 11U);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.item;
}

// The judge is restarted; the question that it dies of is left out, and asked by the next run.
TEST_F(RunnerTest, JudgeThatDiesIsRestartedAndAskedAgain) {
  add_task("free", 2);
  run_.tasks.back().task = &free_task();
  script_.max_in_flight = 1;
  script_.deadly = [](const std::string& p) { return p == "judge free1 yes"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 2);  // free1 of both variants
  script_.deadly = [](const std::string&) { return false; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 0);
}

}  // namespace
}  // namespace assay

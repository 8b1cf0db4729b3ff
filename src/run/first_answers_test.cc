// Whatever the first answers are like, nothing waits while nothing is in flight.
#include <gtest/gtest.h>

#include "support/runner_fixture.h"

namespace assay {
namespace {

class FirstAnswersTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    options_.budget_s = 100;  // a share of 48 s each, 10 of them for loading
    script_.answer = [this](const std::string& prompt) { return answered(prompt); };
    script_.refusal = [this](const std::string& prompt) {
      if (!refused_.contains(prompt) && !refuses_all_) return std::string();
      (void)answered(prompt);
      return std::string("refused");
    };
  }
  std::string answered(const std::string& prompt) {
    asked_by_answer_.push_back(script_.prompts.size());
    script_.output_tokens = empty_.contains(prompt) ? 0 : usual_tokens_;
    return "yes";
  }

  RunOptions options_;
  std::set<std::string> refused_;
  bool refuses_all_ = false;
  std::set<std::string> empty_;
  int usual_tokens_ = 5;
  std::vector<std::size_t> asked_by_answer_;  // how many were asked when an answer came
};

TEST_F(FirstAnswersTest, LogLikelihoodsAlone) {
  run_.tasks.clear();
  add_task("gpqa", 6);
  run_.tasks[0].task = &likelihood_task();
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 12U);
  EXPECT_NEAR(script_.clock.now().count(), 2 * 10 + 12 * 0.1, 0.01);  // it never idled
}

// Their pace is no pace of generated tokens: those are left out by none, and asked alone.
TEST_F(FirstAnswersTest, LogLikelihoodsBesideATaskThatAnswersNothing) {
  run_.tasks.clear();
  for (const char* name : {"gpqa", "gpqb", "gpqc"}) add_task(name, 2);
  for (ResolvedTask& task : run_.tasks) task.task = &likelihood_task();
  add_task("long", 4);
  run_.tasks.back().spec.max_gen_toks = 600;  // 120 s by the guess
  run_.plan.engine.args = {{"max_model_len", 1000}};
  usual_tokens_ = 0;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 20U);
}

// They come sooner than the other task's first answer, and take no lead by it.
TEST_F(FirstAnswersTest, LogLikelihoodsWaitForTheFirstOfTheOthers) {
  run_.tasks[0].task = &likelihood_task();
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  EXPECT_EQ(asked_by_answer_[0], 2U);
}

TEST_F(FirstAnswersTest, OneTokenEach) {
  usual_tokens_ = 1;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  // The first of both tasks; then the other seven, for which there is room.
  EXPECT_EQ(std::vector<std::size_t>(asked_by_answer_.begin(), asked_by_answer_.begin() + 3),
            (std::vector<std::size_t>{2, 2, 9}));
  EXPECT_NEAR(script_.clock.now().count(), 2 * 10 + 18 * 0.1, 0.01);
}

TEST_F(FirstAnswersTest, AllEmpty) {
  usual_tokens_ = 0;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  EXPECT_EQ(asked_by_answer_[2], 9U);
}

TEST_F(FirstAnswersTest, AllRefused) {
  refuses_all_ = true;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  EXPECT_NEAR(script_.clock.now().count(), 2 * 10, 0.01);
}

// A refusal tells nothing of the pace: the next is asked alone, then all that there is room for.
TEST_F(FirstAnswersTest, TheFirstOfEveryTaskRefused) {
  refused_ = {"a/a0/0", "b/b0/0"};
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  EXPECT_EQ(std::vector<std::size_t>(asked_by_answer_.begin(), asked_by_answer_.begin() + 4),
            (std::vector<std::size_t>{2, 2, 3, 9}));
}

TEST_F(FirstAnswersTest, OneTaskOfTwoAnswersNothing) {
  empty_ = {"a/a0/0", "a/a1/0", "a/a2/0", "a/a3/0", "a/a4/0", "a/a5/0"};
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
}

// The empty one took a second, so a token may: of answers of 10 tokens and a second for the prompt
// two fit beside each other into 37 s (1.15 * 22 s), not three (1.15 * 33 s), and none is cut off.
TEST_F(FirstAnswersTest, EmptyThenSlow) {
  run_.tasks.clear();
  run_.variants.pop_back();  // nobody's time may be borrowed
  run_.plan.variants.pop_back();
  options_.budget_s = 52;
  add_task("a", 20);
  empty_ = {"a/a0/0"};
  usual_tokens_ = 10;
  script_.token_s = 1;
  ASSERT_EQ(go(options_).value(), RunEnd::out_of_time);
  EXPECT_EQ(asked_by_answer_[1], 3U);
  EXPECT_EQ(script_.prompts.size(), asked_by_answer_.size());
}

TEST_F(FirstAnswersTest, TheFirstOfTheSecondPassRefused) {
  run_.plan.compare.noise_floor = true;
  script_.max_in_flight = 1;
  script_.answer = [this](const std::string& prompt) {  // it ends after the tasks
    if (script_.prompts.size() == 9) stop_ = true;
    return answered(prompt);
  };
  ASSERT_EQ(go(options_).value(), RunEnd::interrupted);
  stop_ = false;
  refused_ = {"a/a1/0", "b/b0/0"};
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 27U);
}

// What answers nothing tells no later variant how long answers take: 18 s by the guess, for which
// the third has no time, 0.9 s by the baseline's pace.
TEST_F(FirstAnswersTest, AVariantThatAnswersNothingHidesNoPace) {
  VariantSpec third;
  third.name = "third";
  third.model = "/models/third";
  run_.variants.push_back({third, third.model, "", "fp-third"});
  run_.plan.variants.push_back(third);
  for (ResolvedTask& task : run_.tasks) task.spec.max_gen_toks = 90;
  script_.load_s = 40;
  script_.token_s = 0.01;
  script_.answer = [this](const std::string&) {
    script_.output_tokens = script_.loads == 2 ? 0 : 5;
    return std::string("yes");
  };
  options_.budget_s = 135;  // 53 s of it are left for the third
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(scored_items("quant").size(), 9U);
  EXPECT_EQ(scored_items("third").size(), 9U);
}

// Nothing but outputs to read back, which by the guess take too long: one is read, and tells.
TEST_F(FirstAnswersTest, ReadingBackMeasures) {
  run_.plan.fidelity = {4, 3};
  script_.deadly_read_back = true;
  ASSERT_EQ(go().value(), RunEnd::complete);
  script_.deadly_read_back = false;
  script_.read_back.clear();
  guess_.prompt_token_s = 10;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.read_back.size(), 8U);
}

}  // namespace
}  // namespace assay

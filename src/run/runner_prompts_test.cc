// What is asked: templates, later steps, prompts that do not fit.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/runner_fixture.h"
#include "task/fields.h"

namespace assay {
namespace {

TEST_F(RunnerTest, LaterStepsCarryTheAnswersAndGoFirst) {
  set_steps(3);
  script_.max_in_flight = 1;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts[0], "a/a0/0");
  EXPECT_EQ(script_.prompts[1], "a/a0/1+yes");
  EXPECT_EQ(script_.prompts[2], "a/a0/2+yes+yes");
}

// A request's own seed outrules the engine's, which so must have a part in it.
TEST_F(RunnerTest, AVariantWithAnotherSeedDrawsOtherAnswers) {
  Task sampled = test_task();
  sampled.next = [](const Item& item, const std::vector<StepResult>& so_far,
                    const TaskContext& context) -> Result<NextRequest> {
    NextRequest request = TRY(test_task().next(item, so_far, context));
    if (request) request->sampling.temperature = 0.6;
    return request;
  };
  for (ResolvedTask& task : run_.tasks) task.task = &sampled;
  script_.max_in_flight = 1;
  run_.variants[1].spec.engine_args = {{"seed", 2}};
  ASSERT_EQ(go().value(), RunEnd::complete);
  const auto seed_of = [this](int variant) {
    auto at = std::ranges::find(script_.prompts, "a/a0/0");
    if (variant == 1) at = std::ranges::find(at + 1, script_.prompts.end(), "a/a0/0");
    return script_.seeds.at(static_cast<std::size_t>(at - script_.prompts.begin()));
  };
  EXPECT_EQ(seed_of(0), 0x3dc9d34eU & 0x7fffffffU);
  EXPECT_EQ(seed_of(1), 0x06db7f00U & 0x7fffffffU);
}

TEST_F(RunnerTest, LaterStepThatDoesNotFitIsNotSent) {
  set_steps(2);
  script_.answer = [](const std::string& p) {
    return p == "a/a0/0" ? std::string(90, 'x') : "yes";
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  const Store store = stored();
  const auto steps = store.steps({"base", "a", "a0"}).value();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[1].response_key, "");
}

TEST_F(RunnerTest, FirstPromptThatDoesNotFitEndsBeforeLoading) {
  Item renamed = run_.tasks[1].items[2];
  renamed.id = std::string(95, 'x');
  run_.tasks[1].items.set(2, renamed);
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::usage);
  EXPECT_EQ(end.error().why, "prompt and output need 109 tokens, max_model_len is 100");
  EXPECT_EQ(script_.loads, 0);
}

TEST_F(RunnerTest, ASystemMessageThatTheTemplateDropsEndsTheRunBeforeLoading) {
  run_.plan.chat.system = "Answer in Dutch.";
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::usage);
  EXPECT_EQ(end.error().what, "the model's chat template drops the plan's system message");
  EXPECT_EQ(end.error().why, "chat.system does not stand in the prompt of task a, item a0");
  EXPECT_EQ(script_.loads, 0);
}

TEST_F(RunnerTest, ASystemMessageThatStandsInEveryPromptIsFine) {
  run_.plan.chat.system = " /0\n";  // the end of every prompt of these tasks; templates trim it
  ASSERT_EQ(go().value(), RunEnd::complete);
}

// The prompt ends with "<think>", a2's with another family's marker: what was cut is a thought.
TEST_F(RunnerTest, AThoughtThatTheTemplateOpenedAndTheLimitCutIsNotClosed) {
  Task thinking = test_task();
  thinking.next = [](const Item& item, const std::vector<StepResult>& so_far,
                     const TaskContext&) -> Result<NextRequest> {
    if (!so_far.empty()) return std::nullopt;
    Request request;
    const std::string opens = item.id == "a2" ? "[THINK]" : "<think>";
    request.messages = {{"user", item.id + "<assistant>\n" + opens + "\n"}};
    request.sampling.max_tokens = 10;
    return request;
  };
  thinking.score = [](const ScoreInputs& in) {
    Score score;
    score.outcome = Outcome::scored;
    set_soundness(score, in.steps);
    score.detail = in.steps.front().response.text;
    score.metrics["robust"] = 0;
    return score;
  };
  for (ResolvedTask& task : run_.tasks) task.task = &thinking;
  script_.cut = [](const std::string& prompt) { return !prompt.starts_with("a1<"); };
  script_.answer = [](const std::string& prompt) {
    return std::string(prompt.starts_with("a0<") ? "so</think>7" : "maybe 7, but");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  for (int again = 0; again < 2; ++again) {
    for (const StoredScore& s : scores()) {
      // a0 closed its thought before it was cut, a1 was not cut.
      const bool open = s.id.item != "a0" && s.id.item != "a1";
      EXPECT_EQ(s.score.thinking_not_closed, open) << s.id.item;
      const std::string opened_by = s.id.item == "a2" ? "[THINK]" : "<think>";
      EXPECT_EQ(s.score.detail == opened_by + "\nmaybe 7, but", open) << s.score.detail;
    }
    Store store = Store::open(folder_, Store::Mode::write).value();  // the store has what came
    Progress progress(stderr, Progress::Style::silent, script_.clock);
    RunServices services{.store = store, .clock = script_.clock, .progress = progress};
    ASSERT_TRUE(rescore(run_, services));
  }
}

// Right where one token of each choice has no log-probability.
const Task& short_likelihood_task() {
  static const Task task = [] {
    Task t = likelihood_task();
    t.score = [](const ScoreInputs& in) {
      Score score;
      score.outcome = Outcome::scored;
      const auto& choices = in.steps.back().response.loglikelihoods;
      const bool short_by_one =
          std::ranges::all_of(choices, [](const LogLikelihood& l) { return l.missing == 1; });
      score.metrics["robust"] = choices.size() == 2 && short_by_one ? 1 : 0;
      return score;
    };
    return t;
  }();
  return task;
}

// The scripted engine answers for one token, and " A" has two.
TEST_F(RunnerTest, PositionsThatTheEngineLeftOutAreCounted) {
  run_.tasks[0].task = &short_likelihood_task();
  ASSERT_TRUE(go());
  for (const StoredScore& s : scores()) {
    if (s.id.task != "a") continue;
    EXPECT_EQ(s.score.metrics.at("robust"), 1) << s.id.item;
  }
}

}  // namespace
}  // namespace assay

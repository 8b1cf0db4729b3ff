#include "run/load_canary.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "support/scripted_run.h"

namespace assay {
namespace {

TEST(CanaryFault, IsNamedFromItsThresholdOn) {
  EXPECT_EQ(canary_fault({.answers = 8}), "");
  EXPECT_EQ(canary_fault({.answers = 8, .empty = 7}), "");
  EXPECT_EQ(canary_fault({.answers = 8, .empty = 8}), "8 of 8 answers are empty");
  EXPECT_EQ(canary_fault({.answers = 8, .looping = 5}), "");
  EXPECT_EQ(canary_fault({.answers = 8, .looping = 6}), "6 of 8 answers repeat themselves");
  EXPECT_EQ(canary_fault({.answers = 7, .not_numbers = 1}),
            "1 of its answers and readings hold a log-probability that is no number");
}

// A quarter of the positions is enough, and a handful of positions tells nothing.
TEST(CanaryFault, ACandidatePicksTheBaselinesTokens) {
  EXPECT_EQ(canary_fault({.answers = 8, .positions = 512, .agreed = 128}), "");
  EXPECT_EQ(canary_fault({.answers = 8, .positions = 512, .agreed = 127}),
            "it picks the baseline's token at 127 of 512 positions, fewer than 25 %");
  EXPECT_EQ(canary_fault({.answers = 8, .positions = 7, .agreed = 0}), "");
}

TEST(CanarySentence, SaysWhatWasSeen) {
  EXPECT_EQ(canary_sentence({.answers = 8}).en, "8 answers, none empty, none looping");
  EXPECT_EQ(canary_sentence({.answers = 8, .empty = 1, .positions = 400, .agreed = 386}),
            Text("8 answers, 1 empty, none looping; 96.5 % of the baseline's tokens",
                 "8 个回答，空回答 1 个，循环重复 0 个；与基线的 token 一致 96.5 %"));
}

const Task& yes_task() {
  static const Task task = [] {
    Task t;
    t.name = "yes";
    t.title = "Yes";
    t.next = [](const Item& item, const std::vector<StepResult>& so_far,
                const TaskContext&) -> Result<NextRequest> {
      if (!so_far.empty()) return std::nullopt;
      Request request;
      request.messages = {{"user", "item " + item.id}};
      request.sampling.max_tokens = 10;
      return request;
    };
    t.score = [](const ScoreInputs&) {
      Score score;
      score.outcome = Outcome::scored;
      score.metrics["robust"] = 1;
      return score;
    };
    return t;
  }();
  return task;
}

class LoadCanaryTest : public ScriptedRunTest {
 protected:
  void SetUp() override {
    ScriptedRunTest::SetUp();
    run_.plan.engine.args = {{"max_model_len", 1000}};
    run_.plan.canary = true;
    add_task("yes", 2, yes_task());
    add_variant("base");
    add_variant("quant");
  }

  Result<RunEnd> go(const RunOptions& options = {}) {
    stop_ = false;
    return ScriptedRunTest::go(options);
  }
  // Every prompt but those of items is of the canary.
  static bool of_canary(const std::string& prompt) { return !prompt.starts_with("item "); }
  [[nodiscard]] std::int64_t canary_prompts() const {
    return std::ranges::count_if(script_.prompts, of_canary);
  }
  [[nodiscard]] std::int64_t item_prompts() const {
    return static_cast<std::int64_t>(script_.prompts.size()) - canary_prompts();
  }
  // Answers of the canary, for the variant that is loaded.
  void answer_canary(const std::string& variant, const std::string& text) {
    script_.answer = [this, variant, text](const std::string& prompt) {
      return of_canary(prompt) && variant_ == variant ? text : std::string("yes");
    };
  }
  [[nodiscard]] std::string meta(const std::string& name) const {
    return stored().meta(name).value().value_or("");
  }
};

TEST_F(LoadCanaryTest, IsAskedBeforeAnythingElse) {
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(canary_prompts(), 16);
  EXPECT_TRUE(std::all_of(script_.prompts.begin(), script_.prompts.begin() + 8, of_canary));
  EXPECT_EQ(script_.read_back.size(), 8U);  // the candidate reads what the baseline answered
  const CanaryFigures quant = canary_from_json(nlohmann::json::parse(meta("canary:quant")));
  EXPECT_EQ(quant, (CanaryFigures{.answers = 8, .positions = 8, .agreed = 8}));
}

// Each run is interrupted at its first item, so the next one loads again.
TEST_F(LoadCanaryTest, IsNotAskedAgainOfAnEqualLoad) {
  keep_variants(1);
  add_items(run_.tasks[0], 4);
  script_.answer = [this](const std::string& prompt) {
    if (!of_canary(prompt)) stop_ = true;
    return std::string("yes");
  };
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  EXPECT_EQ(canary_prompts(), 8);
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  EXPECT_EQ(script_.loads, 2);
  EXPECT_EQ(canary_prompts(), 8);
  script_.kernels = {{.layer = "linear", .name = "Other"}};  // another load
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  EXPECT_EQ(canary_prompts(), 16);
}

TEST_F(LoadCanaryTest, MayBeOff) {
  run_.plan.canary = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(canary_prompts(), 0);
  EXPECT_EQ(meta("canary:base"), "");
}

TEST_F(LoadCanaryTest, EmptyAnswersEndTheRunBeforeAnItemIsAsked) {
  answer_canary("base", " \n");
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::environment);
  EXPECT_EQ(end.error().what, "the canary of variant base failed: 8 of 8 answers are empty");
  EXPECT_NE(end.error().why.find("the chat template"), std::string::npos) << end.error().why;
  EXPECT_EQ(item_prompts(), 0);
  EXPECT_EQ(meta("canary:base"), "");
  const Store store = stored();
  EXPECT_EQ(store.events().value().at(0).kind, "canary failed");
  EXPECT_EQ(store.response_count(), 0);
}

// What did not pass is asked again: the machine may have been mended.
TEST_F(LoadCanaryTest, WhatFailedIsAskedAnew) {
  script_.kernels = {{.layer = "linear", .name = "BrokenKernel"}};
  std::string loop;
  for (int i = 0; i < 100; ++i) loop += "ha ";
  answer_canary("quant", loop);
  auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().what,
            "the canary of variant quant failed: 8 of 8 answers repeat themselves");
  EXPECT_NE(end.error().why.find("BrokenKernel"), std::string::npos) << end.error().why;
  EXPECT_NE(end.error().why.find("begins \"ha ha"), std::string::npos) << end.error().why;
  answer_canary("none", "");
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(canary_prompts(), 24);  // the baseline has not been loaded again
}

TEST_F(LoadCanaryTest, ALogProbabilityThatIsNoNumber) {
  run_.plan.engine.args["tensor_parallel_size"] = 2;
  script_.refusal = [](const std::string& prompt) {
    return prompt.starts_with("Describe") ? std::string(kLogprobNotANumber) : std::string();
  };
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().what,
            "the canary of variant base failed: 1 of its answers and readings hold a "
            "log-probability that is no number");
  EXPECT_NE(end.error().why.find("all-reduce"), std::string::npos) << end.error().why;
}

TEST_F(LoadCanaryTest, ACandidateThatPicksOtherTokens) {
  script_.read = [](const Rendered::Scored& scored) {
    const std::size_t count =
        scored.tokens.size() - static_cast<std::size_t>(scored.continuation_start);
    std::vector<TokenLogprobs> positions(count, {7, -9.0, 4, {8}, {-0.1}});
    positions[0] = {7, -0.5, 1, {7}, {-0.5}};  // one of five
    return positions;
  };
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().what,
            "the canary of variant quant failed: it picks the baseline's token at 8 of 40 "
            "positions, fewer than 25 %");
}

// What cannot be asked is no fault: items are set aside one by one where the engine refuses them.
TEST_F(LoadCanaryTest, ARefusalIsNoFault) {
  script_.refusal = [](const std::string& prompt) {
    return of_canary(prompt) ? std::string("log-probabilities are not built in") : std::string();
  };
  EXPECT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(meta("canary:base"), "");
}

// An ill machine: whatever it is asked, the engine dies. That is no word on the model.
TEST_F(LoadCanaryTest, AnEngineThatDiesOfItIsDead) {
  script_.deadly = [](const std::string&) { return true; };
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().what, "the engine of base died 5 times");
  const Store store = stored();
  for (const StoredEvent& event : store.events().value()) EXPECT_EQ(event.kind, "engine died");
  EXPECT_EQ(store.scores().value().size(), 0U);
}

TEST_F(LoadCanaryTest, TheEngineThatTakesItsPlaceIsAskedAgain) {
  int deaths = 1;
  script_.deadly = [&deaths](const std::string& prompt) {
    return prompt.starts_with("Describe") && deaths-- > 0;
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 3);
  EXPECT_EQ(canary_prompts(), 24);
  EXPECT_EQ(item_prompts(), 4);
}

// Token times are known once it has passed, so all items may begin at once.
TEST_F(LoadCanaryTest, TellsThePaceBeforeTheFirstItem) {
  script_.max_in_flight = 20;
  add_items(run_.tasks[0], 20);
  ASSERT_EQ(go({.budget_s = 10000, .start_over = {}}).value(), RunEnd::complete);
  EXPECT_EQ(script_.most_running, 20U);
}

TEST_F(LoadCanaryTest, StartingOverForgetsIt) {
  ASSERT_EQ(go().value(), RunEnd::complete);
  RunOptions options;
  options.start_over = {.asked = true, .names = {"quant"}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(canary_prompts(), 24);
}

}  // namespace
}  // namespace assay

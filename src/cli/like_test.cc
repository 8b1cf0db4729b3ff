#include "cli/like.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>

#include "base/json.h"
#include "plan/frozen.h"
#include "store/graded_time.h"
#include "store/store.h"

namespace assay {
namespace {

class Like : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              fmt::format("assay_like_{}_{}",
                          testing::UnitTest::GetInstance()->current_test_info()->name(), getpid());
    std::filesystem::remove_all(folder_);
    for (const char* name : {"base", "quant"}) {
      frozen_.plan.variants.push_back({.name = name, .model = "m", .baseline = name[0] == 'b'});
      frozen_.variants.push_back({name, "m", "", "print", name[0] == 'b'});
    }
    TaskSpec spec;
    spec.name = spec.benchmark = "math500";
    spec.max_gen_toks = 512;
    frozen_.plan.tasks = {spec};
    FrozenTask task{.name = "math500", .title = "MATH-500"};
    task.kind = "generate";
    task.max_gen_toks = 512;
    task.metrics = {"robust"};
    for (int i = 0; i < 8; ++i) task.items.push_back({std::to_string(i), "", ""});
    frozen_.tasks = {task};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Two steps an item; the second of item i has 10 i tokens, the first 4. Of 8 items one flips.
  void write() {
    Store store = Store::open(folder_, Store::Mode::write).value();
    ASSERT_TRUE(store.set_meta("frozen", dump_json(to_json(frozen_))));
    ASSERT_TRUE(store.set_meta("frozen_hash", frozen_hash(frozen_)));
    LoadFacts facts;
    facts.load_s = 20;
    facts.work_s = 100;
    facts.generated_tokens = 3000;
    for (const char* variant : {"base", "quant"}) {
      const auto load = store.add_load(variant, 0, facts);
      ASSERT_TRUE(load);
      facts.load_s = 40;
      for (int i = 0; i < 8; ++i) put(store, variant, i, *load);
    }
    ASSERT_TRUE(store.flush());
  }
  void put(Store& store, const std::string& variant, int i, std::int64_t load) {
    const AnswerId id{variant, "math500", std::to_string(i), 0, Purpose::answer};
    for (int step = 0; step < 2; ++step) {
      Response response;
      response.token_ids.resize(static_cast<std::size_t>(step == 0 ? 4 : 10 * i), 1);
      const std::string key = fmt::format("{}-{}-{}", variant, i, step);
      ASSERT_TRUE(store.put_response(key, response, load));
      ASSERT_TRUE(store.put_step({id, step, key, prompts_ ? key : ""}));
      if (!prompts_) continue;
      // The steps of an item share its first two tokens, items share one of them.
      Rendered rendered;
      rendered.prompt_tokens = {1, 100 + i, 7 + step};
      if (step == 1) rendered.prompt_tokens.resize(13, 9);
      ASSERT_TRUE(store.put_rendered(key, rendered));
    }
    Score score;
    score.outcome = Outcome::scored;
    score.metrics["robust"] = variant == "quant" && i == 3 ? 0 : 1;
    ASSERT_TRUE(store.put_score({id, score}));
  }

  std::filesystem::path folder_;
  FrozenPlan frozen_;
  bool prompts_ = false;  // are in the store
};

TEST_F(Like, WhatAFolderMeasured) {
  write();
  const auto measured = measured_run(folder_);
  ASSERT_TRUE(measured) << measured.error().to_string();
  ASSERT_TRUE(measured->tasks.contains("math500"));
  EXPECT_DOUBLE_EQ(measured->tasks.at("math500").answer_tokens, 39);  // 4, and 35 on average
  EXPECT_EQ(measured->tasks.at("math500").max_gen_toks, 512);
  ASSERT_TRUE(measured->discordance);
  EXPECT_DOUBLE_EQ(*measured->discordance, 0.2);  // 1 of 8, and 1 of 2 more
  EXPECT_DOUBLE_EQ(measured->speed.load_s, 30);
  EXPECT_DOUBLE_EQ(measured->speed.tokens_per_s, 30);
}

TEST_F(Like, SettingsForWhatThePlanDoesNotSay) {
  write();
  const MeasuredRun measured = measured_run(folder_).value();
  Plan plan = frozen_.plan;
  EXPECT_EQ(
      settings_like(measured, plan, false),
      (std::vector<std::string>{"tasks.0.expected_tokens=39.0", "expected_discordance=0.2000"}));
  plan.tasks[0].max_gen_toks = 513;  // they might have become longer
  EXPECT_TRUE(settings_like(measured, plan, true).empty());
  plan.tasks[0].max_gen_toks = 100;
  plan.tasks[0].expected_tokens = 50;
  EXPECT_TRUE(settings_like(measured, plan, true).empty());
}

// Of an item's prompts 1 token and 11 are its own: 8 tokens' worth. 16 items of them in 200 s
// beside 6,000 output tokens make 30.64 a second; graders take half a second for an answer.
TEST_F(Like, PromptsAndGradingAreMeasured) {
  prompts_ = true;
  write();
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    ASSERT_TRUE(add_graded_time(store, "math500", {.answers = 3, .seconds = 1}));
    ASSERT_TRUE(add_graded_time(store, "math500", {.answers = 5, .seconds = 3}));
    ASSERT_TRUE(store.flush());
  }
  const MeasuredRun measured = measured_run(folder_).value();
  EXPECT_DOUBLE_EQ(measured.tasks.at("math500").prompt_tokens.value(), 12);
  EXPECT_DOUBLE_EQ(measured.tasks.at("math500").grading_s, 0.5);
  EXPECT_DOUBLE_EQ(measured.speed.tokens_per_s, 30.64);
  Plan plan = frozen_.plan;
  plan.tasks[0].expected_tokens = 50;
  EXPECT_EQ(settings_like(measured, plan, true),
            (std::vector<std::string>{"tasks.0.expected_prompt_tokens=12.0",
                                      "tasks.0.expected_grading_tokens=15.3"}));
  plan.tasks[0].expected_prompt_tokens = 1;
  plan.tasks[0].expected_grading_tokens = 1;
  EXPECT_TRUE(settings_like(measured, plan, true).empty());
}

TEST_F(Like, AFolderWithoutARunTellsNothing) {
  {
    ASSERT_TRUE(Store::open(folder_, Store::Mode::write));
  }
  const auto measured = measured_run(folder_);
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace assay

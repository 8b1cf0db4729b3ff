// Runs that a budget ends, and how it is shared.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "store/declarations.h"
#include "support/runner_fixture.h"

namespace assay {
namespace {

TEST_F(RunnerTest, ALoadThatTheDeadlineCutsIsNoFault) {
  script_.answer = [&](const std::string&) {
    script_.load_hangs = true;  // the next one
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 200;
  EXPECT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(scored_items("base").size(), 9U);
  EXPECT_EQ(scored_items("quant").size(), 0U);
  const Store store = stored();
  const double spent_s = std::strtod(store.meta("spent_s").value()->c_str(), nullptr);
  EXPECT_GT(spent_s, 190);  // the load that was cut, too
}

TEST_F(RunnerTest, BudgetGivesEachVariantTheSamePrefix) {
  run_.tasks.clear();
  add_task("a", 200);
  add_task("b", 100);
  script_.max_in_flight = 1;  // an answer takes 0.5 s; its worst case 10 tokens * 0.1 s
  RunOptions options;
  options.budget_s = 100;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 100);
  const auto base = scored_items("base");
  const auto quant = scored_items("quant");
  EXPECT_GT(base.size(), 40U);
  EXPECT_LT(base.size(), 100U);
  EXPECT_TRUE(std::includes(base.begin(), base.end(), quant.begin(), quant.end()));
  EXPECT_GT(quant.size() * 2, base.size());
  for (const std::string prefix : {"a", "b"}) {  // a prefix of each task, nothing skipped
    const auto count = std::count_if(base.begin(), base.end(),
                                     [&](const std::string& id) { return id.starts_with(prefix); });
    for (int i = 0; i < count; ++i) EXPECT_TRUE(base.contains(prefix + std::to_string(i)));
  }
}

// The limits first, then on in every task until the budget ends; each variant has the same items.
TEST_F(RunnerTest, UntilTheBudgetEnds) {
  run_.tasks.clear();
  add_task("a", 400);
  add_task("b", 300);
  for (ResolvedTask& task : run_.tasks) {
    task.spec.limit = 5;
    task.spec.goes_on = true;
  }
  run_.plan.until = Until::budget;
  run_.plan.budget_s = 100;
  script_.max_in_flight = 1;
  RunOptions options;
  options.budget_s = 100;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 100);
  EXPECT_GT(script_.clock.now().count(), 90);
  const auto base = scored_items("base");
  const auto quant = scored_items("quant");
  EXPECT_GT(base.size(), 40U) << "far beyond the limits";
  EXPECT_TRUE(std::includes(base.begin(), base.end(), quant.begin(), quant.end()));
  EXPECT_GT(quant.size() * 2, base.size());
  for (const std::string task : {"a", "b"}) {  // a prefix of each
    const auto count =
        std::ranges::count_if(base, [&](const std::string& id) { return id.starts_with(task); });
    EXPECT_GT(count, 5) << task;
    for (int i = 0; i < count; ++i) EXPECT_TRUE(base.contains(task + std::to_string(i)));
  }
  // The first ten are the limits', whatever the weights say of the rest.
  std::set<std::string> first_ten(script_.prompts.begin(), script_.prompts.begin() + 10);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(first_ten.contains(fmt::format("a/a{}/0", i)));
    EXPECT_TRUE(first_ten.contains(fmt::format("b/b{}/0", i)));
  }
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    EXPECT_EQ(store.meta("end").value(), "interrupted") << "until its caller says how it ended";
    EXPECT_FALSE(store.meta(kExtendedKey).value());
    ASSERT_TRUE(store.set_meta("end", "out_of_time") && store.flush());
  }
  // More time for a run that had ended is a longer sample, and that is remembered.
  options.budget_s = 150;
  run_.plan.budget_s = 150;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_GT(scored_items("base").size(), base.size());
  EXPECT_TRUE(stored().meta(kExtendedKey).value());
}

// Nobody asked for this item by name: it must not end a run that goes on to it.
TEST_F(RunnerTest, BeyondTheLimitAPromptThatDoesNotFitIsUnscored) {
  Item renamed = run_.tasks[0].items[4];
  renamed.id = std::string(95, 'x');
  run_.tasks[0].items.set(4, renamed);
  run_.tasks[0].spec.limit = 4;
  run_.tasks[0].spec.goes_on = true;
  run_.plan.until = Until::budget;
  RunOptions options;
  options.budget_s = 1000;
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.reason == reason::kPromptDoesNotFit, s.id.item == renamed.id) << s.id.item;
  }
  run_.tasks[0].spec.limit = 5;  // now it is asked for
  std::filesystem::remove_all(folder_);
  EXPECT_FALSE(go(options));
}

// By the guess of 0.2 s a token, 600 tokens never fit into a share of 48 s; measured, they do.
TEST_F(RunnerTest, AGuessLeavesNothingOut) {
  add_task("c", 3);
  add_task("long", 2);
  run_.plan.engine.args = {{"max_model_len", 1000}};
  run_.tasks.back().spec.max_gen_toks = 600;
  script_.token_s = 0.01;
  RunOptions options;
  options.budget_s = 100;
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(scored_items("base").size(), 14U);
  EXPECT_EQ(scored_items("quant").size(), 14U);
}

// Only long items: one is asked to learn the pace, and by that pace the others do not fit.
TEST_F(RunnerTest, WhatDoesNotFitByMeasureIsLeftOut) {
  run_.tasks.clear();
  add_task("long", 4);
  run_.plan.engine.args = {{"max_model_len", 1000}};
  run_.tasks.back().spec.max_gen_toks = 150;  // guessed at 30 s; 15 s by measure
  script_.max_in_flight = 1;
  script_.output_tokens = 150;
  RunOptions options;
  options.budget_s = 100;  // a share of 48 s, 10 of them for loading
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(scored_items("base"), (std::set<std::string>{"long0", "long1"}));
  EXPECT_EQ(scored_items("quant"), (std::set<std::string>{"long0", "long1"}));
}

// The load took most of the share, so not even the guess for one item fits: one is asked all the
// same, and its measure (15 s at worst) says that no other one will.
TEST_F(RunnerTest, ShortOfTimeOneItemMeasures) {
  run_.tasks.clear();
  add_task("long", 4);
  run_.plan.engine.args = {{"max_model_len", 1000}};
  run_.tasks.back().spec.max_gen_toks = 150;
  script_.load_s = 40;
  RunOptions options;
  options.budget_s = 100;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(scored_items("base"), (std::set<std::string>{"long0"}));
}

TEST_F(RunnerTest, UnderABudgetTheFirstOfEveryTaskMeasures) {
  run_.tasks.clear();
  add_task("a", 50);
  add_task("b", 3);
  run_.tasks[0].spec.max_gen_toks = 40;
  std::size_t asked_before_an_answer = 0;
  script_.answer = [&](const std::string&) {
    if (asked_before_an_answer == 0) asked_before_an_answer = script_.prompts.size();
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 300;
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(asked_before_an_answer, 2U);
  EXPECT_EQ(script_.prompts[0], "b/b0/0");  // the cheapest first
  EXPECT_EQ(script_.prompts[1], "a/a0/0");
}

// The second variant takes 5 s an item, the first 1 s: with equal shares 57 of it would have pairs.
// 600 s less the reserve of 18 and four loads of 5 are 562 s: 93 items of each.
TEST_F(RunnerTest, ASlowVariantGetsTheTimeForItsPairs) {
  run_.tasks.clear();
  run_.plan.tasks.clear();
  add_task("a", 400);
  script_.max_in_flight = 1;
  script_.load_s = 5;
  guess_.load_s = 5;
  script_.output_tokens = 10;
  script_.answer = [this](const std::string&) {
    script_.token_s = script_.loads % 2 == 1 ? 0.1 : 0.5;
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 600;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(script_.loads, 4);
  const auto answered = [&](const std::string& variant) {
    return 1.0 * static_cast<int>(std::ranges::count_if(scores(), [&](const StoredScore& s) {
             return s.id.variant == variant && s.score.reason != reason::kNotRun;
           }));
  };
  EXPECT_NEAR(answered("quant"), 93, 5);
  EXPECT_NEAR(answered("base"), answered("quant"), 3);
}

TEST_F(RunnerTest, SlowerVariantStopsEarlierNotWrong) {
  run_.tasks.clear();
  add_task("a", 300);
  script_.max_in_flight = 1;
  RunOptions options;
  options.budget_s = 100;
  script_.answer = [&](const std::string&) {
    if (script_.loads == 2) script_.token_s = 0.4;
    return std::string("yes");
  };
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 100);
  EXPECT_LT(scored_items("quant").size() * 2, scored_items("base").size());
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.metrics.at("robust"), 1);
}

// A load of 40 s, the next of 10: 116 s less these 40, 4 for the report and 26 for the next
// (between 40 and the guess of 12) leave 23 s of work for each, in answers of half a second. Were
// the load the baseline's own, 16 s.
TEST_F(RunnerTest, ASlowLoadIsEverybodysLoss) {
  run_.tasks.clear();
  add_task("a", 300);
  script_.max_in_flight = 1;
  script_.load_s = 40;
  script_.answer = [&](const std::string&) {
    script_.load_s = 10;
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 116;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 116);
  EXPECT_GE(scored_items("base").size(), 43U);
  EXPECT_LE(scored_items("base").size(), 46U);
  EXPECT_EQ(scored_items("quant"), scored_items("base"));
}

// 30 s of the budget went into a load that failed: 70 s are left to the same command.
TEST_F(RunnerTest, ALoadThatFailsHasSpentItsTime) {
  run_.tasks.clear();
  add_task("a", 300);
  script_.load_fails_after_s = 30;
  RunOptions options;
  options.budget_s = 100;
  ASSERT_FALSE(go(options));
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 100);
}

// What the baseline measured tells whether the next one has time to begin, not the slow guess.
TEST_F(RunnerTest, LaterVariantBeginsByThePaceSeen) {
  for (ResolvedTask& task : run_.tasks) task.spec.max_gen_toks = 90;  // 18 s by the guess
  script_.load_s = 40;
  script_.token_s = 0.01;
  RunOptions options;
  options.budget_s = 100;  // 59.6 s are left: enough for 40 + 2 * 0.9, not for 40 + 18
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(scored_items("quant").size(), 9U);
  EXPECT_LE(script_.clock.now().count(), 100);
}

TEST_F(RunnerTest, TooShortABudgetEndsAtOnceAndSaysTheLeast) {
  RunOptions options;
  options.budget_s = 20;
  const auto end = go(options);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::environment);
  EXPECT_EQ(end.error().what, "a budget of 20.0s is too short");
  EXPECT_TRUE(end.error().fix.starts_with("give it at least "));
  EXPECT_EQ(script_.starts, 0);
}

// Two variants that load for 120 s and answer 10 tokens, and 3 % of that for the report.
TEST_F(RunnerTest, TheLeastGoesByTheHardware) {
  guess_ = {.load_s = 120, .token_s = 0.05, .prompt_token_s = 0};
  RunOptions options;
  options.budget_s = 200;
  EXPECT_EQ(go(options).error().fix, "give it at least 4m 09s");
  options.spent_s = 7;
  EXPECT_EQ(go(options).error().what, "a budget of 3m 20s is too short");
  EXPECT_EQ(go(options).error().fix, "give it at least 4m 16s");
  options.budget_s = 257;
  EXPECT_EQ(go(options).value(), RunEnd::complete);
}

}  // namespace
}  // namespace assay

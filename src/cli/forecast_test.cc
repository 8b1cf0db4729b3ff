#include "cli/forecast.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

Plan plan_of(double budget_s, Until until) {
  Plan plan;
  plan.budget_s = budget_s;
  plan.until = until;
  plan.variants.resize(3);
  return plan;
}

// A budget of 1,000 s: 30 s are kept for the report, 3 loads of 90 s leave 700 s, a third of it is
// 233 s of work, which at 10 tokens a second is 2,333 tokens: 23 items of 100.
TEST(Forecast, LoadsAndTheReportAreNotWork) {
  const std::vector<GrowingTask> tasks = {{.items = 400, .least = 10, .cost = 100}};
  const ExpectedSpeed speed{.tokens_per_s = 10, .load_s = 90};
  const Forecast budget = forecast_of(plan_of(1000, Until::budget), tasks, speed, 3);
  EXPECT_EQ(budget.items, std::vector<std::int64_t>{23});
  EXPECT_EQ(budget.tokens, 2300);
  EXPECT_EQ(budget.work_s, 230);
  EXPECT_FALSE(budget.all);
  const Forecast limits = forecast_of(plan_of(1000, Until::limits), tasks, speed, 3);
  EXPECT_EQ(limits.items, std::vector<std::int64_t>{10});
  EXPECT_TRUE(limits.all);
  EXPECT_EQ(limits.work_s, 100);
  // A second pass of the baseline is a turn more: 175 s.
  EXPECT_EQ(forecast_of(plan_of(1000, Until::budget), tasks, speed, 4).items[0], 17);
}

// The 2,333 tokens as above; graders that take the time of 200 for an answer come to 11 of them.
TEST(Forecast, GradersThatTakeLongerThanTheEngineCount) {
  const std::vector<GrowingTask> tasks = {{.items = 400, .least = 10, .cost = 100, .grading = 200}};
  const ExpectedSpeed speed{.tokens_per_s = 10, .load_s = 90};
  const Forecast forecast = forecast_of(plan_of(1000, Until::budget), tasks, speed, 3);
  EXPECT_EQ(forecast.items, std::vector<std::int64_t>{11});
  EXPECT_EQ(forecast.tokens, 1100);
  EXPECT_EQ(forecast.work_s, 220);
  EXPECT_FALSE(forecast.all);
}

// 23 entries of 100 tokens, as above, of two items: one is asked 12 times and one 11 times.
TEST(Forecast, AUsedUpTaskIsAskedSeveralTimes) {
  const std::vector<GrowingTask> tasks = {{.items = 2, .least = 2, .cost = 100, .passes = 64}};
  const ExpectedSpeed speed{.tokens_per_s = 10, .load_s = 90};
  const Forecast forecast = forecast_of(plan_of(1000, Until::budget), tasks, speed, 3);
  EXPECT_EQ(forecast.items, std::vector<std::int64_t>{2});
  EXPECT_EQ(forecast.entries, std::vector<std::int64_t>{23});
  EXPECT_FALSE(forecast.all);
}

TEST(Forecast, WithoutABudgetTheLimitsAndWithTooShortAOneNothing) {
  const std::vector<GrowingTask> tasks = {{.items = 10, .least = 10, .cost = 100},
                                          {.items = 0, .least = 0}};
  const ExpectedSpeed speed{.tokens_per_s = 10, .load_s = 90};
  EXPECT_EQ(forecast_of(plan_of(0, Until::limits), tasks, speed, 3).items,
            (std::vector<std::int64_t>{10, 0}));
  EXPECT_EQ(forecast_of(plan_of(200, Until::limits), tasks, speed, 3).items,
            (std::vector<std::int64_t>{0, 0}));
}

Plan decided_plan(double budget_s) {
  Plan plan = plan_of(budget_s, Until::decided);
  plan.compare.margin_pp = 6;
  return plan;
}

// 356 pairs: 90 % power at 6 points with 10 % of flips (stats/looks_order_test.cc); its last look
// has 6/9 of 0.04, and 92.5 % power, so that a false WORSE before it may cost 2.5 %.
TEST(LooksForecast, TheTargetIsWhatThePowerNeeds) {
  const std::vector<GrowingTask> tasks = {{.items = 4000, .least = 10, .cost = 100}};
  const std::vector<LookTask> look_tasks(1);
  LooksForecast looks = looks_needed(decided_plan(1e6), tasks, look_tasks);
  EXPECT_EQ(looks.target, 356);
  EXPECT_EQ(looks.items, 356U);
  EXPECT_FALSE(looks.margin_pp);
  set_reached(decided_plan(1e6), tasks, {356}, look_tasks, looks);
  EXPECT_EQ(looks.pairs, 356);
  EXPECT_NEAR(looks.level, 0.04 * 6 / 9, 1e-12);
  EXPECT_NEAR(looks.power, 0.925, 0.002);
  EXPECT_NEAR(looks.power_of_all, 0.9081, 0.002);  // simulated: stats/looks_order_test.cc
}

// 200 pairs are beyond the look at 178, so the last one has its 6/9 alone.
TEST(LooksForecast, ABudgetThatEndsEarlierHasLessPower) {
  const std::vector<GrowingTask> tasks = {{.items = 4000, .least = 10, .cost = 100}};
  const std::vector<LookTask> look_tasks(1);
  LooksForecast looks = looks_needed(decided_plan(1000), tasks, look_tasks);
  set_reached(decided_plan(1000), tasks, {200}, look_tasks, looks);
  EXPECT_EQ(looks.pairs, 200);
  EXPECT_NEAR(looks.level, 0.04 * 6 / 9, 1e-12);
  EXPECT_LT(looks.power, 0.75);
  EXPECT_GT(looks.power, 0.5);
}

TEST(LooksForecast, SaysWhatMarginTheDataAllow) {
  const std::vector<GrowingTask> tasks = {{.items = 200, .least = 10, .cost = 100}};
  const LooksForecast looks = looks_needed(decided_plan(1e6), tasks, std::vector<LookTask>(1));
  EXPECT_EQ(looks.target, 200);
  ASSERT_TRUE(looks.margin_pp);
  EXPECT_NEAR(*looks.margin_pp, 8.3, 1e-9);  // 6 points times the root of 356/200 are 8.0
}

}  // namespace
}  // namespace assay

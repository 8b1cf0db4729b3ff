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

TEST(Forecast, WithoutABudgetTheLimitsAndWithTooShortAOneNothing) {
  const std::vector<GrowingTask> tasks = {{.items = 10, .least = 10, .cost = 100},
                                          {.items = 0, .least = 0}};
  const ExpectedSpeed speed{.tokens_per_s = 10, .load_s = 90};
  EXPECT_EQ(forecast_of(plan_of(0, Until::limits), tasks, speed, 3).items,
            (std::vector<std::int64_t>{10, 0}));
  EXPECT_EQ(forecast_of(plan_of(200, Until::limits), tasks, speed, 3).items,
            (std::vector<std::int64_t>{0, 0}));
}

}  // namespace
}  // namespace assay

#include "stats/power.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

// The formulas of power.h solved by scipy.optimize.brentq, restricted variance by maximising the
// likelihood numerically.
TEST(Power, SmallestDetectableDifference) {
  const auto drop = [](std::int64_t n, double psi) {
    return smallest_detectable_difference(n, {.discordance = psi}).value();
  };
  EXPECT_NEAR(drop(100, 0.1), 0.07781096935676608, 1e-9);
  EXPECT_NEAR(drop(50, 0.2), 0.15400286413586342, 1e-9);
  EXPECT_NEAR(drop(500, 0.05), 0.024812771704788992, 1e-9);
  EXPECT_NEAR(drop(30, 0), 0.19220502090493444, 1e-9);  // a drop of d needs d flips at least
  EXPECT_NEAR(drop(3, 0), 0.9910861243497366, 1e-9);
  EXPECT_FALSE(smallest_detectable_difference(2, {}));
  EXPECT_FALSE(smallest_detectable_difference(0, {}));
}

TEST(Power, ItemsForNonInferior) {
  const auto items = [](double psi, double difference, double margin) {
    return items_for_non_inferior(margin, difference, {.discordance = psi});
  };
  EXPECT_EQ(items(0.1, 0, 0.03), 717);       // 716.93
  EXPECT_EQ(items(0.05, -0.01, 0.03), 861);  // 860.12
  EXPECT_EQ(items(0.2, 0, 0.05), 507);       // 506.10
  EXPECT_EQ(items(0.02, 0, 0.03), 225);      // 224.79
  EXPECT_EQ(items(0, 0, 0.03), 99);          // 87.48 by the formula, but the exact p asks for 99
  EXPECT_FALSE(items(0.1, -0.03, 0.03));     // at the margin: never
  EXPECT_FALSE(items(0.1, -0.05, 0.03));
  // Twice the variance needs twice the items.
  EXPECT_EQ(items_for_non_inferior(0.03, 0, {.discordance = 0.1, .design_effect = 2}), 1434);
}

TEST(Power, ItemsForWorse) {
  EXPECT_EQ(items_for_worse(-0.03, {.discordance = 0.1}), 685);  // 684.86
  EXPECT_EQ(items_for_worse(-0.1, {.discordance = 0.2}), 122);   // 121.54
  EXPECT_FALSE(items_for_worse(0, {.discordance = 0.2}));
  EXPECT_FALSE(items_for_worse(0.02, {.discordance = 0.2}));
}

// sqrt(n m / (1 - m)) > 1.645 from 88; 0.97^98 = 0.0506, 0.97^99 = 0.0490; 2^-5 = 0.031.
TEST(Power, FewestItems) {
  EXPECT_EQ(fewest_items_tango(0.03, 0.05), 88);
  EXPECT_EQ(fewest_items_non_inferior(0.03, 0.05), 99);
  EXPECT_EQ(fewest_items_non_inferior(0.05, 0.05), 59);
  EXPECT_EQ(fewest_items_worse(0.05), 5);
  EXPECT_EQ(fewest_items_worse(0.1), 4);
}

TEST(Power, BestVerdict) {
  EXPECT_EQ(best_verdict(30, 0.03, 0.05).best, Verdict::inconclusive);
  EXPECT_TRUE(best_verdict(30, 0.03, 0.05).can_show_worse);
  EXPECT_EQ(best_verdict(30, 0.03, 0.05).items_needed, 99);
  EXPECT_EQ(best_verdict(98, 0.03, 0.05).best, Verdict::inconclusive);
  EXPECT_EQ(best_verdict(99, 0.03, 0.05).best, Verdict::non_inferior);
  EXPECT_FALSE(best_verdict(4, 0.03, 0.05).can_show_worse);
  EXPECT_EQ(best_verdict(0, 0.03, 0.05).best, Verdict::not_available);
}

}  // namespace
}  // namespace assay

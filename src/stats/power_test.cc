#include "stats/power.h"

#include <gtest/gtest.h>

#include <array>

#include "stats/pooled_power.h"

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

// Every table of n pairs enumerated with numpy and scipy: WORSE where McNemar's signed root is
// above 1.645 and its exact unconditional p below 0.05; the drop at which that is 80 in 100 by
// bisection.
TEST(Power, SmallestDetectableDropByEnumeration) {
  const auto drop = [](std::int64_t n, double psi) {
    return smallest_detectable_drop(n, {.discordance = psi}).value();
  };
  EXPECT_NEAR(drop(50, 0.1), 0.09404930894888253, 1e-8);
  EXPECT_NEAR(drop(50, 0.2), 0.14962482285923784, 1e-8);
  EXPECT_NEAR(drop(30, 0.1), 0.17619738335687885, 1e-8);
  EXPECT_NEAR(drop(20, 0.1), 0.2586352047382263, 1e-8);
  EXPECT_FALSE(smallest_detectable_drop(3, {.discordance = 0.1}));  // 5 are the fewest
  EXPECT_EQ(drop(101, 0.1), smallest_detectable_difference(101, {.discordance = 0.1}).value());
}

// The pooled table of docs/statistics.md, simulated: 43.0 % at 10 % flips, 27.3 % at 20 %.
TEST(Power, OfNonInferiorAgreesWithTheSimulation) {
  double inverse = 0;
  for (const double n : {30, 50, 200, 100, 50, 20, 20}) inverse += 1 / n;
  const auto power = [&](double psi) {
    return power_of_non_inferior(470, 0.03,
                                 {.discordance = psi, .design_effect = 470 * inverse / 49});
  };
  EXPECT_NEAR(power(0.1), 0.43, 0.01);
  EXPECT_NEAR(power(0.2), 0.273, 0.015);
  EXPECT_EQ(power_of_non_inferior(0, 0.03, {.discordance = 0.1}), 0);
  // items_for_non_inferior the other way round.
  EXPECT_NEAR(power_of_non_inferior(717, 0.03, {.discordance = 0.1}), 0.8, 0.0005);
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

// By hand: equal weights w = 1/2, 1/4 * (1/100 + 1/400) = 0.003125; N = 500, so a design effect of
// 1.5625. By items 1; by roots w = 1/3, 2/3: 1/900 + 4/3600 = 0.002222, 1.1111.
TEST(PooledPower, WeightsDecide) {
  const std::array<PlannedTask, 4> tasks{PlannedTask{"small", 1, 100}, PlannedTask{"large", 1, 400},
                                         PlannedTask{"left out", 0, 50}, PlannedTask{"unknown"}};
  const std::array<double, 1> flips{0.1};
  const auto power = pooled_power(tasks, flips, 0.03, 0.05);
  ASSERT_EQ(power.size(), 3U);
  const std::array<double, 3> effects{1.5625, 10.0 / 9, 1};
  for (std::size_t i = 0; i < 3; ++i) {
    const PowerAssumptions assume{.discordance = 0.1, .design_effect = effects.at(i)};
    EXPECT_NEAR(power[i].non_inferior, power_of_non_inferior(500, 0.03, assume), 1e-12);
    EXPECT_NEAR(power[i].detectable.value(), smallest_detectable_difference(500, assume).value(),
                1e-12);
  }
  EXPECT_EQ(largest_variance(tasks, WeightRule::equal).task, "small");
  EXPECT_NEAR(largest_variance(tasks, WeightRule::equal).share, 0.8, 1e-12);
  EXPECT_NEAR(largest_variance(tasks, WeightRule::items).share, 0.8, 1e-12);
  EXPECT_EQ(largest_variance(tasks, WeightRule::items).task, "large");
  EXPECT_TRUE(pooled_power({}, flips, 0.03, 0.05).empty());
  // Weighed by the sizes that may be reached: by the square roots of 100 and 400, as above, where
  // both have got 100. Variances (1/3)^2 / 100 and (2/3)^2 / 100: a design effect of 200 * 5 / 900.
  const std::array<PlannedTask, 2> partly{PlannedTask{"small", 1, 100, 100},
                                          PlannedTask{"large", 1, 100, 400}};
  for (const PooledPower& p : pooled_power(partly, flips, 0.03, 0.05)) {
    if (p.weights != WeightRule::square_root) continue;
    EXPECT_DOUBLE_EQ(
        p.non_inferior,
        power_of_non_inferior(
            200, 0.03, {.discordance = p.discordance, .alpha = 0.05, .design_effect = 10.0 / 9}));
  }
}

}  // namespace
}  // namespace assay

#include "stats/proportion.h"

#include <gtest/gtest.h>

#include <vector>

#include "support/paired_scores.h"

namespace assay {
namespace {

// statsmodels 0.15.0 proportion_confint(method='wilson').
TEST(Wilson, AgreesWithStatsmodels) {
  const auto check = [](double successes, double n, double confidence, double low, double high) {
    const Interval got = wilson_interval(successes, n, confidence);
    EXPECT_NEAR(got.low, low, kTight) << successes << "/" << n;
    EXPECT_NEAR(got.high, high, kTight) << successes << "/" << n;
  };
  check(0, 30, 0.95, 0, 0.1135133931739688);
  check(15, 50, 0.95, 0.19103553500880943, 0.437503504644534);
  check(15, 50, 0.90, 0.20593364691142887, 0.4145996274030791);
  check(50, 50, 0.95, 0.9286524008666412, 1);
  check(7, 20, 0.95, 0.18119182410108203, 0.5671457233147638);
  check(172, 200, 0.95, 0.8051011913429243, 0.9013301736654437);
  check(0, 0, 0.95, 0, 1);
}

// statsmodels 0.15.0 confint_proportions_2indep(method='newcomb', compare='diff'); the first two
// are Newcombe 1998's own examples (0.0524 to 0.3339 and 0.1705 to 0.8090).
TEST(Newcombe, AgreesWithStatsmodels) {
  const auto check = [](Proportion candidate, Proportion baseline, double low, double high) {
    const Interval got = newcombe_interval(baseline, candidate, 0.95);
    EXPECT_NEAR(got.low, low, kTight);
    EXPECT_NEAR(got.high, high, kTight);
  };
  check({56, 70}, {48, 80}, 0.05243147240236498, 0.33387265403690614);
  check({9, 10}, {3, 10}, 0.1705227239345029, 0.809017973535488);
  check({10, 10}, {0, 20}, 0.6790860371419145, 1);
  check({150, 200}, {140, 200}, -0.0374678636232514, 0.1364697478710339);
}

TEST(Newcombe, PInvertsTheBound) {
  const Proportion baseline{140, 200};
  const Proportion candidate{150, 200};
  const Interval ninety = newcombe_interval(baseline, candidate, 0.90);
  EXPECT_NEAR(newcombe_p_above(baseline, candidate, ninety.low), 0.05, kTight);
  EXPECT_NEAR(newcombe_p_below(baseline, candidate, ninety.high), 0.05, kTight);
  EXPECT_NEAR(newcombe_p_above(baseline, candidate, 0.05), 0.5, 1e-6);
  EXPECT_EQ(newcombe_p_above({0, 0}, candidate, 0), 1);
}

// 1 - C(n - c, k) / C(n, k) with Python's math.comb.
TEST(PassAtK, UnbiasedEstimate) {
  EXPECT_NEAR(pass_at_k(10, 3, 5).value(), 0.9166666666666666, kTight);
  EXPECT_NEAR(pass_at_k(200, 13, 10).value(), 0.4975511147306061, kTight);
  EXPECT_NEAR(pass_at_k(20, 1, 1).value(), 0.05, kTight);
  EXPECT_EQ(pass_at_k(5, 0, 3).value(), 0);
  EXPECT_EQ(pass_at_k(5, 3, 3).value(), 1);
  EXPECT_FALSE(pass_at_k(5, 3, 6));
  EXPECT_FALSE(pass_at_k(5, 3, 0));
  EXPECT_FALSE(pass_at_k(5, 6, 1));
}

// Two of the three items have five samples.
TEST(Proportion, TheMeanOfPassAtKIsOverItemsWithEnoughSamples) {
  const std::vector<Samples> items = {{10, 3}, {5, 0}, {2, 2}};
  EXPECT_NEAR(mean_pass_at_k(items, 5).mean, 0.9166666666666666 / 2, kTight);
  EXPECT_EQ(mean_pass_at_k(items, 5).items, 2);
  EXPECT_EQ(mean_pass_at_k(items, 11).items, 0);
  EXPECT_EQ(mean_pass_at_k(items, 11).mean, 0);
}
}  // namespace
}  // namespace assay

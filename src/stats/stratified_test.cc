#include "stats/stratified.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "stats/paired.h"

namespace assay {
namespace {

constexpr double kTight = 1e-9;

Stratum flips(double weight, double n, double to_wrong, double to_right) {
  Stratum stratum{weight, {}};
  if (to_wrong > 0) stratum.values.emplace_back(-1, to_wrong);
  if (n > to_wrong + to_right) stratum.values.emplace_back(0, n - to_wrong - to_right);
  if (to_right > 0) stratum.values.emplace_back(1, to_right);
  return stratum;
}

// One task of right/wrong items is Tango's case, unobserved flips included.
TEST(Stratified, OneBinaryStratumIsTango) {
  for (const auto& [n, down, up] :
       {std::array{30, 3, 1}, std::array{200, 6, 0}, std::array{50, 0, 0}, std::array{44, 0, 1},
        std::array{28, 14, 14}}) {
    const std::vector<Stratum> strata{flips(3, n, down, up)};
    const PairedCounts counts{n - down - up, down, up, 0};
    const Interval expected = tango_interval(counts, 0.95);
    const Interval got = stratified_interval(strata, 0.95);
    EXPECT_NEAR(got.low, expected.low, kTight) << n << " " << down << " " << up;
    EXPECT_NEAR(got.high, expected.high, kTight) << n << " " << down << " " << up;
    for (const double delta : {-0.2, -0.03, 0.0, 0.05}) {
      EXPECT_NEAR(stratified_statistic(strata, delta), tango_statistic(counts, delta), kTight);
    }
  }
}

// Equal tasks without a flip hold as much as their items taken together, less one each.
TEST(Stratified, EqualTasksWithoutFlipsAddUp) {
  const std::vector<Stratum> four(4, flips(1, 23, 0, 0));  // 22 degrees of freedom each
  EXPECT_NEAR(stratified_lower(four, 0.05), tango_lower({88, 0, 0, 0}, 0.05), kTight);
}

// The optimum's own equations (one multiplier a task for its probabilities, one for the difference,
// an unseen end of the scale with mass where its multiplier asks for it) solved to 40 digits by
// mpmath.findroot; scipy.optimize.minimize(method='SLSQP') over all cell probabilities finds the
// same optimum to its own 1e-8.
TEST(Stratified, StatisticAgreesWithNumericalOptimum) {
  const std::vector<Stratum> three{flips(1, 30, 3, 1), flips(1, 50, 2, 1), flips(2, 100, 5, 3)};
  EXPECT_NEAR(stratified_statistic(three, -0.03), -0.0709499305307953373, kTight);
  EXPECT_NEAR(stratified_statistic(three, 0), -1.3335904009220395, kTight);
  EXPECT_NEAR(stratified_statistic(three, -0.1), 2.41916506793452625, kTight);
  EXPECT_NEAR(stratified_statistic(three, 0.05), -2.9505917450340315, kTight);
  const std::vector<Stratum> graded{Stratum{1, {{-.5, 3}, {-.25, 2}, {0, 20}, {.25, 4}, {1, 1}}}};
  EXPECT_NEAR(stratified_statistic(graded, -0.03), 0.641431113669938557, kTight);
  EXPECT_NEAR(stratified_statistic(graded, -0.1), 1.82574185835055371, kTight);  // -1 has mass
  const std::vector<Stratum> unseen{flips(1, 30, 0, 0), flips(1, 50, 0, 2), flips(1, 200, 9, 4)};
  EXPECT_NEAR(stratified_statistic(unseen, 0.02), -1.07175455726901669, kTight);
}

TEST(Stratified, LimitsSolveTheStatistic) {
  const std::vector<Stratum> strata{flips(1, 30, 0, 0), flips(1, 50, 0, 2), flips(1, 200, 9, 4)};
  EXPECT_NEAR(stratified_p_above(strata, stratified_lower(strata, 0.05)), 0.05, 1e-8);
  EXPECT_NEAR(stratified_p_below(strata, stratified_upper(strata, 0.025)), 0.025, 1e-8);
  EXPECT_NEAR(stratified_difference(strata), (0.04 - 0.025) / 3, kTight);
}

// One stratum of 88 items without a flip: under a 3-point loss the likeliest distribution flips
// 3 % to wrong, and no flip among 88 has probability 0.97^88 = 0.0685, not the normal's 0.0495.
TEST(Stratified, SimulatedPKnowsTheStatisticsOwnDistribution) {
  const std::vector<Stratum> one{flips(1, 88, 0, 0)};
  EXPECT_NEAR(stratified_p_above(one, -0.03), 0.0495, 1e-4);
  const double standard_error = std::sqrt(0.0685 * 0.9315 / 5000);
  EXPECT_NEAR(stratified_simulated_p_above(one, -0.03, {5000, 1}), 0.0685, 4 * standard_error);
  EXPECT_EQ(stratified_simulated_p_above(one, -0.03, {500, 1}),
            stratified_simulated_p_above(one, -0.03, {500, 1}));
  // 12 losses of 30 and 8 of 20 have no counterpart in 1,000 draws of fair flips.
  const std::vector<Stratum> lost{flips(1, 30, 12, 0), flips(1, 20, 8, 0)};
  EXPECT_NEAR(stratified_simulated_p_below(lost, 0, {999, 1}), 0.001, 1e-12);
  EXPECT_EQ(stratified_simulated_p_below({}, 0, {999, 1}), 1);
}

TEST(Stratified, Edges) {
  EXPECT_EQ(stratified_interval({}, 0.95).low, -1);
  EXPECT_EQ(stratified_interval({}, 0.95).high, 1);
  EXPECT_EQ(stratified_statistic({}, 0), 0);
  const std::vector<Stratum> all_wrong{flips(1, 10, 10, 0)};
  EXPECT_EQ(stratified_interval(all_wrong, 0.95).low, -1);
  // Weight 0 and tasks without items take no part.
  const std::vector<Stratum> with_idle{flips(1, 30, 3, 1), flips(0, 30, 30, 0), Stratum{5, {}}};
  const std::vector<Stratum> alone{flips(1, 30, 3, 1)};
  EXPECT_EQ(stratified_lower(with_idle, 0.05), stratified_lower(alone, 0.05));
}

TEST(Stratified, CountsDistinctValues) {
  const Stratum stratum = make_stratum(2, std::array{0.5, -1.0, 0.0, 0.0, 0.5, 0.0});
  const std::vector<std::pair<double, double>> expected{{-1, 1}, {0, 3}, {0.5, 2}};
  EXPECT_EQ(stratum.values, expected);
  EXPECT_EQ(stratum.n(), 6);
  EXPECT_EQ(stratum.mean(), 0);
  EXPECT_EQ(stratum.mean_square(), 0.25);
}

}  // namespace
}  // namespace assay

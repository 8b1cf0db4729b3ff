#include "stats/stratified.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "stats/paired.h"
#include "support/paired_scores.h"

namespace assay {
namespace {

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

// The same at sizes where the multiplier of the constraint dwarfs, or is dwarfed by, the counts;
// the weight of an only task must not matter, nor may the statistic leave the numbers.
TEST(Stratified, OneLargeBinaryStratumIsTango) {
  for (const auto& [n, down, up] :
       {std::array{844, 0, 0}, std::array{1319, 60, 1}, std::array{1319, 1, 0},
        std::array{20000, 0, 0}, std::array{20000, 900, 500}, std::array{20000, 20000, 0},
        std::array{100000, 5, 2}, std::array{100000, 0, 100000}}) {
    const PairedCounts counts{n - down - up, down, up, 0};
    for (const double weight : {1.0, 1e-9, 1e300}) {
      const std::vector<Stratum> strata{flips(weight, n, down, up)};
      EXPECT_NEAR(stratified_lower(strata, 0.05), tango_lower(counts, 0.05), kTight) << n << down;
      EXPECT_NEAR(stratified_upper(strata, 0.05), tango_upper(counts, 0.05), kTight) << n << down;
      for (const double delta : {-0.2, -0.03, -0.0001, 0.0, 0.05}) {
        EXPECT_NEAR(stratified_statistic(strata, delta), tango_statistic(counts, delta),
                    1e-7 * (1 + std::abs(tango_statistic(counts, delta))))
            << n << " " << down << " " << delta;
      }
    }
  }
  // 60 flips to wrong and 1 to right: normal_cdf(-59 / sqrt(61)), by mpmath.
  const double p = stratified_p_below(std::vector{flips(1, 1319, 60, 1)}, 0);
  EXPECT_NEAR(p / 2.10760070576002493e-14, 1, kTight);
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

// By mpmath, 60 digits: the optimum's equations as stratified.h states them, mu and the multiplier
// each found by bisection.
TEST(Stratified, LargeStrataAgreeWithTheOptimum) {
  const std::vector<Stratum> unequal{flips(1, 12032, 900, 500), flips(1, 30, 3, 1),
                                     flips(1, 50, 3, 1), flips(1, 20, 2, 0)};
  EXPECT_NEAR(stratified_statistic(unequal, -0.03), -1.2612251370949082, kTight);
  EXPECT_NEAR(stratified_statistic(unequal, 0), -2.1544582893894395, kTight);
  EXPECT_NEAR(stratified_lower(unequal, 0.05), -0.112561675595335533, kTight);
  EXPECT_NEAR(stratified_upper(unequal, 0.05), -0.0206406000475552614, kTight);
  const std::vector<Stratum> graded{
      Stratum{1, {{-.75, 400}, {-.25, 1500}, {0, 16000}, {.25, 1600}, {.5, 500}}}};
  EXPECT_NEAR(stratified_statistic(graded, -0.03), 20.8540652872405208, kTight);
  EXPECT_NEAR(stratified_statistic(graded, 0), -1.0765722665720082, kTight);
  EXPECT_NEAR(stratified_statistic(graded, 0.02), -18.4011409088672119, kTight);
  const std::vector<Stratum> small_weight{flips(1, 20, 1, 0), flips(1e-9, 100000, 4000, 3000)};
  EXPECT_NEAR(stratified_statistic(small_weight, -0.03), -0.511046362073599909, kTight);
  EXPECT_NEAR(stratified_lower(small_weight, 0.05), -0.201312240215850217, kTight);
  EXPECT_NEAR(stratified_upper(small_weight, 0.05), 0.0808799584233205974, kTight);
  const std::vector<Stratum> large_weight{flips(1, 100000, 4000, 3000), flips(1e-9, 5, 1, 0)};
  EXPECT_NEAR(stratified_lower(large_weight, 0.05), -0.0113769609418165309, kTight);
  EXPECT_NEAR(stratified_upper(large_weight, 0.05), -0.00862609655931164082, kTight);
}

// n items of the same difference d: what a supposed value beyond d leaves to the unseen end -1 is
// u, with value d - (1 + d) u and variance (1 + d)^2 u (1 - u), so T = sqrt(n u / (1 - u)).
TEST(Stratified, TheSameDifferenceOnEveryItem) {
  const std::vector<Stratum> alike{Stratum{1, {{-0.1, 20000}}}};
  const double z = normal_quantile(0.95);
  EXPECT_NEAR(stratified_lower(alike, 0.05), -0.1 - 0.9 * z * z / (20000 + z * z), kTight);
  EXPECT_NEAR(stratified_upper(alike, 0.05), -0.1 + 1.1 * z * z / (20000 + z * z), kTight);
  EXPECT_NEAR(stratified_statistic(alike, -0.2), 50, kTight);  // u = 1/9: sqrt(20000 / 8)
  EXPECT_NEAR(stratified_statistic(alike, 0), -44.7213595499957939, kTight);  // u = 1/11
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
}

// 1 of 19 items lost in a task of half the weight, 25 lost and 12 won of 179 in the other: the
// small task's own distribution, and that of all items alike. numpy with scipy's brentq, 4,000
// draws each, gives 0.036 and 0.053.
TEST(Stratified, SimulatedPIsTheLargerOfOwnAndCommonDistributions) {
  const std::vector<Stratum> strata{flips(1, 19, 1, 0), flips(1, 179, 25, 12)};
  const double standard_error = std::sqrt(2 * 0.0527 * 0.9473 / 4000);
  EXPECT_NEAR(stratified_simulated_p_below(strata, 0, {4000, 1}), 0.0527, 3 * standard_error);
}

TEST(Stratified, SimulatedPIsNeverZero) {
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
  // A value of many decimals on every item: the estimate's own rounding is no difference.
  const std::vector<Stratum> alike{Stratum{1, {{-0.1, 700}}}, Stratum{2, {{-0.1, 1300}}}};
  EXPECT_EQ(stratified_statistic(alike, -0.1), 0);
  EXPECT_LT(stratified_lower(alike, 0.05), -0.1001);
  EXPECT_GT(stratified_upper(alike, 0.05), -0.0999);
  // Weights further apart than a double's digits, and beyond its range when added.
  const std::vector<Stratum> apart{flips(1e308, 30, 3, 1), flips(1e308, 50, 2, 1),
                                   flips(1e-308, 90, 90, 0)};
  const std::vector<Stratum> two{flips(1, 30, 3, 1), flips(1, 50, 2, 1)};
  EXPECT_NEAR(stratified_lower(apart, 0.05), stratified_lower(two, 0.05), kTight);
  // No number in, no number out, and no exception.
  EXPECT_TRUE(std::isnan(stratified_statistic(two, std::nan(""))));
  EXPECT_TRUE(std::isnan(stratified_lower(std::vector{flips(INFINITY, 30, 3, 1)}, 0.05)));
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

#include "stats/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "stats/exact.h"
#include "stats/holm.h"
#include "stats/normal.h"
#include "support/paired_scores.h"

namespace assay {
namespace {

PairedCounts table(std::int64_t n, std::int64_t to_wrong, std::int64_t to_right) {
  return {n - to_wrong - to_right, to_wrong, to_right, 0};
}

// Values of scipy.stats.norm (scipy 1.17.1): ppf, sf, cdf.
TEST(Normal, AgreesWithScipy) {
  EXPECT_NEAR(normal_quantile(0.95), 1.6448536269514722, kTight);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, kTight);
  EXPECT_NEAR(normal_quantile(0.8), 0.8416212335729143, kTight);
  EXPECT_NEAR(normal_quantile(1e-10), -6.361340902404056, kTight);
  EXPECT_NEAR(normal_tail(1) / 0.15865525393145707, 1, kTight);
  EXPECT_NEAR(normal_tail(10) / 7.61985302416047e-24, 1, kTight);
  EXPECT_NEAR(normal_cdf(-8) / 6.22096057427174e-16, 1, kTight);
}

// scipy.stats.binom.sf(k - 1, n, p).
TEST(Normal, BinomialTailAgreesWithScipy) {
  EXPECT_NEAR(binomial_tail(7, 20, 0.3), 0.3919901877990756, kTight);
  EXPECT_NEAR(binomial_tail(3, 500, 0.001), 0.014330797584368905, kTight);
  EXPECT_EQ(binomial_tail(0, 5, 0.2), 1);
  EXPECT_EQ(binomial_tail(6, 5, 0.2), 0);
}

struct TangoCase {
  std::int64_t n, to_wrong, to_right;
  double confidence, low, high;
};

// The first four to the digits their sources print:
// - Tango 1998, his example of lens disinfection (43, 1, 0, 0), 90 %: (-0.096, 0.037);
// - Newcombe, Statistics in Medicine 17 (1998) 2635-2650, 12 against 2 of 50: 0.0611 to 0.3447;
// - Fagerland, Lydersen, Laake, Statistics in Medicine 33 (2014) 2850-2875, airway
//   hyper-responsiveness, 1 against 7 of 21: (-0.517, -0.026);
// - the same authors' R package contingencytables, complete response, 6 against 16 of 161:
//   -0.1240 to -0.0054.
// Every digit: the restricted likelihood maximised and the statistic's roots found numerically by
// scipy.optimize.brentq (tolerance 1e-15), without the closed form the program uses.
constexpr TangoCase kTango[] = {
    {44, 1, 0, 0.90, -0.09566242639917165, 0.03651693841806403},
    {50, 12, 2, 0.95, -0.34470874828214876, -0.06111240618634395},
    {21, 7, 1, 0.95, -0.5172322764213774, -0.02600303248086853},
    {161, 6, 16, 0.95, 0.005433395731677081, 0.12402343246406784},
    {618, 25, 28, 0.90, -0.014834370322227635, 0.024715481837174067},
    {1144, 107, 132, 0.95, -0.004661329660356035, 0.04849455068807742},
    {160, 40, 20, 0.95, -0.2180642441668248, -0.03086453313308668},
    {30, 3, 1, 0.95, -0.2313942698038994, 0.08697273867705262},
    {50, 0, 0, 0.95, -0.07134759913335871, 0.07134759913335871},
    {1, 0, 0, 0.95, -0.7934506856227616, 0.7934506856227616},
    {28, 14, 14, 0.95, -0.3473374508541305, 0.3473374508541305},
    {30, 29, 1, 0.95, -0.9881828192367763, -0.666592180171816},
    {12000, 1000, 900, 0.95, -0.015460490472797944, -0.0012149964746739669},
};

TEST(Tango, IntervalAgreesWithPublishedExamplesAndBruteForce) {
  for (const TangoCase& c : kTango) {
    const Interval got = tango_interval(table(c.n, c.to_wrong, c.to_right), c.confidence);
    EXPECT_NEAR(got.low, c.low, kTight) << c.n << " " << c.to_wrong << " " << c.to_right;
    EXPECT_NEAR(got.high, c.high, kTight) << c.n << " " << c.to_wrong << " " << c.to_right;
  }
}

TEST(Tango, EndsOfTheRange) {
  const Interval all_wrong = tango_interval(table(30, 30, 0), 0.95);
  EXPECT_EQ(all_wrong.low, -1);
  EXPECT_NEAR(all_wrong.high, -0.7730, 1e-4);  // = -(n - z^2)/(n + z^2), the mirror of Wilson's
  EXPECT_EQ(tango_interval(table(30, 0, 30), 0.95).high, 1);
}

// The same brute force, statistic at a given difference.
TEST(Tango, Statistic) {
  EXPECT_NEAR(tango_statistic(table(21, 7, 1), -0.03), -1.9347831559252915, kTight);
  EXPECT_NEAR(tango_statistic(table(100, 3, 2), -0.03), 0.8254148865636676, kTight);
  EXPECT_NEAR(tango_statistic(table(100, 0, 5), -0.03), 2.8718326344709526, kTight);
  EXPECT_NEAR(tango_statistic(table(100, 5, 0), 0.1), -4.08248290463863, kTight);
  // At zero it is McNemar's (c - b) / sqrt(b + c).
  EXPECT_NEAR(tango_statistic(table(21, 7, 1), 0), -2.1213203435596424, kTight);
  EXPECT_EQ(tango_statistic(table(21, 0, 0), 0), 0);
}

TEST(Tango, PAndBoundAreTheSameStatement) {
  EXPECT_NEAR(tango_p_above(table(100, 3, 2), -0.03), 0.20456804308505405, kTight);
  EXPECT_NEAR(tango_p_below(table(21, 7, 1), 0), 0.016947426762344633, kTight);
  const PairedCounts counts = table(200, 6, 3);
  EXPECT_NEAR(tango_p_above(counts, tango_lower(counts, 0.05)), 0.05, kTight);
  EXPECT_NEAR(tango_p_below(counts, tango_upper(counts, 0.01)), 0.01, kTight);
}

// Without a discordant pair the bound at -3 points needs n > z^2 0.97 / 0.03 = 87.5.
TEST(Tango, EightyEightItemsWithoutAFlip) {
  EXPECT_GT(tango_lower(table(88, 0, 0), 0.05), -0.03);
  EXPECT_LT(tango_lower(table(87, 0, 0), 0.05), -0.03);
}

// statsmodels 0.15.0 mcnemar(exact=True); mid-p from scipy.stats.binom. 7 against 1 and 6 against
// 16 are the examples of Fagerland et al. 2013 (0.070 and 0.039; 0.0525 and 0.0347).
TEST(McNemar, AgreesWithStatsmodels) {
  EXPECT_NEAR(mcnemar_exact_p(7, 1), 0.0703125, kTight);
  EXPECT_NEAR(mcnemar_exact_p(6, 16), 0.052478790283203125, kTight);
  EXPECT_NEAR(mcnemar_exact_p(12, 2), 0.012939453125, kTight);
  EXPECT_NEAR(mcnemar_exact_p(40, 20), 0.01348929373119186, kTight);
  EXPECT_NEAR(mcnemar_exact_p(107, 132), 0.12037670033387106, kTight);
  EXPECT_EQ(mcnemar_exact_p(5, 5), 1);
  EXPECT_EQ(mcnemar_exact_p(0, 0), 1);
  EXPECT_NEAR(mcnemar_mid_p(7, 1), 0.0390625, kTight);
  EXPECT_NEAR(mcnemar_mid_p(6, 16), 0.03468966484069824, kTight);
  EXPECT_NEAR(mcnemar_mid_p(3, 0), 0.125, kTight);
  EXPECT_NEAR(mcnemar_mid_p(107, 132), 0.1063880629984733, kTight);
  EXPECT_EQ(mcnemar_mid_p(5, 5), 1);
  EXPECT_EQ(mcnemar_mid_p(0, 0), 1);
}

// No flip in n items: the likeliest way under a 3-point loss is p_down = 0.03 and nothing else.
TEST(Exact, NoFlipHasAClosedForm) {
  EXPECT_NEAR(exact_p_above(table(88, 0, 0), -0.03), std::pow(0.97, 88), 1e-12);
  EXPECT_NEAR(exact_p_above(table(99, 0, 0), -0.03), std::pow(0.97, 99), 1e-12);
  // Every item flips: 2^-n, at discordance 1.
  EXPECT_NEAR(exact_p_below(table(5, 5, 0), 0), 1.0 / 32, 1e-12);
}

// Probability of every table enumerated and summed over those at least as far out, maximised over
// the discordance by scipy.optimize.minimize_scalar(method='bounded', xatol 1e-12) around the best
// of 4,001 points.
TEST(Exact, AgreesWithEnumeration) {
  EXPECT_NEAR(exact_p_below(table(30, 3, 0), 0), 0.05011092205204301, kTight);
  EXPECT_NEAR(exact_p_below(table(50, 12, 2), 0), 0.0037496611709368576, kTight);
  EXPECT_NEAR(exact_p_above(table(40, 1, 6), -0.03), 0.013539679256237384, kTight);
  EXPECT_NEAR(exact_p_above(table(60, 2, 2), -0.1), 0.015449655430729172, kTight);
}

// The probabilities of all tables added up with scipy.stats.binom (scipy 1.17.1). At 5,000 items
// the normal bound alone claims too often, 5.06 % of the time at 3 % flips.
TEST(Exact, ManyItemsAgreeWithScipy) {
  const double z = normal_quantile(0.95);
  EXPECT_NEAR(exact_rejection_probability(88, -0.03, z, 0.03, 0), 0.06853503129613392, kTight);
  EXPECT_NEAR(exact_rejection_probability(5000, -0.03, z, 0.03, 0), 0.05058328411708811, kTight);
  EXPECT_NEAR(exact_rejection_probability(5000, -0.03, z, 0.065, 0.035), 0.04964927620366648,
              kTight);
  EXPECT_NEAR(exact_rejection_probability(14042, 0, 1.7, 0.01, 0.01), 0.044622993641122786, 1e-9);
  EXPECT_NEAR(exact_rejection_probability(100000, 0, 1.7, 0.002, 0.002), 0.04463610677915541, 1e-9);
}

// statsmodels 0.15.0 multipletests(method='holm').
TEST(Holm, AgreesWithStatsmodels) {
  const std::vector<double> got =
      holm_adjusted(std::vector<double>{0.2, 0.01, 0.01, 0.7, 0.04, 0.0001});
  const std::vector<double> expected{0.4, 0.05, 0.05, 0.7, 0.12, 0.0006};
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], kTight);
  const std::vector<double> four = holm_adjusted(std::vector<double>{0.01, 0.04, 0.03, 0.005});
  EXPECT_NEAR(four[0], 0.03, kTight);
  EXPECT_NEAR(four[1], 0.06, kTight);
  EXPECT_NEAR(four[2], 0.06, kTight);
  EXPECT_NEAR(four[3], 0.02, kTight);
  EXPECT_TRUE(holm_adjusted({}).empty());
}

}  // namespace
}  // namespace assay

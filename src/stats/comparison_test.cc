#include "stats/comparison.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "stats/comparison_parts.h"
#include "support/paired_scores.h"

namespace assay {
namespace {

// Interval and McNemar as in paired_test.cc (Fagerland et al. 2014, complete response).
TEST(ComparePairs, BinaryItems) {
  const PairedComparison c = compare_pairs(binary_pairs(59, 6, 16, 80), {});
  EXPECT_EQ(c.n, 161);
  EXPECT_EQ(c.method, Method::tango);
  EXPECT_NEAR(c.baseline_mean, 65.0 / 161, kTight);
  EXPECT_NEAR(c.candidate_mean, 75.0 / 161, kTight);
  EXPECT_NEAR(c.diff_pp, 1000.0 / 161, kTight);
  EXPECT_NEAR(c.interval_low_pp, 0.5433395731677081, 1e-7);
  EXPECT_NEAR(c.interval_high_pp, 12.402343246406784, 1e-7);
  EXPECT_NEAR(c.mcnemar_p.value(), 0.052478790283203125, kTight);
  EXPECT_NEAR(c.mcnemar_mid_p.value(), 0.03468966484069824, kTight);
  EXPECT_EQ(c.flips_to_wrong, 6);
  EXPECT_EQ(c.flips_to_right, 16);
  EXPECT_EQ(c.both_right, 59);
  EXPECT_EQ(c.both_wrong, 80);
  EXPECT_NEAR(c.discordance, 22.0 / 161, kTight);
  EXPECT_EQ(c.verdict, Verdict::non_inferior);
  const PairedComparison same = compare_counts({59, 6, 16, 80}, {});
  EXPECT_EQ(same.p_non_inferior, c.p_non_inferior);
  EXPECT_EQ(same.items_needed, c.items_needed);
  EXPECT_EQ(same.baseline_mean, c.baseline_mean);
}

TEST(ComparePairs, EachVerdict) {
  EXPECT_EQ(compare_counts({180, 20, 0, 0}, {}).verdict, Verdict::worse);
  EXPECT_EQ(compare_counts({100, 0, 0, 0}, {}).verdict, Verdict::non_inferior);
  EXPECT_EQ(compare_counts({30, 0, 0, 0}, {}).verdict, Verdict::inconclusive);
  EXPECT_EQ(compare_counts({990, 10, 0, 0}, {}).verdict, Verdict::worse_within_margin);
  const PairedComparison none = compare_pairs({}, {});
  EXPECT_EQ(none.verdict, Verdict::not_available);
  EXPECT_EQ(none.reason, "no item scored on both sides");
  EXPECT_EQ(none.n, 0);
}

// 3 flips to wrong of 30: the asymptotic p is 0.0416, the exact one 0.0501 (paired_test.cc).
TEST(ComparePairs, ExactPDecidesInSmallSamples) {
  const PairedComparison exact = compare_counts({27, 3, 0, 0}, {});
  EXPECT_NEAR(exact.p_worse, 0.0501109, 1e-6);
  EXPECT_EQ(exact.upper_bound_pp, 0);
  EXPECT_EQ(exact.verdict, Verdict::inconclusive);
  const PairedComparison asymptotic = compare_counts({27, 3, 0, 0}, {.exact_max_n = 0});
  EXPECT_NEAR(asymptotic.p_worse, 0.04163225833177519, kTight);  // normal_cdf(-sqrt(3))
  EXPECT_LT(asymptotic.upper_bound_pp, 0);
  EXPECT_EQ(asymptotic.verdict, Verdict::worse);
}

// DESIGN's 88 is Tango's bound; the exact p asks for 99 items.
TEST(ComparePairs, ItemsWithoutAFlip) {
  EXPECT_EQ(compare_counts({88, 0, 0, 0}, {.exact_max_n = 0}).verdict, Verdict::non_inferior);
  EXPECT_EQ(compare_counts({87, 0, 0, 0}, {.exact_max_n = 0}).verdict, Verdict::inconclusive);
  EXPECT_EQ(compare_counts({98, 0, 0, 0}, {}).verdict, Verdict::inconclusive);
  EXPECT_EQ(compare_counts({98, 0, 0, 0}, {}).lower_bound_pp, -3);
  EXPECT_EQ(compare_counts({98, 0, 0, 0}, {}).items_needed, 99);
  EXPECT_EQ(compare_counts({99, 0, 0, 0}, {}).verdict, Verdict::non_inferior);
  EXPECT_GT(compare_counts({99, 0, 0, 0}, {}).lower_bound_pp, -3);
}

TEST(ComparePairs, ItemsNeeded) {
  // At 10 % discordance and no true difference: 717 (power_test.cc).
  const PairedComparison few = compare_counts({85, 5, 5, 5}, {});
  EXPECT_EQ(few.verdict, Verdict::inconclusive);
  EXPECT_EQ(few.items_needed, 717);
  EXPECT_FALSE(few.items_needed_at_observed);
  EXPECT_NEAR(few.smallest_detectable_pp.value(), 7.5048794995382195, 1e-7);
  // With 800 items that is not the obstacle: the observed difference is.
  const PairedComparison many = compare_counts({700, 47, 33, 20}, {});
  EXPECT_EQ(many.verdict, Verdict::inconclusive);
  EXPECT_TRUE(many.items_needed_at_observed);
  EXPECT_GT(many.items_needed.value(), 800);
}

TEST(ComparePairs, GradedItemsUseTheBootstrap) {
  std::vector<PairedScore> pairs;
  for (int i = 0; i < 60; ++i) {
    const double base = (i % 5) / 4.0;
    pairs.push_back({base, i % 3 == 0 ? base * 0.5 : base});
  }
  const PairedComparison c = compare_pairs(pairs, {});
  EXPECT_EQ(c.method, Method::bootstrap);
  EXPECT_NEAR(c.baseline_mean, 0.5, kTight);
  EXPECT_NEAR(c.diff_pp, -100.0 / 12, 1e-6);  // a third of the items lose half of 0.5
  EXPECT_LT(c.interval_low_pp, c.diff_pp);
  EXPECT_GT(c.interval_high_pp, c.diff_pp);
  EXPECT_LT(c.interval_high_pp, 0);
  EXPECT_EQ(c.verdict, Verdict::worse);
  EXPECT_EQ(c.n, 60);
}

TEST(ComparePairs, RepeatsMakeAnItemGradedEvenAtWholeScores) {
  std::vector<PairedScore> pairs = binary_pairs(60, 5, 2, 33);
  pairs[0].repeats = 4;
  EXPECT_EQ(compare_pairs(pairs, {}).method, Method::bootstrap);
}

TEST(ComparePairs, FewOrConstantGradedItemsFallBackToMajority) {
  std::vector<PairedScore> few;
  few.reserve(19);
  for (int i = 0; i < 19; ++i) few.push_back({0.75, i < 4 ? 0.25 : 0.75, 4});
  const PairedComparison c = compare_pairs(few, {});
  EXPECT_EQ(c.method, Method::tango_majority);
  EXPECT_EQ(c.flips_to_wrong, 4);
  EXPECT_NEAR(c.diff_pp, -400.0 / 19, kTight);
  EXPECT_NEAR(c.mean_diff_pp, -200.0 / 19, kTight);

  const std::vector<PairedScore> constant(40, {0.75, 0.75, 4});
  const PairedComparison flat = compare_pairs(constant, {});
  EXPECT_EQ(flat.method, Method::tango_majority);
  EXPECT_EQ(flat.diff_pp, 0);
  EXPECT_EQ(flat.verdict, Verdict::inconclusive);
}

// No outcome flips, yet every score drops by 25 points.
TEST(ComparePairs, SameDropOnEveryItemIsSeen) {
  const PairedComparison many = compare_pairs(std::vector<PairedScore>(120, {0.875, 0.625, 4}), {});
  EXPECT_EQ(many.method, Method::stratified_score);
  EXPECT_NEAR(many.diff_pp, -25, kTight);
  EXPECT_EQ(many.verdict, Verdict::worse);
  const PairedComparison few =
      compare_pairs(std::vector<PairedScore>(18, {0.875, 0.625, 4}), {.margin_pp = 20});
  EXPECT_EQ(few.method, Method::tango_majority);
  EXPECT_NE(few.verdict, Verdict::non_inferior);
}

// One small change in 40 items: resampling alone would put the bound at a fraction of a point.
TEST(ComparePairs, OneSmallChangeProvesNothing) {
  std::vector<PairedScore> pairs(40, {1, 1, 4});
  pairs[7].candidate = 0.75;
  const PairedComparison c = compare_pairs(pairs, {});
  EXPECT_EQ(c.method, Method::bootstrap);
  EXPECT_LT(c.lower_bound_pp, -3);
  EXPECT_EQ(c.verdict, Verdict::inconclusive);
}

TEST(ComparePairs, RefusesWhatIsNoScore) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double bad : {nan, -0.1, 1.5}) {
    const PairedComparison c = compare_pairs({{1, 1}, {0, bad}}, {});
    EXPECT_EQ(c.verdict, Verdict::not_available);
    EXPECT_EQ(c.reason, "a score outside 0 to 1");
  }
}

// 1,500 items of 4 repeats, 60 of which drop from right to wrong: -4 points of 3 allowed, sd 0.196,
// so the loss is 7.9 standard errors from 0.
TEST(ComparePairs, LargeGradedTasksHaveNumbers) {
  std::vector<PairedScore> pairs(1500, {1, 1, 4});
  for (int i = 0; i < 60; ++i) pairs[static_cast<std::size_t>(i)].candidate = 0;
  const PairedComparison c = compare_pairs(pairs, {});
  EXPECT_EQ(c.verdict, Verdict::worse);
  EXPECT_LT(c.p_worse, 1e-3);  // a bootstrap's least p
  EXPECT_GT(c.p_non_inferior, 0.9);
}

// Nothing may be claimed, or left open, by a figure that is no number.
TEST(ComparePairs, NoNumberIsInvalid) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<PairedScore> graded(60, {0.5, 0.5, 4});
  for (std::size_t i = 0; i < 20; ++i) graded[i].candidate = 0.75;
  for (const PairedComparison& c :
       {compare_counts({180, 4, 4, 12}, {.margin_pp = nan}),
        compare_pairs(graded, {.margin_pp = nan}),
        compare_unpaired({48, 80}, {56, 70}, {.margin_pp = nan}),
        pool({{"t", 1, binary_pairs(180, 4, 4, 12)}}, {.margin_pp = nan}).overall}) {
    EXPECT_EQ(c.verdict, Verdict::invalid) << method_name(c.method);
    EXPECT_EQ(c.reason.find("not a number: p_non_inferior"), 0U) << c.reason;
    EXPECT_EQ(c.p_non_inferior, 1);
    EXPECT_EQ(c.p_non_inferior_adjusted, 1);
  }
  PairedComparison c = compare_counts({180, 4, 4, 12}, {});
  EXPECT_EQ(c.verdict, Verdict::non_inferior);
  c.interval_low_pp = nan;
  c.upper_bound_pp = -std::numeric_limits<double>::infinity();
  internal::finish(c, 1, {});
  EXPECT_EQ(c.verdict, Verdict::invalid);
  EXPECT_EQ(c.reason,
            "not a number: interval_low_pp");  // finish moves an upper bound of no claim to 0
  EXPECT_EQ(c.interval_low_pp, -100);
}

// Newcombe 1998: 56/70 against 48/80.
TEST(CompareUnpaired, NewcombeInterval) {
  const PairedComparison c = compare_unpaired({48, 80}, {56, 70}, {});
  EXPECT_EQ(c.method, Method::newcombe);
  EXPECT_NEAR(c.diff_pp, 20, kTight);
  EXPECT_NEAR(c.interval_low_pp, 5.243147240236498, 1e-7);
  EXPECT_NEAR(c.interval_high_pp, 33.387265403690614, 1e-7);
  EXPECT_FALSE(c.mcnemar_p);
  EXPECT_EQ(c.verdict, Verdict::non_inferior);
  EXPECT_EQ(compare_unpaired({0, 0}, {56, 70}, {}).verdict, Verdict::not_available);
  EXPECT_EQ(compare_unpaired({60, 80}, {30, 70}, {}).verdict, Verdict::worse);
}

TEST(AdjustFamily, HolmDecides) {
  // Alone each is WORSE (p 0.0041 and 0.0169 or a little more); with two that show nothing the
  // second needs p < 0.05 / 3.
  std::array<PairedComparison, 5> all{
      compare_counts({20, 9, 1, 0}, {}), compare_counts({13, 7, 1, 0}, {}),
      compare_counts({30, 0, 0, 0}, {}), compare_counts({30, 1, 1, 0}, {}), compare_pairs({}, {})};
  EXPECT_EQ(all[1].verdict, Verdict::worse);
  std::vector<PairedComparison*> family;
  family.reserve(all.size());
  for (PairedComparison& c : all) family.push_back(&c);
  adjust_family(family, {});
  EXPECT_EQ(all[0].verdict, Verdict::worse);
  EXPECT_NEAR(all[0].p_worse_adjusted, 4 * all[0].p_worse, kTight);  // N/A does not count
  EXPECT_EQ(all[1].verdict, Verdict::inconclusive);
  EXPECT_NEAR(all[1].p_worse_adjusted, 3 * all[1].p_worse, kTight);
  EXPECT_EQ(all[4].verdict, Verdict::not_available);
}

TEST(AdjustFamily, InvalidKeepsItsPlace) {
  std::array<PairedComparison, 2> all{compare_counts({20, 9, 1, 0}, {}),
                                      compare_counts({0, 30, 0, 0}, {})};
  mark_invalid(all[1], "truncated");
  EXPECT_EQ(all[1].verdict, Verdict::invalid);
  EXPECT_EQ(all[1].reason, "truncated");
  std::vector<PairedComparison*> family{&all[0], &all[1]};
  adjust_family(family, {});
  EXPECT_EQ(all[1].verdict, Verdict::invalid);
  EXPECT_NEAR(all[0].p_worse_adjusted, 2 * all[0].p_worse, kTight);
}

TEST(AdjustFamily, NoNumberIsInvalidAndKeepsItsPlace) {
  std::array<PairedComparison, 2> all{compare_counts({20, 9, 1, 0}, {}),
                                      compare_counts({100, 0, 0, 0}, {})};
  all[1].p_worse = std::numeric_limits<double>::quiet_NaN();
  std::vector<PairedComparison*> family{&all[0], &all[1]};
  adjust_family(family, {});
  EXPECT_EQ(all[1].verdict, Verdict::invalid);
  EXPECT_EQ(all[1].reason, "not a number: p_worse");
  EXPECT_NEAR(all[0].p_worse_adjusted, 2 * all[0].p_worse, kTight);
}

TEST(Verdicts, LabelsAndNames) {
  EXPECT_EQ(verdict_label(Verdict::non_inferior), "NON-INFERIOR");
  EXPECT_EQ(verdict_label(Verdict::worse_within_margin), "WORSE WITHIN MARGIN");
  EXPECT_EQ(verdict_label(Verdict::not_available), "N/A");
  for (const Verdict verdict : {Verdict::non_inferior, Verdict::worse, Verdict::worse_within_margin,
                                Verdict::inconclusive, Verdict::invalid, Verdict::not_available}) {
    EXPECT_EQ(verdict_label(verdict).find("equal"), std::string_view::npos);
    EXPECT_EQ(verdict_label(verdict).find("no loss"), std::string_view::npos);
  }
  EXPECT_EQ(verdict_name(Verdict::worse_within_margin), "worse_within_margin");
  EXPECT_EQ(verdict_words(Verdict::inconclusive).zh, "尚无定论");
  EXPECT_EQ(verdict_words(Verdict::worse).tone, Tone::bad);
}

TEST(Verdicts, Precedence) {
  EXPECT_EQ(decide({false, false, 0, 0, 0.05}), Verdict::not_available);
  EXPECT_EQ(decide({true, false, 0, 0, 0.05}), Verdict::invalid);
  EXPECT_EQ(decide({true, true, 0.01, 0.01, 0.05}), Verdict::worse_within_margin);
  EXPECT_EQ(decide({true, true, 0.9, 0.01, 0.05}), Verdict::worse);
  EXPECT_EQ(decide({true, true, 0.01, 0.9, 0.05}), Verdict::non_inferior);
  EXPECT_EQ(decide({true, true, 0.05, 0.05, 0.05}), Verdict::inconclusive);  // "above", not "at"
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(decide({true, true, nan, 0.01, 0.05}), Verdict::invalid);
  EXPECT_EQ(decide({true, true, 0.01, nan, 0.05}), Verdict::invalid);
}

}  // namespace
}  // namespace assay

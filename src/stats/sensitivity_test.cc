#include "stats/sensitivity.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "stats/comparison.h"
#include "support/paired_scores.h"

namespace assay {
namespace {

// statsmodels 0.15.0, proportion_confint(k, n, alpha=0.1, method="wilson")[0].
TEST(Sensitivity, WilsonLowerBound) {
  EXPECT_NEAR(score_at_least({9, 150}), 0.03523750467380757, kTight);
  EXPECT_NEAR(score_at_least({2, 30}), 0.02231217083333183, kTight);
  EXPECT_EQ(score_at_least({0, 150}), 0);
  EXPECT_EQ(score_at_least({0, 0}), 0);
  std::vector<double> whole(30, 0);
  whole[3] = whole[7] = 1;
  EXPECT_NEAR(score_at_least(whole, {}), 0.02231217083333183, kTight);
}

// One item of 60 at 0.9: 36 % of the resamples do not hold it, so their fifth in a hundred is 0;
// Wilson's bound would be 0.0016. Half of the items at 0.4 are well above 0.03.
TEST(Sensitivity, GradedScoresAreResampled) {
  std::vector<double> scores(60, 0);
  scores[5] = 0.9;
  EXPECT_EQ(score_at_least(scores, {}), 0);
  for (std::size_t i = 0; i < 30; ++i) scores[i] = 0.4;
  EXPECT_GT(score_at_least(scores, {}), 0.15);
  const std::vector<double> alike(50, 0.5);
  EXPECT_NEAR(score_at_least(alike, {}), 0.3867158596865054, kTight);  // Wilson's of 25 of 50
}

// The bound must pass guessing by the margin: 37 of 100 on four options is 29.5 % at least.
TEST(Sensitivity, AboveFloorAndMargin) {
  const auto verdict = [](int right, int wrong, double floor) {
    return compare_counts({right, 0, 0, wrong}, {.floor = floor}).verdict;
  };
  EXPECT_EQ(verdict(9, 141, 0), Verdict::non_inferior);
  EXPECT_EQ(verdict(7, 143, 0), Verdict::inconclusive);
  EXPECT_EQ(verdict(37, 63, 0.25), Verdict::non_inferior);
  EXPECT_EQ(verdict(35, 65, 0.25), Verdict::inconclusive);
  EXPECT_EQ(verdict(35, 65, 0), Verdict::non_inferior);
  const PairedComparison c = compare_counts({1, 0, 0, 149}, {});
  EXPECT_EQ(c.obstacle, Obstacle::no_sensitivity);
  EXPECT_EQ(c.p_non_inferior, 1);
  EXPECT_LT(c.p_non_inferior_without_obstacle, 0.05);
  EXPECT_FALSE(c.items_needed);
  // A loss that shows is a loss: 16 of 300 right, 15 of them lost.
  EXPECT_EQ(compare_counts({1, 15, 0, 284}, {}).verdict, Verdict::worse);
}

TEST(Sensitivity, ThePoolNeedsHalfOfItsWeight) {
  const PoolTask sound{"gsm8k", 1, binary_pairs(800, 0, 0, 200)};
  const PoolTask low{"aime24", 1, binary_pairs(1, 0, 0, 149)};
  EXPECT_EQ(pool({sound, low}, {}).overall.verdict, Verdict::non_inferior);
  EXPECT_EQ(pool({sound, low}, {}).insensitive, std::vector<std::string>{"aime24"});
  const PairedComparison c = pool({sound, low, {"hle", 1, {}}}, {}).overall;
  EXPECT_EQ(c.verdict, Verdict::inconclusive);
  EXPECT_EQ(c.reason, "no sensitivity in tasks of half the declared weight");
  EXPECT_EQ(pool({sound, low, {"hle", 0, {}}}, {}).overall.verdict, Verdict::non_inferior);
  EXPECT_EQ(low_baseline_text(c, 3), "");  // it is the weight that is missing
  // Wilson's bound of 1 of 150, one-sided 95 %: 0.00149.
  EXPECT_EQ(low_baseline_text(pool({low}, {}).overall, 3),
            "scores 0.7 %, 0.1 % at least; from 3.0 % on a loss of 3 points could show");
  const PoolTask guessing{"gpqa_diamond", 2, binary_pairs(60, 0, 0, 138), "", 0.25};
  EXPECT_EQ(pool({sound, guessing}, {}).overall.verdict, Verdict::inconclusive);
  // 60 of 1,000 lost: WORSE whatever the other task could show.
  const PoolTask loss{"gsm8k", 1, binary_pairs(740, 60, 0, 200)};
  EXPECT_EQ(pool({loss, low, {"hle", 1, {}}}, {}).overall.verdict, Verdict::worse);
}

// 92 of 150 to right and none to wrong; 9 to right and 3 to wrong are a gain one may believe.
TEST(Gain, BeyondBeliefIsNoPass) {
  std::array<PairedComparison, 3> all{compare_counts({58, 0, 92, 0}, {}),
                                      compare_counts({80, 3, 9, 58}, {}),
                                      compare_counts({150, 0, 0, 0}, {})};
  std::vector<PairedComparison*> rows{&all[0], &all[1], &all[2]};
  EXPECT_EQ(all[0].verdict, Verdict::non_inferior);
  find_gains(rows, {});
  EXPECT_LT(all[0].p_gain_adjusted, 1e-6);
  EXPECT_EQ(all[0].verdict, Verdict::inconclusive);
  EXPECT_EQ(all[0].reason, "gain beyond belief");
  EXPECT_LE(all[0].lower_bound_pp, -3);
  EXPECT_EQ(all[1].obstacle, Obstacle::none);
  adjust_family(rows, {});
  EXPECT_EQ(all[0].p_non_inferior_adjusted, 1);
  EXPECT_EQ(all[0].reason, "gain beyond belief");
  EXPECT_EQ(all[2].verdict, Verdict::non_inferior);
}

TEST(Gain, SpoilsItsPool) {
  PoolTask gain{"openbookqa", 1, binary_pairs(58, 0, 92, 0)};
  const PoolTask sound{"gsm8k", 1, binary_pairs(800, 0, 0, 200)};
  EXPECT_EQ(pool({gain, sound}, {}).overall.verdict, Verdict::non_inferior);
  gain.gain = true;
  const PairedComparison c = pool({gain, sound}, {}).overall;
  EXPECT_EQ(c.verdict, Verdict::inconclusive);
  EXPECT_EQ(c.reason, "gain beyond belief");
  EXPECT_LT(c.p_non_inferior_without_obstacle, 0.05);
}

// Graded items: half a point more on each of 40 of 60.
TEST(Gain, OfGradedItems) {
  std::vector<PairedScore> pairs(60, {0.25, 0.25, 4});
  for (std::size_t i = 0; i < 40; ++i) pairs[i].candidate = 0.75;
  PairedComparison c = compare_pairs(pairs, {});
  std::vector<PairedComparison*> rows{&c};
  find_gains(rows, {});
  EXPECT_EQ(c.obstacle, Obstacle::gain);
  PairedComparison unpaired = compare_unpaired({400, 1000}, {600, 1000}, {});
  rows = {&unpaired};
  find_gains(rows, {});
  EXPECT_EQ(unpaired.obstacle, Obstacle::gain);
}

// With one task there is one hypothesis: the pool is the task, exact p and all.
TEST(Pool, OfOneTaskIsTheTask) {
  const auto pairs = binary_pairs(60, 5, 0, 35);
  const PairedComparison task = compare_pairs(pairs, {});
  const PairedComparison pooled = pool({{"only", 7, pairs}}, {}).overall;
  EXPECT_EQ(pooled.verdict, task.verdict);
  EXPECT_EQ(pooled.method, task.method);
  EXPECT_EQ(pooled.p_worse, task.p_worse);
  EXPECT_EQ(pooled.p_non_inferior, task.p_non_inferior);
  EXPECT_EQ(pooled.lower_bound_pp, task.lower_bound_pp);
}

}  // namespace
}  // namespace assay

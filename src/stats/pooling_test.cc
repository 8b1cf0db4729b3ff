#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "stats/comparison.h"
#include "stats/normal.h"
#include "support/paired_scores.h"

namespace assay {
namespace {

// A task alone and its pool are the same test where nothing is computed exactly.
TEST(Pool, OneLargeTaskIsTheTask) {
  const CompareOptions asymptotic{.exact_max_n = 0};
  const PooledComparison loss = pool({{"gsm8k", 1, binary_pairs(755, 60, 1, 503)}}, asymptotic);
  EXPECT_EQ(loss.overall.verdict, Verdict::worse);
  EXPECT_NEAR(loss.overall.p_worse / 2.10760070576002493e-14, 1, kTight);  // stratified_test.cc
  const PooledComparison alike = pool({{"gsm8k", 1, binary_pairs(791, 1, 0, 527)}}, asymptotic);
  EXPECT_EQ(alike.overall.verdict, Verdict::non_inferior);
  EXPECT_NEAR(alike.overall.p_non_inferior / normal_tail(6.22559330758116573), 1, kTight);
  EXPECT_NEAR(alike.overall.lower_bound_pp, -0.339105001442203147, 1e-7);
}

TEST(Pool, OneTaskOfWholeScoresIsTango) {
  const PooledComparison pooled = pool({{"only", 3, binary_pairs(59, 6, 16, 80)}}, {});
  EXPECT_NEAR(pooled.overall.interval_low_pp, 0.5433395731677081, 1e-7);
  EXPECT_NEAR(pooled.overall.interval_high_pp, 12.402343246406784, 1e-7);
  EXPECT_EQ(pooled.overall.method, Method::tango);
}

TEST(Pool, WeighsTasksNotItems) {
  const PooledComparison pooled = pool({{"small", 1, binary_pairs(15, 3, 1, 1)},
                                        {"large", 1, binary_pairs(180, 4, 8, 8)},
                                        {"gone", 1, {}}},
                                       {});
  EXPECT_NEAR(pooled.overall.diff_pp, 0.5 * (-10 + 2), kTight);
  EXPECT_NEAR(pooled.overall.baseline_mean, 0.5 * (18.0 / 20 + 184.0 / 200), kTight);
  EXPECT_EQ(pooled.overall.n, 220);
  EXPECT_EQ(pooled.overall.flips_to_wrong, 7);
  EXPECT_EQ(pooled.overall.flips_to_right, 9);
  ASSERT_EQ(pooled.tasks.size(), 2U);
  EXPECT_EQ(pooled.tasks[0].weight, 0.5);
  EXPECT_NEAR(pooled.tasks[1].diff_pp, 2, kTight);
  EXPECT_EQ(pooled.left_out, std::vector<std::string>{"gone"});
  // Scale of the weights does not matter, their ratio does.
  const PooledComparison by_items = pool(
      {{"small", 20, binary_pairs(15, 3, 1, 1)}, {"large", 200, binary_pairs(180, 4, 8, 8)}}, {});
  EXPECT_NEAR(by_items.overall.diff_pp, 200.0 / 220, kTight);
}

TEST(Pool, OnlyTheRatioOfWeightsMatters) {
  const auto with = [](double weight) {
    return pool({{"a", weight, binary_pairs(15, 3, 1, 1)},
                 {"b", weight, binary_pairs(180, 4, 8, 8)},
                 {"c", weight, binary_pairs(40, 2, 2, 6)}},
                {})
        .overall;
  };
  const PairedComparison ones = with(1);
  for (const double weight : {1e-300, 1e308}) {
    const PairedComparison c = with(weight);
    EXPECT_NEAR(c.baseline_mean, ones.baseline_mean, kTight);
    EXPECT_NEAR(c.lower_bound_pp, ones.lower_bound_pp, kTight);
    EXPECT_NEAR(c.p_worse, ones.p_worse, kTight);
    EXPECT_EQ(c.items_needed, ones.items_needed);
  }
}

TEST(Pool, SmallTasksTogetherCanDecide) {
  std::vector<PoolTask> tasks;
  for (const int n : {30, 50, 200, 100, 50, 20, 20}) {
    tasks.push_back({"task", 1, binary_pairs(n, 0, 0, 0)});
  }
  EXPECT_EQ(pool(tasks, {}).overall.verdict, Verdict::non_inferior);
  EXPECT_EQ(pool({}, {}).overall.verdict, Verdict::not_available);
}

// 150 empty answers on both sides (or a candidate that gains) have not shown that nothing is lost.
TEST(Floor, NothingToLoseIsNeverNonInferior) {
  std::vector<PairedScore> graded(150, {0, 0, 4});
  for (std::size_t i = 0; i < 20; ++i) graded[i].candidate = 0.5;
  for (const PairedComparison& c :
       {compare_counts({0, 0, 0, 150}, {}), compare_counts({0, 0, 60, 90}, {}),
        compare_pairs(graded, {}), compare_unpaired({0, 1500}, {0, 1500}, {}),
        pool({{"t", 1, binary_pairs(0, 0, 0, 150)}, {"u", 1, binary_pairs(0, 0, 9, 150)}}, {})
            .overall}) {
    EXPECT_EQ(c.verdict, Verdict::inconclusive) << method_name(c.method);
    EXPECT_EQ(c.reason, "no sensitivity");
    EXPECT_EQ(c.p_non_inferior, 1);
    EXPECT_LE(c.lower_bound_pp, -3);
    EXPECT_FALSE(c.items_needed);  // no number of them would do
    EXPECT_FALSE(c.smallest_detectable_pp);
  }
}

TEST(Floor, CountsAsOneInItsFamily) {
  std::array<PairedComparison, 2> all{compare_counts({0, 0, 0, 150}, {}),
                                      compare_counts({150, 0, 0, 0}, {})};
  std::vector<PairedComparison*> family{&all[0], &all[1]};
  adjust_family(family, {});
  EXPECT_EQ(all[0].verdict, Verdict::inconclusive);
  EXPECT_EQ(all[0].p_non_inferior_adjusted, 1);
  EXPECT_EQ(all[1].verdict, Verdict::non_inferior);
  EXPECT_NEAR(all[1].p_non_inferior_adjusted, 2 * all[1].p_non_inferior, kTight);
}

// 40 of 1,000 lost: -4 points alone; with 300 items that nobody answers, -2.
TEST(Floor, DoesNotDiluteThePool) {
  const PoolTask sound{"gsm8k", 1, binary_pairs(840, 40, 0, 120)};
  const PoolTask floor{"math500", 1, binary_pairs(0, 0, 0, 300)};
  const PairedComparison diluted = pool({sound, floor}, {}).overall;
  const PairedComparison alone = pool({sound}, {}).overall;
  EXPECT_NEAR(diluted.diff_pp, -2, kTight);
  EXPECT_EQ(diluted.p_non_inferior, alone.p_non_inferior);
  EXPECT_EQ(diluted.lower_bound_pp, alone.lower_bound_pp);
  EXPECT_EQ(diluted.verdict, Verdict::worse);
  EXPECT_EQ(diluted.reason, "");
  // 50 items without a flip show nothing (99 are needed); 300 unanswered ones must not help them.
  const PairedComparison few =
      pool({{"aime24", 1, binary_pairs(30, 0, 0, 20)}, floor, {"hle", 0, floor.pairs}}, {}).overall;
  EXPECT_EQ(few.verdict, Verdict::inconclusive);
  EXPECT_EQ(few.reason, "must hold without math500 (no sensitivity)");
  EXPECT_EQ(few.items_needed, 99);
  // Where the rest holds by itself the verdict stands.
  const PairedComparison enough =
      pool({{"gsm8k", 1, binary_pairs(840, 0, 0, 160)}, floor}, {}).overall;
  EXPECT_EQ(enough.verdict, Verdict::non_inferior);
  EXPECT_EQ(enough.reason, "");
}

}  // namespace
}  // namespace assay

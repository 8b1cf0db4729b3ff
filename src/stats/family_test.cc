#include "stats/family.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/paired_scores.h"

namespace assay {
namespace {

std::vector<CandidateComparison> candidates_of(std::vector<std::vector<PoolTask>> tasks) {
  std::vector<CandidateComparison> out;
  out.reserve(tasks.size());
  for (std::vector<PoolTask>& of_one : tasks) out.push_back({std::move(of_one), {}, {}});
  return out;
}

// 17 to wrong and 6 to right of 400: p_worse is 0.011, below 0.05 alone and above 0.05 / 10.
const std::vector<PairedScore> kSmallLoss = binary_pairs(300, 17, 6, 77);

TEST(Family, OneTaskIsOneTest) {
  auto all = candidates_of({{{"only", 1, kSmallLoss}}, {{"only", 1, kSmallLoss}}});
  EXPECT_EQ(compare_family(all, {}), 1);
  for (const CandidateComparison& one : all) {
    EXPECT_EQ(one.rows[0].verdict, Verdict::worse);
    EXPECT_EQ(one.rows[0].verdict, one.pooled.overall.verdict);
    EXPECT_EQ(one.rows[0].p_worse_adjusted, one.pooled.overall.p_worse);
    EXPECT_NEAR(one.rows[0].interval_confidence, 0.9, 1e-12);
  }
}

// A weight of 0 leaves one task in the pool: that row repeats it, the others are a family of one.
TEST(Family, TasksOutsideThePoolAreTheFamily) {
  auto all = candidates_of({{{"only", 1, kSmallLoss}, {"hle", 0, binary_pairs(90, 9, 0, 1)}}});
  EXPECT_EQ(compare_family(all, {}), 1);
  EXPECT_EQ(all[0].rows[0].verdict, all[0].pooled.overall.verdict);
  EXPECT_EQ(all[0].rows[1].verdict, Verdict::worse);
}

// Ten tests share alpha: the row's interval and detectable drop are at 0.005, the pool's at 0.05.
TEST(Family, OneLevelInEveryFigure) {
  std::vector<PoolTask> tasks{{"loss", 1, kSmallLoss}};
  for (int t = 0; t < 9; ++t) tasks.push_back({"same", 1, binary_pairs(80, 2, 2, 16)});
  tasks.push_back({"not run", 1, {}});
  auto all = candidates_of({tasks});
  EXPECT_EQ(compare_family(all, {}), 10);
  const PairedComparison& loss = all[0].rows[0];
  EXPECT_EQ(loss.verdict, Verdict::inconclusive);  // by Holm
  EXPECT_NEAR(loss.interval_confidence, 0.99, 1e-12);
  const PairedCounts counts{300, 17, 6, 77};
  EXPECT_NEAR(loss.interval_low_pp, 100 * tango_lower(counts, 0.005), 1e-6);
  EXPECT_NEAR(loss.interval_high_pp, 100 * tango_upper(counts, 0.005), 1e-6);
  EXPECT_GT(loss.interval_high_pp, 0);  // it says what the verdict says
  const PairedComparison alone = compare_counts(counts, {});
  EXPECT_GT(*loss.smallest_detectable_pp, *alone.smallest_detectable_pp);
  EXPECT_GT(*loss.items_needed, *alone.items_needed);
  EXPECT_NEAR(all[0].pooled.overall.interval_confidence, 0.9, 1e-12);
  EXPECT_EQ(all[0].rows[10].verdict, Verdict::not_available);
}

TEST(Family, InvalidTasksCountAndSpoilThePool) {
  auto all =
      candidates_of({{{"a", 1, kSmallLoss, "truncated"}, {"b", 1, binary_pairs(300, 0, 0, 100)}}});
  EXPECT_EQ(compare_family(all, {}), 2);
  EXPECT_EQ(all[0].rows[0].verdict, Verdict::invalid);
  EXPECT_EQ(all[0].rows[1].verdict, Verdict::non_inferior);
  EXPECT_EQ(all[0].pooled.overall.verdict, Verdict::invalid);
}

TEST(Family, AGainSpoilsRowAndPool) {
  auto all = candidates_of(
      {{{"a", 1, binary_pairs(58, 0, 92, 0)}, {"b", 1, binary_pairs(800, 0, 0, 200)}}});
  compare_family(all, {});
  EXPECT_EQ(all[0].rows[0].reason, "gain beyond belief");
  EXPECT_EQ(all[0].pooled.overall.reason, "gain beyond belief");
  EXPECT_EQ(all[0].rows[1].verdict, Verdict::non_inferior);
}

// Summaries without samples: a row of the family, outside the pool.
TEST(Family, UnpairedTasksAreNotPooled) {
  PoolTask unpaired{"mmlu", 1};
  unpaired.unpaired = UnpairedScores{{9830, 14042}, {8426, 14042}};
  unpaired.margin_pp = 1;
  auto all = candidates_of({{unpaired, {"gsm8k", 1, binary_pairs(1000, 0, 0, 319)}}});
  EXPECT_EQ(compare_family(all, {}), 1);
  EXPECT_EQ(all[0].rows[0].verdict, Verdict::worse);
  EXPECT_EQ(all[0].rows[0].method, Method::newcombe);
  // The task without samples is half of what was declared.
  EXPECT_EQ(all[0].pooled.overall.verdict, Verdict::non_inferior);
  EXPECT_EQ(all[0].pooled.left_out, std::vector<std::string>{"mmlu"});
}

// A candidate that ended with a look at 0.0125 and 0.04: p-values of its tasks are 4 and 1.25 times
// what they are, and the pool is the look's.
TEST(Family, TasksAreAdjustedForTheLastLook) {
  std::vector<PairedScore> pairs(200, {1, 1});
  for (int i = 0; i < 8; ++i) pairs[static_cast<std::size_t>(i)].candidate = 0;
  const std::vector<PoolTask> tasks = {{"a", 1, pairs}, {"b", 1, pairs}};
  CandidateComparison plain{tasks, {}, {}};
  CandidateComparison looked{tasks, {}, {}};
  PooledComparison found;
  found.overall.n = 123;
  looked.look = LastLook{0.0125, 0.04, found};
  compare_family({&plain, 1}, {.margin_pp = 10});
  compare_family({&looked, 1}, {.margin_pp = 10});
  EXPECT_EQ(looked.pooled.overall.n, 123);
  EXPECT_NEAR(looked.rows[0].p_worse, 4 * plain.rows[0].p_worse, 1e-12);
  EXPECT_NEAR(looked.rows[0].p_non_inferior, 1.25 * plain.rows[0].p_non_inferior, 1e-12);
  EXPECT_LT(looked.rows[0].interval_low_pp, plain.rows[0].interval_low_pp);
}

TEST(Family, AClaimThatTheLastLookDoesNotAskIsNotMade) {
  std::vector<PairedScore> pairs(200, {1, 0});
  CandidateComparison looked{{{"a", 1, pairs}, {"b", 1, pairs}}, {}, {}};
  looked.look = LastLook{0, 0.04, {}};
  compare_family({&looked, 1}, {.margin_pp = 3});
  EXPECT_EQ(looked.rows[0].p_worse, 1);
  EXPECT_EQ(looked.rows[0].verdict, Verdict::inconclusive);
}

}  // namespace
}  // namespace assay

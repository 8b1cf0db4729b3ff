#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "stats/looks.h"
#include "support/paired_scores.h"

namespace assay {
namespace {

const std::vector<std::string> kNone;

std::vector<PoolTask> one_task(std::vector<PairedScore> pairs) {
  return {{"only", 1, std::move(pairs)}};
}

CountedPairs counted(std::vector<PoolTask> tasks) {
  CountedPairs out{.tasks = std::move(tasks)};
  for (const PoolTask& task : out.tasks) out.pairs += static_cast<std::int64_t>(task.pairs.size());
  return out;
}

LookOutcome at(const Look& look, std::vector<PairedScore> pairs) {
  return evaluate(look_schedule({}, 1200), look, counted(one_task(std::move(pairs))), kNone, {});
}

// Tango's bounds by scipy's brentq: 8 lost and 1 won of 64 at 0.025: -21.547977 and -2.211300.
// T at 0 is -7/3; the exact border at this level is 2.0207 (every table of 64 pairs, scipy).
TEST(EvaluateLook, WorseAtItsOwnLevel) {
  const Look look{64, 0.025, 0, 0};
  const LookOutcome outcome = at(look, binary_pairs(40, 8, 1, 15));
  EXPECT_TRUE(outcome.worse);
  EXPECT_FALSE(outcome.non_inferior);
  EXPECT_TRUE(outcome.decided);
  const PairedComparison& c = outcome.comparison.overall;
  EXPECT_EQ(c.verdict, Verdict::worse);
  EXPECT_NEAR(c.upper_bound_pp, -2.2113001895193625, 1e-7);
  EXPECT_NEAR(c.interval_high_pp, -2.2113001895193625, 1e-7);
  EXPECT_NEAR(c.interval_low_pp, -21.547976936053544, 1e-7);
  EXPECT_NEAR(c.interval_confidence, 0.95, 1e-15);
  EXPECT_NEAR(c.p_worse_adjusted, 2 * c.p_worse, 1e-15);  // 0.05 / 0.025
  EXPECT_EQ(c.p_non_inferior_adjusted, 1);
  // 8 against 2: T = 6 / sqrt(10) = 1.897 is enough at 0.05 (1.645), not at 0.025.
  const LookOutcome close = at(look, binary_pairs(40, 8, 2, 14));
  EXPECT_FALSE(close.worse);
  EXPECT_FALSE(close.decided);
  EXPECT_EQ(close.comparison.overall.verdict, Verdict::inconclusive);
  EXPECT_GE(close.comparison.overall.upper_bound_pp, 0);
}

// 12 lost, 8 won of 1000 at 0.04 * 6 / 9: lower bound -1.365356 by scipy.
TEST(EvaluateLook, EachEndHasItsClaimsLevel) {
  const Look look{1000, 0.025 / 16, 0.04 * 6 / 9, 0};
  const LookOutcome outcome = at(look, binary_pairs(688, 12, 8, 292));
  EXPECT_TRUE(outcome.non_inferior);
  EXPECT_TRUE(outcome.decided);
  const PairedComparison& c = outcome.comparison.overall;
  EXPECT_NEAR(c.lower_bound_pp, -1.3653561418362565, 1e-7);
  EXPECT_NEAR(c.interval_low_pp, -1.3653561418362565, 1e-7);
  EXPECT_GT(c.interval_high_pp, c.diff_pp + 3 * 0.4);  // z of 0.0015625 is 2.95, sqrt(20) / 1000
  EXPECT_NEAR(c.interval_confidence, 1 - 0.0015625 - 0.04 * 6 / 9, 1e-15);
  EXPECT_EQ(c.verdict, Verdict::non_inferior);
}

TEST(AdjustedForLooks, IsBelowAlphaWhereTheClaimHolds) {
  EXPECT_NEAR(adjusted_for_looks(0.004, 0.005, 0.05), 0.04, 1e-15);
  EXPECT_EQ(adjusted_for_looks(0.5, 0.025, 0.05), 1);
  EXPECT_EQ(adjusted_for_looks(0, 0, 0.05), 1);
}

// 15 lost of 1000, none won: worse for sure, and by less than 3 points. WORSE alone goes on.
TEST(EvaluateLook, WorseInsideTheMarginGoesOn) {
  const LookOutcome outcome = at({1000, 0.001, 0, 0}, binary_pairs(685, 15, 0, 300));
  EXPECT_TRUE(outcome.worse);
  EXPECT_FALSE(outcome.decided);
  EXPECT_EQ(outcome.comparison.overall.verdict, Verdict::worse);
  const LookOutcome both = at({1000, 0.001, 0.02, 0}, binary_pairs(685, 15, 0, 300));
  EXPECT_TRUE(both.decided);
  EXPECT_EQ(both.comparison.overall.verdict, Verdict::worse_within_margin);
}

// A claim that is not asked is not made, whatever the data say.
TEST(EvaluateLook, OnlyWhatIsAsked) {
  EXPECT_FALSE(at({1000, 0.001, 0, 0}, binary_pairs(700, 0, 0, 300)).non_inferior);
  EXPECT_FALSE(at({1000, 0, 0.01, 0}, binary_pairs(500, 200, 0, 300)).worse);
}

TEST(EvaluateLook, NeedsItsPairsAndEveryTask) {
  const Look look{64, 0.025, 0, 0};
  const LookOutcome few = at(look, binary_pairs(40, 8, 1, 14));
  EXPECT_EQ(few.not_taken, "63 pairs of 64");
  EXPECT_FALSE(few.decided);
  const LookSchedule schedule = look_schedule({}, 1200);
  std::vector<PoolTask> tasks = one_task(binary_pairs(40, 8, 1, 15));
  tasks.push_back({"later", 1, {}});
  const std::vector<std::string> expected{"only", "later"};
  const LookOutcome early = evaluate(schedule, look, counted(tasks), expected, {});
  EXPECT_EQ(early.not_taken, "no pairs yet of later");
  EXPECT_FALSE(early.worse);
  // A task that cannot run at all is not waited for.
  EXPECT_TRUE(evaluate(schedule, look, counted(tasks), {expected.data(), 1}, {}).worse);
}

TEST(EvaluateLook, ObstaclesAndFlags) {
  const LookOutcome no_sensitivity = at({400, 0, 0.03, 0}, binary_pairs(2, 0, 0, 398));
  EXPECT_FALSE(no_sensitivity.decided);
  EXPECT_EQ(no_sensitivity.comparison.overall.reason, kNoSensitivity);
  const LookOutcome gain = at({400, 0, 0.03, 0}, binary_pairs(100, 0, 100, 200));
  EXPECT_FALSE(gain.decided);
  EXPECT_EQ(gain.comparison.overall.reason, kGainBeyondBelief);
  std::vector<PoolTask> broken = one_task(binary_pairs(40, 8, 1, 15));
  broken[0].invalid = "broken";
  const LookOutcome invalid =
      evaluate(look_schedule({}, 1200), {64, 0.025, 0, 0}, counted(broken), kNone, {});
  EXPECT_FALSE(invalid.decided);
  EXPECT_FALSE(invalid.worse);
}

// The k-th pair goes to a task by turns; losses first.
std::vector<OrderedPair> order_of(std::int64_t pairs, std::int64_t lost, std::size_t tasks) {
  std::vector<OrderedPair> order;
  for (std::int64_t i = 0; i < pairs; ++i) {
    const double baseline = i % 4 == 3 ? 0 : 1;
    order.push_back({static_cast<std::size_t>(i) % tasks,
                     static_cast<std::size_t>(i),
                     {1, i < lost ? 0.0 : 1.0}});
    if (i >= lost) order.back().pair = {baseline, baseline};
  }
  return order;
}

TEST(FirstPairs, TakeTheFrozenOrder) {
  const std::vector<PoolTask> tasks{{"a", 2, {}}, {"b", 1, {}}};
  const std::vector<PoolTask> taken = first_pairs(tasks, order_of(10, 3, 2), 5).tasks;
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].pairs.size(), 3U);
  EXPECT_EQ(taken[1].pairs.size(), 2U);
  EXPECT_EQ(taken[0].weight, 2);
  EXPECT_EQ(taken[1].pairs[0].candidate, 0);
  EXPECT_EQ(first_pairs(tasks, order_of(10, 3, 2), 50).tasks[0].pairs.size(), 5U);
}

TEST(TakeLooks, PairsBetweenLooksChangeNothing) {
  const LookSchedule schedule = look_schedule({}, 1200);
  const std::vector<PoolTask> tasks{{"only", 1, {}}};
  const auto looks_at = [&](std::int64_t pairs, std::int64_t lost) {
    return take_looks(schedule, tasks, order_of(pairs, lost, 1), kNone, {});
  };
  const LooksResult none = looks_at(63, 20);
  EXPECT_EQ(none.last(), nullptr);
  EXPECT_EQ(none.verdict, Verdict::not_available);
  EXPECT_EQ(none.end, LooksEnd::not_ended);
  // 1 of the first 64 is lost; the losses of the next 63 are not looked at before the 128th.
  const LooksResult first = looks_at(127, 1);
  ASSERT_EQ(first.looks.size(), 1U);
  EXPECT_EQ(first.verdict, Verdict::inconclusive);
  EXPECT_EQ(first.last()->comparison.overall.n, 64);
  const LooksResult worse = looks_at(300, 8);
  ASSERT_EQ(worse.looks.size(), 1U);
  EXPECT_EQ(worse.end, LooksEnd::worse);
  EXPECT_EQ(worse.verdict, Verdict::worse);
  EXPECT_EQ(worse.last()->comparison.overall.n, 64);
}

TEST(TakeLooks, EndsWithNonInferiorOrTheTarget) {
  const LookSchedule schedule = look_schedule({}, 1200);
  const std::vector<PoolTask> tasks{{"only", 1, {}}};
  const LooksResult alike = take_looks(schedule, tasks, order_of(1200, 0, 1), kNone, {});
  EXPECT_EQ(alike.end, LooksEnd::non_inferior);
  EXPECT_EQ(alike.verdict, Verdict::non_inferior);
  EXPECT_EQ(alike.last()->look.pairs, 300);
  const LooksResult waiting =
      take_looks(schedule, tasks, order_of(1200, 0, 1), std::vector<std::string>{"gone"}, {});
  EXPECT_EQ(waiting.end, LooksEnd::target);
  EXPECT_EQ(waiting.last(), nullptr);
  EXPECT_EQ(waiting.looks.size(), 8U);
}

// Only squares enter: the same when both models change places.
TEST(BlindedSpread, DoesNotSeeTheDirection) {
  const std::vector<PoolTask> tasks{{"a", 1, binary_pairs(80, 10, 2, 8)},
                                    {"b", 1, binary_pairs(180, 5, 5, 10)}};
  const BlindedSpread spread = blinded_spread(tasks);
  EXPECT_EQ(spread.pairs, 300);
  EXPECT_NEAR(spread.discordance, (0.12 / 100 + 0.05 / 200) / (1.0 / 100 + 1.0 / 200), 1e-15);
  EXPECT_NEAR(spread.design_effect, 300 * 0.25 * (1.0 / 100 + 1.0 / 200), 1e-12);
  std::vector<PoolTask> swapped = tasks;
  for (PoolTask& task : swapped) {
    for (PairedScore& pair : task.pairs) std::swap(pair.baseline, pair.candidate);
  }
  EXPECT_EQ(blinded_spread(swapped).discordance, spread.discordance);
}

}  // namespace
}  // namespace assay

#include <gtest/gtest.h>

#include <cstdint>

#include "stats/looks.h"

namespace assay {
namespace {

LookTask task_of(const std::string& name, double weight, int repeats = 1) {
  LookTask task;
  task.name = name;
  task.weight = weight;
  task.repeats = repeats;
  return task;
}

ItemOutcome scored(double score, int repeats = 1) {
  return {repeats, repeats, score * repeats, 0};
}
constexpr ItemOutcome kSetAside{1, 0, 0, 0};
constexpr ItemOutcome kOpen{};

// With one task the design effect is 1, so the target is that of first_target: 1,311 pairs for 3
// points, 10 % of flips and 90 % power (docs/statistics.md).
TEST(TargetInOrder, OneTaskNeedsTheFormulasPairs) {
  const std::vector<std::size_t> order(5000, 0);
  const std::vector<LookTask> tasks = {task_of("a", 1)};
  EXPECT_EQ(target_in_order({}, {}, order, tasks), 1311);
  EXPECT_EQ(target_in_order({.margin_pp = 6}, {}, order, tasks), 356);
}

TEST(TargetInOrder, AllThereAreWhenNoNumberIsEnough) {
  const std::vector<LookTask> tasks = {task_of("a", 1)};
  EXPECT_EQ(target_in_order({}, {}, std::vector<std::size_t>(200, 0), tasks), 200);
  EXPECT_EQ(target_in_order({}, {}, std::vector<std::size_t>(), tasks), 0);
  EXPECT_EQ(target_in_order({}, {}, std::vector<std::size_t>(1311, 0), tasks), 1311);
  EXPECT_EQ(target_in_order({}, {}, std::vector<std::size_t>(1310, 0), tasks), 1310);
}

// Two tasks of the same weight, one pair in four of the second: N (w^2/n1 + w^2/n2) is
// (1/0.75 + 1/0.25) / 4 = 4/3.
TEST(TargetInOrder, ALopsidedOrderNeedsMorePairs) {
  std::vector<std::size_t> order(5000, 0);
  for (std::size_t i = 3; i < order.size(); i += 4) order[i] = 1;
  const std::vector<LookTask> tasks = {task_of("a", 1), task_of("b", 1)};
  const std::int64_t target = target_in_order({}, {}, order, tasks);
  EXPECT_EQ(target, first_target({}, {.design_effect = 4.0 / 3}).value());
  // Where it is 1 again: half and half.
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i % 2;
  EXPECT_EQ(target_in_order({}, {}, order, tasks), 1311);
}

TEST(TargetInOrder, WaitsForEveryTaskAndCountsNoneWithoutAWeight) {
  std::vector<std::size_t> order(3000, 0);
  order[2000] = 1;
  const std::vector<LookTask> both = {task_of("a", 1), task_of("b", 1e-6)};
  EXPECT_EQ(target_in_order({}, {}, order, both), 2001);
  const std::vector<LookTask> one = {task_of("a", 1), task_of("b", 0)};
  EXPECT_EQ(target_in_order({}, {}, order, one), 1311);
}

// 60 pairs: 15.9 points by the formula, found by its own target at that margin and the one below.
TEST(SmallestMargin, IsTheOneThatTheDataReach) {
  const std::vector<std::size_t> order(60, 0);
  const std::vector<LookTask> tasks = {task_of("a", 1)};
  const double margin = smallest_margin_pp({}, {}, order, tasks).value();
  EXPECT_LE(first_target({.margin_pp = margin}, {}).value(), 60);
  EXPECT_GT(first_target({.margin_pp = margin - 0.1}, {}).value(), 60);
  EXPECT_EQ(smallest_margin_pp({}, {}, std::vector<std::size_t>(5000, 0), tasks), 3);
  EXPECT_FALSE(smallest_margin_pp({}, {}, std::vector<std::size_t>(), tasks));
}

TEST(LookInput, PairsUpToTheFirstThatIsNotSettled) {
  const std::vector<LookTask> tasks = {task_of("a", 1), task_of("b", 1)};
  const std::vector<std::size_t> order = {0, 1, 0, 1, 0};
  const SideOutcomes base = {{scored(1), scored(0), scored(1)}, {scored(1), scored(1)}};
  const SideOutcomes other = {{scored(1), kOpen, scored(1)}, {scored(0), scored(1)}};
  const LookInput input = look_input(tasks, order, base, other);
  ASSERT_EQ(input.order.size(), 2U);  // what comes after a[1] waits, answered or not
  EXPECT_EQ(input.items, 2U);
  EXPECT_EQ(input.order[0].task, 0U);
  EXPECT_EQ(input.order[1].task, 1U);
  EXPECT_EQ(input.order[1].pair.baseline, 1);
  EXPECT_EQ(input.order[1].pair.candidate, 0);
  EXPECT_EQ(input.expected, (std::vector<std::string>{"a", "b"}));
}

TEST(LookInput, WhatIsSetAsideIsSettledAndNoPair) {
  const std::vector<LookTask> tasks = {task_of("a", 1)};
  const std::vector<std::size_t> order = {0, 0, 0};
  const LookInput input = look_input(tasks, order, {{scored(1), kSetAside, scored(0)}},
                                     {{scored(1), scored(1), scored(0)}});
  EXPECT_EQ(input.items, 3U);
  EXPECT_EQ(input.order.size(), 2U);
}

TEST(LookInput, EveryRepeatMustBeSettled) {
  const std::vector<LookTask> tasks = {task_of("a", 1, 2)};
  const std::vector<std::size_t> order = {0, 0};
  const LookInput input =
      look_input(tasks, order, {{scored(0.5, 2), scored(1, 2)}}, {{scored(1, 2), scored(1, 1)}});
  ASSERT_EQ(input.order.size(), 1U);
  EXPECT_EQ(input.order[0].pair.baseline, 0.5);
  EXPECT_EQ(input.order[0].pair.repeats, 2);
}

TEST(LookInput, AVariantThatHasAnsweredNothingHasNoPairs) {
  const std::vector<LookTask> tasks = {task_of("a", 1)};
  const LookInput input = look_input(tasks, std::vector<std::size_t>{0}, {{scored(1)}}, {});
  EXPECT_TRUE(input.order.empty());
  EXPECT_EQ(input.items, 0U);
}

TEST(LookInput, FloorIsTheMeanChanceOfTheBaselinesItems) {
  std::vector<LookTask> tasks = {task_of("a", 1), task_of("b", 1)};
  tasks[1].chance = 0.2;
  SideOutcomes base = {{scored(1), scored(0)}, {scored(1)}};
  base[0][0].options = 4;
  base[0][1].options = 10;
  const LookInput input = look_input(tasks, std::vector<std::size_t>{0, 0, 1}, base, base);
  EXPECT_DOUBLE_EQ(input.tasks[0].floor, 0.175);
  EXPECT_DOUBLE_EQ(input.tasks[1].floor, 0.2);
}

TEST(NextRound, RaisesOnceAtHalfAndGrowsAfterTheLastLook) {
  const LookSchedule first = look_schedule({}, 1000);
  const BlindedSpread twice{.pairs = 500, .discordance = 0.2, .design_effect = 1};
  EXPECT_FALSE(next_round(first, 250, twice, 0.9, 20000));
  const auto raised = next_round(first, 500, twice, 0.9, 20000);
  ASSERT_TRUE(raised);
  EXPECT_EQ(raised->raised, 1);
  EXPECT_EQ(raised->target, next_target(first, 500, {.discordance = 0.2}).value());
  EXPECT_FALSE(next_round(*raised, 1000, twice, 0.9, 20000));  // its last look is still to come
  const auto grown = next_round(*raised, raised->target, twice, 0.9, 20000);
  ASSERT_TRUE(grown);
  EXPECT_EQ(grown->generation, 2);
  EXPECT_DOUBLE_EQ(grown->non_inferior_left, 0.005);
  const BlindedSpread more{.pairs = 500, .discordance = 0.5, .design_effect = 1};
  const auto again = next_round(*grown, grown->target, more, 0.9, 20000);
  ASSERT_TRUE(again);
  EXPECT_DOUBLE_EQ(again->non_inferior_left, 0.0025);
}

TEST(NextRound, GoesNoFurtherThanTheData) {
  const LookSchedule first = look_schedule({}, 1000);
  const BlindedSpread twice{.pairs = 500, .discordance = 0.2, .design_effect = 1};
  EXPECT_EQ(next_round(first, 500, twice, 0.9, 1500)->target, 1500);
  EXPECT_FALSE(next_round(first, 500, twice, 0.9, 1000));
  const BlindedSpread fewer{.pairs = 500, .discordance = 0.02, .design_effect = 1};
  EXPECT_FALSE(next_round(first, 500, fewer, 0.9, 20000));
}

}  // namespace
}  // namespace assay

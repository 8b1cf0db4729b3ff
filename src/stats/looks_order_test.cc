#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

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

// One score for each answer, in the order of the repeats.
template <typename... Scores>
ItemOutcome scored(Scores... scores) {
  ItemOutcome out;
  for (const double score : {static_cast<double>(scores)...}) {
    out.settled.push_back({static_cast<int>(out.settled.size()), score});
  }
  return out;
}
const ItemOutcome kSetAside{{{0, std::nullopt}}, 0};
const ItemOutcome kOpen{};

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

// Where one answer in ten flips, 1,311 items are needed. 600 items do where each is the mean of so
// many that their flips are few enough for 600.
TEST(TargetInOrder, RepeatsDoWhatChanceLeavesThem) {
  std::vector<LookTask> tasks = {task_of("a", 1)};
  tasks[0].distinct = 600;
  const std::vector<std::size_t> order(64 * 600, 0);
  const std::int64_t target = target_in_order({}, {}, order, tasks);
  const double passes = static_cast<double>(target) / 600;
  EXPECT_LE(first_target({}, {.discordance = 0.1 / passes}).value(), 600);
  EXPECT_GT(first_target({}, {.discordance = 0.1 / (passes - 0.01)}).value(), 600);
  EXPECT_GT(target, 1311);  // 1,311 answers to fewer items tell less than to as many items
}

// 30 items rule out no loss of 3 points, however often they are asked: 0.97^30 is 40 %.
TEST(TargetInOrder, FewItemsStayFewHoweverOftenTheyAreAsked) {
  std::vector<LookTask> tasks = {task_of("a", 1)};
  tasks[0].distinct = 30;
  const std::vector<std::size_t> order(64 * 30, 0);
  EXPECT_EQ(target_in_order({}, {}, order, tasks), 1920);
  const double margin = smallest_margin_pp({}, {}, order, tasks).value();
  EXPECT_GT(margin, 10);
  EXPECT_LT(margin, smallest_margin_pp({}, {}, std::vector<std::size_t>(30, 0),
                                       std::vector<LookTask>{task_of("a", 1)})
                        .value());
}

// By 400,000 simulated walks (numpy) with the same looks: 0.8997 at 3 points and 0.9081 at 6, with
// a standard error of 0.0005. The last look alone has 0.925.
TEST(PowerInOrder, IsThatOfAllLooks) {
  const std::vector<LookTask> tasks = {task_of("a", 1)};
  const std::vector<std::size_t> order(1311, 0);
  EXPECT_NEAR(power_in_order(look_schedule({}, 1311), {}, order, tasks).all, 0.8997, 0.002);
  EXPECT_NEAR(power_in_order(look_schedule({.margin_pp = 6}, 356), {}, order, tasks).all, 0.9081,
              0.002);
  EXPECT_NEAR(power_in_order(look_schedule({}, 1311), {.discordance = 0}, order, tasks).all, 1,
              1e-6);
}

// A second task that has its first pair at the 100th: the look at 64 is taken there, and both tasks
// must have pairs for any power at all.
TEST(PowerInOrder, WaitsForEveryTask) {
  const std::vector<LookTask> tasks = {task_of("a", 1), task_of("b", 1)};
  std::vector<std::size_t> order(1311, 0);
  EXPECT_EQ(power_in_order(look_schedule({}, 1311), {}, order, tasks).all, 0);
  for (std::size_t i = 99; i < order.size(); i += 2) order[i] = 1;
  const double power = power_in_order(look_schedule({}, 1311), {}, order, tasks).all;
  EXPECT_GT(power, 0.85);
  EXPECT_LT(power, 0.8997);
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
      look_input(tasks, order, {{scored(1, 0), scored(1, 1)}}, {{scored(1, 1), scored(1)}});
  ASSERT_EQ(input.order.size(), 1U);
  EXPECT_EQ(input.order[0].pair.baseline, 0.5);
  EXPECT_EQ(input.order[0].pair.repeats, 2);
}

// What one side alone has a score for counts on neither: 1 of repeats 0 and 2, not 2/3.
TEST(LookInput, BothSidesHaveTheSameRepeats) {
  const std::vector<LookTask> tasks = {task_of("a", 1, 3)};
  const ItemOutcome base = scored(1, 0, 1);
  ItemOutcome other = scored(1, 1, 0);
  other.settled[1].score.reset();
  const LookInput input = look_input(tasks, std::vector<std::size_t>{0}, {{base}}, {{other}});
  ASSERT_EQ(input.order.size(), 1U);
  EXPECT_EQ(input.order[0].pair.baseline, 1);
  EXPECT_EQ(input.order[0].pair.candidate, 0.5);
  EXPECT_EQ(input.order[0].pair.repeats, 2);
}

// Two items asked three times: each pass of an item is an entry, and the third pass has come to the
// first item alone.
TEST(LookInput, FurtherPassesAreAveragedWithinTheItem) {
  std::vector<LookTask> tasks = {task_of("a", 1), task_of("b", 1)};
  tasks[0].items = {"x", "y"};
  tasks[0].distinct = 2;
  const std::vector<std::size_t> order = {0, 1, 0, 0, 0, 0, 0};
  const SideOutcomes base = {{scored(1, 1, 0), scored(1, 1)}, {scored(1)}};
  const SideOutcomes other = {{scored(0, 1, 0), scored(1, 0, 1)}, {scored(1)}};
  const LookInput input = look_input(tasks, order, base, other);
  EXPECT_EQ(input.items, 6U);
  ASSERT_EQ(input.order.size(), 6U);
  const CountedPairs early = first_pairs(input.tasks, input.order, 4);
  EXPECT_EQ(early.pairs, 4);
  ASSERT_EQ(early.tasks[0].pairs.size(), 2U);  // x twice, y once
  EXPECT_EQ(early.tasks[0].pairs[0].baseline, 1);
  EXPECT_EQ(early.tasks[0].pairs[0].candidate, 0.5);
  EXPECT_EQ(early.tasks[0].pairs[0].repeats, 2);
  EXPECT_EQ(early.tasks[0].pairs[1].repeats, 1);
  const CountedPairs all = first_pairs(input.tasks, input.order, 50);
  EXPECT_EQ(all.pairs, 6);
  EXPECT_DOUBLE_EQ(all.tasks[0].pairs[0].baseline, 2.0 / 3);
  EXPECT_DOUBLE_EQ(all.tasks[0].pairs[0].candidate, 1.0 / 3);
  EXPECT_DOUBLE_EQ(all.tasks[0].pairs[1].candidate, 0.5);
  EXPECT_EQ(all.tasks[1].pairs.size(), 1U);
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

// 700 items, asked once so far, flipped on 20 %: that asks for more than there are, so the order
// goes on to where the flips of their means are few enough.
TEST(NextRound, GoesOnInPasses) {
  const LookSchedule first = look_schedule({}, 700);
  const BlindedSpread spread{.pairs = 700, .discordance = 0.2, .design_effect = 1};
  std::vector<LookTask> tasks = {task_of("a", 1)};
  tasks[0].distinct = 700;
  const std::vector<std::size_t> order(14 * 700, 0);
  const auto next = next_round(first, 700, spread, 0.9, 9800, order, tasks);
  ASSERT_TRUE(next);
  const double passes = static_cast<double>(next->target) / 700;
  EXPECT_GT(passes, 3);
  const auto needed_at = [&](double repeats) {
    return next_target(first, 700, {.discordance = 0.2 / repeats}).value();
  };
  EXPECT_LE(needed_at(passes), 700);
  EXPECT_GT(needed_at(passes - 0.01), 700);
}

}  // namespace
}  // namespace assay

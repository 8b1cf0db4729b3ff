#include "stats/looks.h"

#include <gtest/gtest.h>

#include <vector>

namespace assay {
namespace {

constexpr double kExact = 1e-15;

std::vector<std::int64_t> pairs_of(const LookSchedule& schedule) {
  std::vector<std::int64_t> pairs;
  for (const Look& look : schedule.looks) pairs.push_back(look.pairs);
  return pairs;
}

// Of all looks and of what is left: must be alpha.
double worse_sum(const LookSchedule& schedule) {
  double sum = schedule.worse_left;
  for (const Look& look : schedule.looks) sum += look.worse_level;
  return sum;
}

double non_inferior_sum(const LookSchedule& schedule) {
  double sum = schedule.non_inferior_left;
  for (const Look& look : schedule.looks) sum += look.non_inferior_level;
  return sum;
}

void expect_whole_alpha(const LookSchedule& schedule, double alpha) {
  EXPECT_NEAR(worse_sum(schedule), alpha, kExact);
  EXPECT_NEAR(non_inferior_sum(schedule), alpha, kExact);
}

// Levels by hand: alpha / 2^k, and 1/9, 2/9, 6/9 of 0.045.
TEST(LookSchedule, LevelsOfBothClaims) {
  const LookSchedule schedule = look_schedule({.reserve = 0.005}, 1200);
  EXPECT_EQ(pairs_of(schedule),
            (std::vector<std::int64_t>{64, 128, 256, 300, 512, 600, 1024, 1200}));
  const std::vector<double> worse{0.025, 0.0125, 0.00625, 0, 0.003125, 0, 0.0015625, 0.00078125};
  const std::vector<double> non_inferior{0, 0, 0, 0.005, 0, 0.010, 0, 0.030};
  ASSERT_EQ(schedule.looks.size(), worse.size());
  for (std::size_t i = 0; i < worse.size(); ++i) {
    EXPECT_NEAR(schedule.looks[i].worse_level, worse[i], kExact) << i;
    EXPECT_NEAR(schedule.looks[i].non_inferior_level, non_inferior[i], kExact) << i;
    EXPECT_EQ(schedule.looks[i].generation, 0);
  }
  EXPECT_NEAR(schedule.worse_left, 0.00078125, kExact);
  EXPECT_NEAR(schedule.non_inferior_left, 0.005, kExact);
  expect_whole_alpha(schedule, 0.05);
}

// The reserve is part of alpha: 0.04 is left for the looks, not 0.045.
TEST(LookSchedule, ReserveIsPartOfAlpha) {
  const LookSchedule schedule = look_schedule({}, 1200);
  EXPECT_NEAR(due(schedule, 300)->non_inferior_level, 0.04 / 9, kExact);
  EXPECT_NEAR(due(schedule, 600)->non_inferior_level, 0.08 / 9, kExact);
  EXPECT_NEAR(due(schedule, 1200)->non_inferior_level, 0.24 / 9, kExact);
  EXPECT_NEAR(schedule.non_inferior_left, 0.01, kExact);
  expect_whole_alpha(schedule, 0.05);
}

TEST(LookSchedule, AnotherAlphaScalesTheReserve) {
  const LookSchedule schedule = look_schedule({.alpha = 0.025}, 1200);
  EXPECT_NEAR(schedule.non_inferior_left, 0.005, kExact);
  EXPECT_NEAR(due(schedule, 64)->worse_level, 0.0125, kExact);
  EXPECT_NEAR(due(schedule, 1200)->non_inferior_level, 0.02 * 6 / 9, kExact);
  expect_whole_alpha(schedule, 0.025);
}

// Without a flip Tango's bound at level 0.04 / 9 passes -3 points from 222 pairs on
// (z^2 0.97 / 0.03 = 221.3), at 0.12 / 9 from 159 on: of 800 the quarter is too small.
TEST(LookSchedule, LevelsOfLooksTooSmallAreNotLost) {
  const LookSchedule schedule = look_schedule({}, 800);
  EXPECT_EQ(due(schedule, 200), nullptr);
  EXPECT_NEAR(due(schedule, 400)->non_inferior_level, 0.12 / 9, kExact);
  expect_whole_alpha(schedule, 0.05);
  EXPECT_NE(due(look_schedule({}, 888), 222), nullptr);
  EXPECT_EQ(due(look_schedule({}, 884), 221), nullptr);
  const LookSchedule small = look_schedule({}, 100);
  EXPECT_EQ(pairs_of(small), (std::vector<std::int64_t>{64, 100}));
  EXPECT_NEAR(due(small, 100)->non_inferior_level, 0.04, kExact);
  EXPECT_EQ(pairs_of(look_schedule({}, 1)), std::vector<std::int64_t>{1});
  EXPECT_EQ(pairs_of(look_schedule({}, 64)), std::vector<std::int64_t>{64});
}

TEST(LookSchedule, SingleLookHasAll) {
  const LookSchedule schedule = single_look({}, 470);
  ASSERT_EQ(schedule.looks.size(), 1U);
  EXPECT_EQ(schedule.looks[0], (Look{470, 0.05, 0.05, 0}));
  EXPECT_FALSE(next_generation(schedule, 900).has_value());
}

TEST(LookSchedule, DueAndNext) {
  const LookSchedule schedule = look_schedule({}, 1200);
  EXPECT_EQ(due(schedule, 65), nullptr);
  EXPECT_EQ(due(schedule, 128)->pairs, 128);
  EXPECT_EQ(next_look(schedule, 0)->pairs, 64);
  EXPECT_EQ(next_look(schedule, 64)->pairs, 128);
  EXPECT_EQ(next_look(schedule, 1199)->pairs, 1200);
  EXPECT_EQ(next_look(schedule, 1200), nullptr);
}

TEST(NextGeneration, HalfOfTheReserveEachTime) {
  const LookSchedule first = look_schedule({}, 1200);
  const LookSchedule second = next_generation(first, 2400).value();
  EXPECT_EQ(second.generation, 1);
  EXPECT_EQ(second.target, 2400);
  EXPECT_EQ(pairs_of(second),
            (std::vector<std::int64_t>{64, 128, 256, 300, 512, 600, 1024, 1200, 2048, 2400}));
  for (const Look& look : first.looks) EXPECT_EQ(*due(second, look.pairs), look);
  EXPECT_NEAR(due(second, 2400)->non_inferior_level, 0.005, kExact);
  EXPECT_NEAR(due(second, 2048)->worse_level, 0.05 / 128, kExact);
  EXPECT_NEAR(due(second, 2400)->worse_level, 0.05 / 256, kExact);
  EXPECT_EQ(due(second, 2400)->generation, 1);
  expect_whole_alpha(second, 0.05);
  const LookSchedule third = next_generation(second, 3000).value();
  EXPECT_NEAR(due(third, 3000)->non_inferior_level, 0.0025, kExact);
  EXPECT_NEAR(third.non_inferior_left, 0.0025, kExact);
  expect_whole_alpha(third, 0.05);
  EXPECT_FALSE(next_generation(first, 1200).has_value());
  EXPECT_FALSE(next_generation(look_schedule({.reserve = 0}, 1200), 2400).has_value());
}

TEST(Retarget, UpwardMovesTheLastLookAtItsLevel) {
  const LookSchedule first = look_schedule({}, 1200);
  const LookSchedule moved = retarget(first, 2100, 300);
  EXPECT_EQ(pairs_of(moved),
            (std::vector<std::int64_t>{64, 128, 256, 300, 512, 600, 1024, 2048, 2100}));
  EXPECT_EQ(moved.generation, 1);
  EXPECT_NEAR(due(moved, 600)->non_inferior_level, 0.08 / 9, kExact);
  EXPECT_NEAR(due(moved, 2100)->non_inferior_level, 0.24 / 9, kExact);
  EXPECT_EQ(moved.non_inferior_left, first.non_inferior_left);
  EXPECT_NEAR(due(moved, 512)->worse_level, 0.003125, kExact);
  EXPECT_NEAR(due(moved, 2100)->worse_level, 0.05 / 128, kExact);
  EXPECT_EQ(due(moved, 300)->generation, 0);
  EXPECT_EQ(due(moved, 2100)->generation, 1);
  expect_whole_alpha(moved, 0.05);
}

// b + c may not shrink the target, nor move it for ever.
TEST(Retarget, UpwardOnlyAndTwice) {
  const LookSchedule first = look_schedule({}, 1200);
  EXPECT_EQ(retarget(first, 800, 300), first);
  EXPECT_EQ(retarget(first, 1200, 300), first);
  EXPECT_EQ(retarget(first, 2400, 1200), first);
  const LookSchedule once = retarget(first, 1500, 300);
  const LookSchedule twice = retarget(once, 2000, 600);
  EXPECT_EQ(once.raised, 1);
  EXPECT_EQ(twice.raised, 2);
  EXPECT_NEAR(due(twice, 2000)->non_inferior_level, 0.24 / 9, kExact);
  expect_whole_alpha(twice, 0.05);
  EXPECT_EQ(retarget(twice, 3000, 600), twice);
  EXPECT_FALSE(next_target(twice, 600, {.discordance = 0.3}).has_value());
}

// A budget that ends at 500 pairs: what the looks at 600 and 1200 had goes to the one at 500.
TEST(ClosedAt, MergesWhatIsStillToCome) {
  const LookSchedule first = look_schedule({}, 1200);
  const LookSchedule closed = closed_at(first, 500, 300);
  EXPECT_EQ(pairs_of(closed), (std::vector<std::int64_t>{64, 128, 256, 300, 500}));
  EXPECT_NEAR(due(closed, 500)->non_inferior_level, 0.32 / 9, kExact);
  EXPECT_NEAR(due(closed, 500)->worse_level, 0.003125, kExact);
  EXPECT_EQ(closed.target, 500);
  EXPECT_EQ(closed.raised, 0);
  expect_whole_alpha(closed, 0.05);
  const LookSchedule early = closed_at(first, 100, 64);
  EXPECT_EQ(pairs_of(early), (std::vector<std::int64_t>{64, 100}));
  EXPECT_NEAR(due(early, 100)->non_inferior_level, 0.04, kExact);
  EXPECT_EQ(closed_at(first, 300, 300), first);
  EXPECT_EQ(closed_at(first, 1200, 300), first);
  EXPECT_EQ(closed_at(first, 1300, 300), first);
  // It may go on from there as from any last look.
  EXPECT_NEAR(due(next_generation(closed, 1200).value(), 1200)->non_inferior_level, 0.005, kExact);
}

TEST(Extended, RaisesBeforeTheLastLookAndGrowsAfterIt) {
  const LookSchedule first = look_schedule({}, 1200);
  EXPECT_EQ(extended(first, 2400, 600), retarget(first, 2400, 600));
  EXPECT_EQ(extended(first, 2400, 1200), next_generation(first, 2400));
  EXPECT_FALSE(extended(first, 1200, 600).has_value());
  EXPECT_FALSE(extended(first, 1200, 1200).has_value());
}

// Whatever was taken, all that looks had is spent: of the reserve of 0.01 half goes to the new
// look, of WORSE a half of the 0.05 / 64 that none of the six looks had to the first.
TEST(BegunAnew, WhatLooksHadIsSpent) {
  const LookSchedule first = look_schedule({}, 1200);
  const LookSchedule anew = begun_anew(first, 600).value();
  EXPECT_EQ(anew, begun_anew(first, 64));
  EXPECT_EQ(pairs_of(anew), (std::vector<std::int64_t>{64, 128, 256, 512, 1024, 1200}));
  EXPECT_NEAR(due(anew, 1200)->non_inferior_level, 0.005, kExact);
  EXPECT_NEAR(anew.non_inferior_left, 0.005, kExact);
  EXPECT_NEAR(due(anew, 64)->worse_level, 0.05 / 128, kExact);
  double worse = anew.worse_left;
  for (const Look& look : anew.looks) worse += look.worse_level;
  EXPECT_NEAR(worse, 0.05 / 64, kExact);
  EXPECT_EQ(anew.generation, 1);
  // A look that is still to come is not raised: its answers are not those b + c was seen of.
  EXPECT_FALSE(next_target(anew, 64, {.discordance = 0.3}).has_value());
  EXPECT_EQ(begun_anew(first, 0), first);
}

TEST(BegunAnew, WithNothingLeftThereIsNone) {
  const LookSchedule first = look_schedule({.reserve = 0}, 1200);
  EXPECT_FALSE(begun_anew(first, 1200).has_value());
  EXPECT_NEAR(due(begun_anew_unpaid(first), 1200)->non_inferior_level, 0.05, kExact);
  EXPECT_FALSE(unpaid_generation(first, 1200).has_value());
  const LookSchedule grown = unpaid_generation(first, 2400).value();
  EXPECT_NEAR(due(grown, 2400)->non_inferior_level, 0.05, kExact);
  EXPECT_NEAR(due(grown, 1200)->non_inferior_level, 0.30 / 9, kExact);
}

// scipy: the formula of items_for_non_inferior, margin 3: power 0.9 at 0.05: 986.76; power
// 0.9 + 0.05 / 2 at 0.04 * 6 / 9: 1310.87 and (20 % flips) 2545.43, at 0.005: 1867.24.
TEST(Target, PairsNeeded) {
  EXPECT_EQ(pairs_needed({}, 0.05, {}), 987);
  EXPECT_FALSE(pairs_needed({}, 0, {}).has_value());
  EXPECT_EQ(first_target({}, {}), 1311);
  EXPECT_EQ(first_target({}, {.discordance = 0.20}), 2546);
  EXPECT_EQ(first_target({}, {.design_effect = 2}), 2622);  // 2 * 1310.8669 = 2621.73
  const LookSchedule schedule = look_schedule({}, 1311);
  EXPECT_EQ(next_target(schedule, 656, {.discordance = 0.20}), 2546);
  EXPECT_EQ(next_target(schedule, 1311, {}), 1868);
  EXPECT_FALSE(next_target(single_look({}, 470), 470, {}).has_value());
}

TEST(LookSchedule, JsonAndBack) {
  const LookSchedule schedule =
      next_generation(look_schedule({.alpha = 0.03, .margin_pp = 1.5}, 1200), 2000).value();
  EXPECT_EQ(look_schedule_from(nlohmann::json::parse(to_json(schedule).dump())), schedule);
  EXPECT_EQ(to_json(single_look({}, 470)).dump(),
            R"({"alpha":0.05,"first_pairs":64,"generation":0,"looks":[{"generation":0,)"
            R"("non_inferior_level":0.05,"pairs":470,"worse_level":0.05}],"margin_pp":3.0,)"
            R"("non_inferior_left":0.0,"raised":0,"reserve":0.01,"target":470,"worse_left":0.0})");
}

}  // namespace
}  // namespace assay

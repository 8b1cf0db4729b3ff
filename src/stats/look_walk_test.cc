#include "stats/look_walk.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "stats/normal.h"

namespace assay {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

TEST(LookWalk, OneLookIsTheNormalsTail) {
  const std::vector<WalkLook> one = {{100, -kNever, 1.645}};
  EXPECT_NEAR(chance_to_end_high(one), 0.05, 1e-4);
  const std::vector<WalkLook> both = {{100, -1, 1.645}};
  EXPECT_NEAR(chance_to_end_high(both), 0.05, 1e-4);  // what ends low would not have ended high
}

// Pocock's two-sided boundaries for two and five equal steps at 5 %: 2.178 and 2.413 (C. Jennison,
// B. W. Turnbull, Group Sequential Methods, 2000, table 2.1), so half of it on each side, but for
// the walks that would pass both, of which there are next to none.
TEST(LookWalk, PococksBoundariesHaveHalfOfFivePercentAbove) {
  std::vector<WalkLook> looks = {{1, -2.178, 2.178}, {2, -2.178, 2.178}};
  EXPECT_NEAR(chance_to_end_high(looks), 0.025, 2e-4);
  looks.clear();
  for (int k = 1; k <= 5; ++k) looks.push_back({static_cast<double>(k), -2.413, 2.413});
  EXPECT_NEAR(chance_to_end_high(looks), 0.025, 2e-4);
}

// A walk that has ended low is not counted later: with a bound at the middle half of them end
// there.
TEST(LookWalk, WhatEndsLowDoesNotComeBack) {
  const std::vector<WalkLook> looks = {{1, 0, kNever}, {1e6, -kNever, -kNever}};
  EXPECT_NEAR(chance_to_end_high(looks), 0.5, 1e-3);
}

TEST(LookWalk, TwoLooksAtTheSamePlaceAreOne) {
  const std::vector<WalkLook> looks = {{4, -kNever, 2}, {4, -kNever, 2}};
  EXPECT_NEAR(chance_to_end_high(looks), 1 - normal_cdf(2), 1e-4);
}

}  // namespace
}  // namespace assay

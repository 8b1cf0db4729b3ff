#include "stats/item_pair.h"

#include <gtest/gtest.h>

#include <vector>

namespace assay {
namespace {

using Repeats = std::vector<RepeatScore>;

TEST(ItemPair, AveragesTheRepeatsThatBothHave) {
  const Repeats base = {{0, 1.0}, {1, 0.0}, {2, 1.0}, {4, 1.0}};
  const Repeats other = {{0, 0.0}, {2, 1.0}, {3, 1.0}};
  const auto pair = pair_of(base, other);
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->baseline, 1);
  EXPECT_EQ(pair->candidate, 0.5);
  EXPECT_EQ(pair->repeats, 2);
}

TEST(ItemPair, WhoeverIsFurtherHasNoMoreOfIt) {
  const Repeats far = {{0, 1.0}, {1, 0.0}, {2, 0.0}};
  const Repeats near = {{0, 1.0}};
  EXPECT_EQ(pair_of(far, near)->baseline, 1);
  EXPECT_EQ(pair_of(near, far)->candidate, 1);
}

TEST(ItemPair, NoneWithoutARepeatOfBoth) {
  const Repeats first = {{0, 1.0}, {1, std::nullopt}};
  const Repeats second = {{0, std::nullopt}, {1, 1.0}};
  EXPECT_FALSE(pair_of(first, second));
  EXPECT_FALSE(pair_of(first, Repeats()));
}

TEST(ItemPair, TogetherWeighsByRepeats) {
  const PairedScore pair = together({1, 0.5, 2}, {0, 1, 1});
  EXPECT_DOUBLE_EQ(pair.baseline, 2.0 / 3);
  EXPECT_DOUBLE_EQ(pair.candidate, 2.0 / 3);
  EXPECT_EQ(pair.repeats, 3);
}

}  // namespace
}  // namespace assay

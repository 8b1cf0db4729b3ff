#include "stats/arms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace assay {
namespace {

using testing::ElementsAre;

// `right` items of n.
std::vector<double> scores(int right, int n) {
  std::vector<double> out(static_cast<std::size_t>(n), 0);
  std::fill(out.begin(), out.begin() + right, 1.0);
  return out;
}

TEST(Arms, TellsApartWhatTheDataTellApart) {
  // 80 of 100 right; 78 of the same; 40 of the same: 40 flips one way.
  const ArmTask task{1, {scores(78, 100), scores(80, 100), scores(40, 100)}};
  const ArmRanking arms = compare_arms(std::vector{task}, 0.05);
  EXPECT_EQ(arms.items, 100);
  EXPECT_EQ(arms.best, 1U);
  EXPECT_EQ(arms.pairs, 3);
  EXPECT_THAT(arms.not_told_from_best, ElementsAre(true, true, false));
  ASSERT_EQ(arms.to_best.size(), 2U);
  EXPECT_DOUBLE_EQ(arms.to_best[0].difference, 0.02);
  EXPECT_DOUBLE_EQ(arms.to_best[1].difference, 0.40);
  // Tango's statistic at 0 is McNemar's: 40 / sqrt(40) = 6.3; two-sided 2.5e-10, three tests.
  EXPECT_NEAR(arms.to_best[1].p, 2.54e-10, 0.05e-10);
  EXPECT_NEAR(arms.to_best[1].p_adjusted, 3 * 2.54e-10, 0.2e-10);
}

TEST(Arms, WeighsTasks) {
  const std::vector<ArmTask> tasks = {{3, {scores(10, 10), scores(5, 10)}},
                                      {1, {scores(0, 20), scores(20, 20)}},
                                      {0, {scores(0, 5), scores(5, 5)}}};
  const ArmRanking arms = compare_arms(tasks, 0.05);
  EXPECT_EQ(arms.items, 30);
  EXPECT_THAT(arms.means, ElementsAre(0.75, 0.625));  // (3 * 1 + 0) / 4, (3 * 0.5 + 1) / 4
}

TEST(Arms, WithoutItemsNothingIsTold) {
  EXPECT_TRUE(compare_arms({}, 0.05).not_told_from_best.empty());
  const ArmTask none{1, {{}, {}}};
  EXPECT_THAT(compare_arms(std::vector{none}, 0.05).not_told_from_best, ElementsAre(true, true));
}

// Eight arms that are alike: any told from the best is told wrongly.
TEST(Arms, OfLikeArmsFewAreToldFromTheBestTheDataPicked) {
  std::mt19937 random(5);
  int wrong = 0;
  constexpr int kRuns = 400;
  for (int run = 0; run < kRuns; ++run) {
    ArmTask task{1, std::vector<std::vector<double>>(8)};
    for (int item = 0; item < 150; ++item) {
      const double hard = std::uniform_real_distribution<>(0.2, 1)(random);
      for (auto& arm : task.scores) arm.push_back(std::bernoulli_distribution(hard)(random));
    }
    const ArmRanking arms = compare_arms(std::vector{task}, 0.05);
    wrong += std::ranges::count(arms.not_told_from_best, false) > 0 ? 1 : 0;
  }
  // 5 % at the most; 3 standard errors of a proportion of 400 are 3.3 %.
  EXPECT_LE(wrong, kRuns * 0.083) << wrong;
}

TEST(Arms, BeyondTheMostArmsBonferroniIsNeverSmaller) {
  ArmTask task{1, {}};
  for (std::size_t arm = 0; arm <= kMostArmsByHolm; ++arm) task.scores.push_back(scores(40, 50));
  task.scores[7] = scores(10, 50);
  const ArmRanking arms = compare_arms(std::vector{task}, 0.05);
  EXPECT_EQ(arms.pairs, 20100);
  EXPECT_FALSE(arms.not_told_from_best[7]);
  EXPECT_EQ(std::ranges::count(arms.not_told_from_best, false), 1);
}

}  // namespace
}  // namespace assay

#include "stats/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support/paired_scores.h"

namespace assay {
namespace {

std::vector<Cluster> items(const std::vector<double>& values) {
  std::vector<Cluster> clusters;
  clusters.reserve(values.size());
  for (const double value : values) clusters.push_back({value, 1});
  return clusters;
}

const std::vector<double> kDifferences{0,  -.25, .5,   0,    0,  -.5, -.25, 0,    .25,
                                       -1, 0,    -.75, .25,  0,  -.5, 0,    -.25, .25,
                                       -1, 0,    0,    -.25, .5, -.5, -.125};

// scipy.stats.bootstrap(method='BCa') of scipy 1.17.1, its generator replaced by the same
// SplitMix64 counter, so that both see the same resamples.
TEST(Bootstrap, AgreesWithScipyOnTheSameResamples) {
  const auto d = bootstrap_mean(items(kDifferences), {2000, 7});
  ASSERT_TRUE(d);
  EXPECT_NEAR(d->estimate, -0.145, kTight);
  const Interval interval = bca_interval(*d, 0.95);
  EXPECT_NEAR(interval.low, -0.295, kTight);
  EXPECT_NEAR(interval.high, -0.01, kTight);
  EXPECT_NEAR(bca_lower(*d, 0.05), -0.28, kTight);
  EXPECT_NEAR(bca_upper(*d, 0.05), -0.03, kTight);
}

// The same for a ratio of sums, clusters of unequal size (paired=True, statistic sum/sum).
TEST(Bootstrap, ClustersOfUnequalSize) {
  const std::vector<double> sums{1.5, 2., 0., 3., 4.5, 1., 2.5, 0.5, 6., 2.};
  const std::vector<double> sizes{2., 3., 1., 4., 5., 2., 3., 1., 7., 2.};
  std::vector<Cluster> clusters;
  clusters.reserve(sums.size());
  for (std::size_t i = 0; i < sums.size(); ++i) clusters.push_back({sums[i], sizes[i]});
  const auto d = bootstrap_mean(clusters, {1000, 11});
  ASSERT_TRUE(d);
  EXPECT_NEAR(d->estimate, 0.7666666666666667, kTight);
  const Interval interval = bca_interval(*d, 0.95);
  EXPECT_NEAR(interval.low, 0.6521739130434783, kTight);
  EXPECT_NEAR(interval.high, 0.8420054374979951, kTight);
}

TEST(Bootstrap, SameSeedSameResamplesOtherSeedOthers) {
  const auto a = bootstrap_mean(items(kDifferences), {500, 1});
  const auto b = bootstrap_mean(items(kDifferences), {500, 1});
  const auto c = bootstrap_mean(items(kDifferences), {500, 2});
  EXPECT_EQ(a->means, b->means);
  EXPECT_NE(a->means, c->means);
}

TEST(Bootstrap, PInvertsTheBound) {
  std::vector<double> values;
  values.reserve(60);
  for (int i = 0; i < 60; ++i) values.push_back(std::sin(i * i) - 0.05);
  const auto d = bootstrap_mean(items(values), {4000, 3});
  ASSERT_TRUE(d);
  EXPECT_NEAR(bca_p_above(*d, bca_lower(*d, 0.05)), 0.05, 1e-6);
  EXPECT_NEAR(bca_p_below(*d, bca_upper(*d, 0.02)), 0.02, 1e-6);
  EXPECT_NEAR(bca_p_above(*d, -1), 1.0 / 4001, kTight);  // no resample is there
}

TEST(Bootstrap, NothingWithoutVariance) {
  EXPECT_FALSE(bootstrap_mean(items({0.1, 0.1, 0.1, 0.1, 0.1}), {100, 0}));
  EXPECT_FALSE(bootstrap_mean(items({0.3}), {100, 0}));
  EXPECT_FALSE(bootstrap_mean({}, {100, 0}));
}

}  // namespace
}  // namespace assay

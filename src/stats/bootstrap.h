// A seeded cluster bootstrap for means, with BCa limits. The same on every platform.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "stats/normal.h"

namespace assay {

// What is resampled as a whole: an item with its repeats, or a document with its tokens.
struct Cluster {
  double sum = 0;   // of the values in it
  double size = 1;  // how many values; > 0
};

struct BootstrapOptions {
  int resamples = 10000;
  std::uint64_t seed = 0;
};

// The resampled means and what BCa needs to read limits off them.
struct BootstrapDistribution {
  double estimate = 0;        // sum of sums / sum of sizes
  std::vector<double> means;  // ascending, one a resample
  double bias = 0;            // z0: normal quantile of the share of resamples below the estimate
  double acceleration = 0;    // a: skewness of the jackknife values / 6
};

// Draw r of resample s takes cluster floor(n * h / 2^64), h = random_bits(seed, s * n + r)
// (stats/random.h). Nothing with fewer than 2 clusters, or when every resample has the same mean.
[[nodiscard]] std::optional<BootstrapDistribution> bootstrap_mean(std::span<const Cluster> clusters,
                                                                  const BootstrapOptions& options);

// BCa limits (Efron, JASA 82 (1987) 171-185): one-sided 1 - tail bounds, and the two-sided
// interval. Quantiles interpolate linearly between order statistics, as scipy.stats.bootstrap does.
[[nodiscard]] double bca_lower(const BootstrapDistribution& distribution, double tail);
[[nodiscard]] double bca_upper(const BootstrapDistribution& distribution, double tail);
[[nodiscard]] Interval bca_interval(const BootstrapDistribution& distribution, double confidence);

// One-sided p by inverting the BCa bound: the tail at which it meets the value. Above is
// H0: mean <= value. Never below 1 / (resamples + 1): the resamples cannot show more.
[[nodiscard]] double bca_p_above(const BootstrapDistribution& distribution, double value);
[[nodiscard]] double bca_p_below(const BootstrapDistribution& distribution, double value);

}  // namespace assay

#include "stats/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "stats/random.h"

namespace assay {
namespace {

// Sums taken in another order differ in the last bits; means this close count as equal.
constexpr double kRounding = 1e-12;

__extension__ using Uint128 = unsigned __int128;

// Uniform on 0 .. n-1, by the high half of the 128-bit product; the bias is below n / 2^64.
std::size_t draw(std::uint64_t seed, std::uint64_t counter, std::size_t n) {
  return static_cast<std::size_t>((static_cast<Uint128>(random_bits(seed, counter)) * n) >> 64);
}

// Skewness of the leave-one-cluster-out means over 6 (Efron 1987, eq. 6.6).
double jackknife_acceleration(std::span<const Cluster> clusters, double sum, double size) {
  std::vector<double> values;
  values.reserve(clusters.size());
  double mean = 0;
  for (const Cluster& cluster : clusters) {
    values.push_back((sum - cluster.sum) / (size - cluster.size));
    mean += values.back();
  }
  mean /= static_cast<double>(values.size());
  double squares = 0;
  double cubes = 0;
  for (const double value : values) {
    const double d = mean - value;
    squares += d * d;
    cubes += d * d * d;
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

// Linear interpolation between order statistics, at `share` of the way from first to last.
double quantile(const std::vector<double>& sorted, double share) {
  const double position = std::clamp(share, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double part = position - static_cast<double>(below);
  return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

// The share of the sorted means that BCa reads the bound at normal quantile z from.
double bca_share(const BootstrapDistribution& d, double z) {
  const double shifted = d.bias + z;
  const double scale = 1 - d.acceleration * shifted;
  if (scale <= 0) return shifted > 0 ? 1 : 0;  // beyond what the correction can reach
  return normal_cdf(d.bias + shifted / scale);
}

// The largest share at which the quantile is still <= value.
double share_up_to(const std::vector<double>& sorted, double value) {
  const auto after = std::upper_bound(sorted.begin(), sorted.end(), value);
  const auto last = static_cast<double>(sorted.size() - 1);
  if (after == sorted.begin()) return 0;
  if (after == sorted.end()) return 1;
  const double below = *(after - 1);
  const auto index = static_cast<double>(after - sorted.begin() - 1);
  return (index + (value - below) / (*after - below)) / last;
}

// The smallest share at which the quantile is already >= value.
double share_from(const std::vector<double>& sorted, double value) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
  const auto last = static_cast<double>(sorted.size() - 1);
  if (at == sorted.begin()) return 0;
  if (at == sorted.end()) return 1;
  const double below = *(at - 1);
  const auto index = static_cast<double>(at - sorted.begin() - 1);
  return (index + (value - below) / (*at - below)) / last;
}

// The normal quantile z whose bound BCa reads at `share`: bca_share solved for z.
double bca_quantile_of_share(const BootstrapDistribution& d, double share) {
  const double edge = 1 / (static_cast<double>(d.means.size()) + 1);
  const double u = normal_quantile(std::clamp(share, edge, 1 - edge)) - d.bias;
  const double scale = 1 + d.acceleration * u;
  if (scale <= 0) return u > 0 ? 40 : -40;
  return u / scale - d.bias;
}

double at_least_one_resample(const BootstrapDistribution& d, double p) {
  return std::max(p, 1 / (static_cast<double>(d.means.size()) + 1));
}

}  // namespace

std::optional<BootstrapDistribution> bootstrap_mean(std::span<const Cluster> clusters,
                                                    const BootstrapOptions& options) {
  const std::size_t n = clusters.size();
  if (n < 2 || options.resamples < 2) return std::nullopt;
  double sum = 0;
  double size = 0;
  for (const Cluster& cluster : clusters) {
    sum += cluster.sum;
    size += cluster.size;
  }
  BootstrapDistribution d;
  d.estimate = sum / size;
  d.means.reserve(static_cast<std::size_t>(options.resamples));
  std::uint64_t counter = 0;
  for (int s = 0; s < options.resamples; ++s) {
    double resampled_sum = 0;
    double resampled_size = 0;
    for (std::size_t r = 0; r < n; ++r) {
      const Cluster& cluster = clusters[draw(options.seed, counter++, n)];
      resampled_sum += cluster.sum;
      resampled_size += cluster.size;
    }
    d.means.push_back(resampled_sum / resampled_size);
  }
  std::sort(d.means.begin(), d.means.end());
  const double rounding = kRounding * std::max(1.0, std::abs(d.estimate));
  if (d.means.back() - d.means.front() <= rounding) return std::nullopt;

  const auto below = std::lower_bound(d.means.begin(), d.means.end(), d.estimate - rounding);
  const auto above = std::upper_bound(d.means.begin(), d.means.end(), d.estimate + rounding);
  const auto total = static_cast<double>(d.means.size());
  const double share = (static_cast<double>(below - d.means.begin()) +
                        static_cast<double>(above - d.means.begin())) /
                       (2 * total);
  d.bias = normal_quantile(std::clamp(share, 0.5 / total, 1 - 0.5 / total));
  d.acceleration = jackknife_acceleration(clusters, sum, size);
  return d;
}

double bca_lower(const BootstrapDistribution& distribution, double tail) {
  return quantile(distribution.means, bca_share(distribution, normal_quantile(tail)));
}

double bca_upper(const BootstrapDistribution& distribution, double tail) {
  return quantile(distribution.means, bca_share(distribution, -normal_quantile(tail)));
}

Interval bca_interval(const BootstrapDistribution& distribution, double confidence) {
  const double tail = 0.5 * (1 - confidence);
  return {bca_lower(distribution, tail), bca_upper(distribution, tail)};
}

double bca_p_above(const BootstrapDistribution& distribution, double value) {
  const double z =
      bca_quantile_of_share(distribution, share_up_to(distribution.means, value + kRounding));
  return at_least_one_resample(distribution, normal_cdf(z));
}

double bca_p_below(const BootstrapDistribution& distribution, double value) {
  const double z =
      bca_quantile_of_share(distribution, share_from(distribution.means, value - kRounding));
  return at_least_one_resample(distribution, normal_tail(z));
}

}  // namespace assay

#include "stats/exact.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "stats/normal.h"

namespace assay {
namespace {

constexpr int kGridPoints = 160;
constexpr int kRefinements = 24;
constexpr double kNegligible = 1e-14;

// Every table of n pairs whose statistic reaches the threshold: for each number of flips to wrong,
// the fewest flips to right that do (n + 1: none does).
std::vector<std::int64_t> rejection_region(std::int64_t n, double delta, double threshold) {
  std::vector<std::int64_t> fewest_up(static_cast<std::size_t>(n) + 1, n + 1);
  std::int64_t up = 0;
  for (std::int64_t down = 0; down <= n; ++down) {
    // More flips to wrong never need fewer flips to right (Barnard's convexity holds for Tango's
    // statistic), so the search goes on where the last one ended.
    while (up + down <= n &&
           tango_statistic({0, down, up, n - down - up}, delta) < threshold - kTie) {
      ++up;
    }
    if (up + down > n) break;
    fewest_up[static_cast<std::size_t>(down)] = up;
  }
  return fewest_up;
}

// The region's probability when the chance of a flip to wrong is p_down and to right p_up.
double region_probability(const std::vector<std::int64_t>& fewest_up, double p_down, double p_up) {
  const auto n = static_cast<std::int64_t>(fewest_up.size()) - 1;
  const double p_up_given = p_down < 1 ? std::min(1.0, p_up / (1 - p_down)) : 0;
  const auto total = static_cast<double>(n);
  double sum = 0;
  for (std::int64_t down = 0; down <= n; ++down) {
    const std::int64_t up = fewest_up[static_cast<std::size_t>(down)];
    if (up > n) break;
    const auto k = static_cast<double>(down);
    double probability = 0;
    if (p_down <= 0) {
      probability = down == 0 ? 1 : 0;
    } else if (p_down >= 1) {
      probability = down == n ? 1 : 0;
    } else {
      probability =
          std::exp(std::lgamma(total + 1) - std::lgamma(k + 1) - std::lgamma(total - k + 1) +
                   k * std::log(p_down) + (total - k) * std::log1p(-p_down));
    }
    if (probability < kNegligible) {
      if (k > total * p_down) break;
      continue;
    }
    sum += probability * binomial_tail(up, n - down, p_up_given);
  }
  return std::min(1.0, sum);
}

}  // namespace

double exact_size(std::int64_t n, double delta, double threshold) {
  const std::vector<std::int64_t> region = rejection_region(n, delta, threshold);
  if (region.front() > n) return 0;
  // t in [0, 1] runs over the discordance from |delta| to 1, densest where it is small.
  const auto probability_at = [&](double t) {
    const double discordance = std::abs(delta) + (1 - std::abs(delta)) * t * t;
    return region_probability(region, std::max(0.0, 0.5 * (discordance - delta)),
                              std::max(0.0, 0.5 * (discordance + delta)));
  };
  double best = 0;
  int best_point = 0;
  for (int i = 0; i <= kGridPoints; ++i) {
    const double value = probability_at(static_cast<double>(i) / kGridPoints);
    if (value > best) {
      best = value;
      best_point = i;
    }
  }
  double low = static_cast<double>(std::max(0, best_point - 1)) / kGridPoints;
  double high = static_cast<double>(std::min(kGridPoints, best_point + 1)) / kGridPoints;
  for (int i = 0; i < kRefinements; ++i) {  // ternary search around the best grid point
    const double left = low + (high - low) / 3;
    const double right = high - (high - low) / 3;
    const double at_left = probability_at(left);
    const double at_right = probability_at(right);
    best = std::max({best, at_left, at_right});
    (at_left < at_right ? low : high) = at_left < at_right ? left : right;
  }
  return best;
}

double exact_critical_value(std::int64_t n, double delta, double alpha) {
  const double least = normal_quantile(1 - alpha);
  std::vector<double> values;
  for (std::int64_t down = 0; down <= n; ++down) {
    for (std::int64_t up = 0; up + down <= n; ++up) {
      const double value = tango_statistic({0, down, up, n - down - up}, delta);
      if (value > least) values.push_back(value);
    }
  }
  std::sort(values.begin(), values.end());
  // The size falls as the threshold rises.
  const auto first = std::partition_point(values.begin(), values.end(), [&](double value) {
    return !(exact_size(n, delta, value) < alpha);
  });
  return first == values.end() ? std::numeric_limits<double>::infinity() : *first;
}

double exact_rejection_probability(std::int64_t n, double delta, double critical_value,
                                   double p_down, double p_up) {
  return region_probability(rejection_region(n, delta, critical_value), p_down, p_up);
}

double exact_p_above(const PairedCounts& counts, double delta) {
  return exact_size(counts.n(), delta, tango_statistic(counts, delta));
}

double exact_p_below(const PairedCounts& counts, double delta) {
  return exact_p_above(counts.swapped(), -delta);
}

}  // namespace assay

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

// P(X = k) for X ~ Binomial(n, p), 0 < p < 1.
double binomial_probability(std::int64_t n, std::int64_t k, double p) {
  const auto total = static_cast<double>(n);
  const auto some = static_cast<double>(k);
  return std::exp(std::lgamma(total + 1) - std::lgamma(some + 1) - std::lgamma(total - some + 1) +
                  some * std::log(p) + (total - some) * std::log1p(-p));
}

// How far from its mean a binomial number may lie: beyond is less than 1e-17 (Bernstein's
// inequality).
double reach_of(std::int64_t n, double p) {
  return 9 * std::sqrt(static_cast<double>(n) * p * (1 - p)) + 30;
}

// P(X >= k) for X ~ Binomial(n, p), one (n, k) after the other, n falling and k rising: each is had
// from the one before it, which is a hundred times faster than a tail of its own.
class FallingTail {
 public:
  explicit FallingTail(double p) : p_(p) {}

  double at(std::int64_t n, std::int64_t k) {
    const double distance = static_cast<double>(k) - static_cast<double>(n) * p_;
    if (p_ <= 0 || p_ >= 1 || std::abs(distance) > reach_of(n, p_)) {
      known_ = false;
      return k > 0 && (p_ <= 0 || distance > 0) ? 0 : 1;
    }
    if (known_) {
      step_to(n, k);
    } else {
      n_ = n;
      k_ = k;
      tail_ = binomial_tail(k, n, p_);
      at_k_ = binomial_probability(n, k, p_);
      known_ = true;
    }
    return tail_;
  }

 private:
  void step_to(std::int64_t n, std::int64_t k) {
    for (; n_ > n; --n_) {
      const auto total = static_cast<double>(n_);
      const auto some = static_cast<double>(k_);
      tail_ -= at_k_ * some / total;  // k in n with the last one a success: no longer enough
      at_k_ *= (total - some) / total / (1 - p_);
    }
    for (; k_ < k; ++k_) {
      tail_ -= at_k_;
      at_k_ *= static_cast<double>(n_ - k_) / static_cast<double>(k_ + 1) * p_ / (1 - p_);
    }
  }

  double p_;
  bool known_ = false;
  std::int64_t n_ = 0;
  std::int64_t k_ = 0;
  double tail_ = 1;
  double at_k_ = 0;  // P(X = k)
};

// The region's probability when the chance of a flip to wrong is p_down and to right p_up.
double region_probability(const std::vector<std::int64_t>& fewest_up, double p_down, double p_up) {
  const auto n = static_cast<std::int64_t>(fewest_up.size()) - 1;
  if (p_down >= 1) return fewest_up.back() <= 0 ? 1 : 0;
  FallingTail tail(std::min(1.0, p_up / (1 - p_down)));
  if (p_down <= 0) return tail.at(n, fewest_up.front());
  const double mean = static_cast<double>(n) * p_down;
  const double reach = reach_of(n, p_down);
  const auto first = std::max<std::int64_t>(0, std::llround(mean - reach));
  const auto last = std::min<std::int64_t>(n, std::llround(mean + reach));
  double probability = binomial_probability(n, first, p_down);
  double sum = 0;
  for (std::int64_t down = first; down <= last; ++down) {
    const std::int64_t up = fewest_up[static_cast<std::size_t>(down)];
    if (up > n - down) break;
    sum += probability * tail.at(n - down, up);
    probability *=
        static_cast<double>(n - down) / static_cast<double>(down + 1) * p_down / (1 - p_down);
  }
  return std::clamp(sum, 0.0, 1.0);
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

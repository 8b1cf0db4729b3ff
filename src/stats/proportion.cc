#include "stats/proportion.h"

#include <algorithm>
#include <cmath>

namespace assay {
namespace {

Interval wilson_at(double successes, double n, double z) {
  if (n <= 0) return {0, 1};
  const double p = std::clamp(successes / n, 0.0, 1.0);
  const double z2 = z * z;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = z / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  // At p = 0 and p = 1 the end is the proportion itself, but for rounding.
  return {p <= 0 ? 0 : std::max(0.0, centre - half), p >= 1 ? 1 : std::min(1.0, centre + half)};
}

Interval newcombe_at(const Proportion& baseline, const Proportion& candidate, double z) {
  if (baseline.n <= 0 || candidate.n <= 0) return {-1, 1};
  const double base = baseline.successes / baseline.n;
  const double cand = candidate.successes / candidate.n;
  const Interval b = wilson_at(baseline.successes, baseline.n, z);
  const Interval c = wilson_at(candidate.successes, candidate.n, z);
  return {cand - base - std::hypot(cand - c.low, b.high - base),
          cand - base + std::hypot(c.high - cand, base - b.low)};
}

}  // namespace

Interval wilson_interval(double successes, double n, double confidence) {
  return wilson_at(successes, n, -normal_quantile(0.5 * (1 - confidence)));
}

Interval newcombe_interval(const Proportion& baseline, const Proportion& candidate,
                           double confidence) {
  return newcombe_at(baseline, candidate, -normal_quantile(0.5 * (1 - confidence)));
}

double newcombe_p_above(const Proportion& baseline, const Proportion& candidate, double delta) {
  if (baseline.n <= 0 || candidate.n <= 0) return 1;
  const double estimate = candidate.successes / candidate.n - baseline.successes / baseline.n;
  if (std::isnan(estimate - delta)) return estimate - delta;  // halving would end on some z
  if (estimate < delta) return 1 - newcombe_p_below(baseline, candidate, delta);
  // The lower bound falls as z grows; find the z at which it meets delta.
  double low = 0;
  double high = 40;
  for (int i = 0; i < 100; ++i) {
    const double z = 0.5 * (low + high);
    (newcombe_at(baseline, candidate, z).low > delta ? low : high) = z;
  }
  return normal_tail(0.5 * (low + high));
}

double newcombe_p_below(const Proportion& baseline, const Proportion& candidate, double delta) {
  return newcombe_p_above(candidate, baseline, -delta);
}

std::optional<double> pass_at_k(std::int64_t n, std::int64_t correct, std::int64_t k) {
  if (k < 1 || k > n || correct < 0 || correct > n) return std::nullopt;
  if (n - correct < k) return 1.0;
  double all_fail = 1;
  for (std::int64_t i = n - correct + 1; i <= n; ++i) {
    all_fail *= 1 - static_cast<double>(k) / static_cast<double>(i);
  }
  return 1 - all_fail;
}

MeanPassAtK mean_pass_at_k(std::span<const Samples> items, std::int64_t k) {
  MeanPassAtK out;
  for (const Samples& item : items) {
    const auto value = pass_at_k(item.n, item.correct, k);
    if (!value) continue;
    out.mean += *value;
    ++out.items;
  }
  if (out.items > 0) out.mean /= static_cast<double>(out.items);
  return out;
}

}  // namespace assay

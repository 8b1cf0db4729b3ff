#include "stats/paired.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace assay {
namespace {

// The larger root of a x^2 + b x + c, with a > 0 and c <= 0, free of cancellation.
double positive_root(double a, double b, double c) {
  const double root = std::sqrt(std::max(0.0, b * b - 4 * a * c));
  if (b <= 0) return (root - b) / (2 * a);
  return -2 * c / (b + root);
}

}  // namespace

double PairedCounts::difference() const {
  if (n() == 0) return 0;
  return static_cast<double>(flips_to_right - flips_to_wrong) / static_cast<double>(n());
}

PairedCounts PairedCounts::swapped() const {
  return {both_right, flips_to_right, flips_to_wrong, both_wrong};
}

double tango_statistic(const PairedCounts& counts, double delta) {
  // The quadratic below needs delta >= 0; the other half is its mirror image.
  if (delta < 0) return -tango_statistic(counts.swapped(), -delta);
  const auto n = static_cast<double>(counts.n());
  const auto down = static_cast<double>(counts.flips_to_wrong);
  const auto up = static_cast<double>(counts.flips_to_right);
  // Maximum-likelihood probability of a flip to wrong, given that flips to right are delta
  // likelier.
  const double p_down =
      positive_root(2 * n, (2 * n + down - up) * delta - (down + up), -down * delta * (1 - delta));
  const double variance = n * (2 * p_down + delta * (1 - delta));
  const double numerator = up - down - n * delta;
  if (!(variance <= 0)) return numerator / std::sqrt(variance);  // NaN stays NaN
  if (numerator == 0) return 0;
  return std::copysign(std::numeric_limits<double>::infinity(), numerator);
}

double tango_lower(const PairedCounts& counts, double tail) {
  const double z = -normal_quantile(tail);
  double low = -1;
  double high = counts.difference();
  if (high <= -1) return -1;
  // The statistic falls from +inf at -1 to 0 at the estimate; halve until doubles run out.
  for (int i = 0; i < 200; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    (tango_statistic(counts, middle) >= z ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

double tango_upper(const PairedCounts& counts, double tail) {
  return -tango_lower(counts.swapped(), tail);
}

Interval tango_interval(const PairedCounts& counts, double confidence) {
  const double tail = 0.5 * (1 - confidence);
  return {tango_lower(counts, tail), tango_upper(counts, tail)};
}

double tango_p_above(const PairedCounts& counts, double delta) {
  return normal_tail(tango_statistic(counts, delta));
}

double tango_p_below(const PairedCounts& counts, double delta) {
  return normal_cdf(tango_statistic(counts, delta));
}

double mcnemar_exact_p(std::int64_t flips_to_wrong, std::int64_t flips_to_right) {
  const std::int64_t total = flips_to_wrong + flips_to_right;
  const std::int64_t larger = std::max(flips_to_wrong, flips_to_right);
  return std::min(1.0, 2 * binomial_tail(larger, total, 0.5));
}

double mcnemar_mid_p(std::int64_t flips_to_wrong, std::int64_t flips_to_right) {
  const std::int64_t total = flips_to_wrong + flips_to_right;
  if (total == 0) return 1;
  const std::int64_t larger = std::max(flips_to_wrong, flips_to_right);
  // 2 (P(X > larger) + P(X = larger) / 2) = P(X >= larger) + P(X >= larger + 1)
  return std::min(1.0, binomial_tail(larger, total, 0.5) + binomial_tail(larger + 1, total, 0.5));
}

}  // namespace assay

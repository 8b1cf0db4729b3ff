#include "nel_gate.h"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "sim.h"

namespace assay::sim {
namespace {

constexpr std::int64_t kFewestItems = 10;

// Its limits are rounded to six decimals before they are compared.
bool within(double lower, double margin) {
  return std::round(-lower * 1e6) <= std::round(margin * 1e6);
}

}  // namespace

double nel_quantile(std::int64_t n) {
  const boost::math::students_t distribution(static_cast<double>(n - 1));
  return boost::math::quantile(distribution, 0.975);
}

bool nel_passes(const Flips& flips, double t, double margin) {
  if (flips.n < kFewestItems) return false;
  const auto n = static_cast<double>(flips.n);
  const double mean = static_cast<double>(flips.to_right - flips.to_wrong) / n;
  const double squares = static_cast<double>(flips.to_right + flips.to_wrong);
  const double variance = (squares - n * mean * mean) / (n - 1);
  return within(mean - t * std::sqrt(variance / n), margin);
}

bool nel_passes_by_category(std::span<const Flips> categories, double margin) {
  double n = 0;
  double sum = 0;
  for (const Flips& category : categories) {
    n += static_cast<double>(category.n);
    sum += static_cast<double>(category.to_right - category.to_wrong);
  }
  if (n < kFewestItems) return false;
  const double mean = sum / n;
  double squares = 0;
  for (const Flips& category : categories) {
    const double rest = static_cast<double>(category.to_right - category.to_wrong) -
                        mean * static_cast<double>(category.n);
    squares += rest * rest;
  }
  const auto groups = static_cast<double>(categories.size());
  return within(mean - kZ95 * std::sqrt(groups / (groups - 1) * squares) / n, margin);
}

}  // namespace assay::sim

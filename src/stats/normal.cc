#include "stats/normal.h"

#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>

namespace assay {

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normal_tail(double z) {
  return 0.5 * std::erfc(z / std::numbers::sqrt2);
}

double normal_quantile(double probability) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (probability <= 0) return -infinity;
  if (probability >= 1) return infinity;
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * probability);
}

double binomial_tail(std::int64_t k, std::int64_t n, double probability) {
  if (k <= 0) return 1;
  if (k > n || probability <= 0) return 0;
  if (probability >= 1) return 1;
  return boost::math::ibeta(static_cast<double>(k), static_cast<double>(n - k + 1), probability);
}

}  // namespace assay

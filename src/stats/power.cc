#include "stats/power.h"

#include <algorithm>
#include <cmath>

#include "stats/exact.h"
#include "stats/normal.h"
#include "stats/paired.h"

namespace assay {
namespace {

constexpr double kMostItems = 1e12;  // beyond this "never" is the honest answer

std::optional<std::int64_t> whole_items(double items) {
  if (!(items <= kMostItems)) return std::nullopt;
  // A hair below an integer is that integer: rounding must not ask for one more.
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(items - 1e-9)));
}

// Limit of Tango's restricted variance (per item) at difference -margin when the true discordance
// and difference are these: the root of 2 x^2 + (...) x - ... with frequencies for counts.
double restricted_variance(double discordance, double difference, double margin) {
  const double down = std::max(0.0, 0.5 * (discordance - difference));
  const double up = std::max(0.0, 0.5 * (discordance + difference));
  // Mirrored, as in tango_statistic: the rarer direction under the hypothesis is "up".
  const double b = (2 + up - down) * margin - (up + down);
  const double c = -up * margin * (1 - margin);
  const double root = std::sqrt(std::max(0.0, b * b - 8 * c));
  const double p = b <= 0 ? (root - b) / 4 : -2 * c / (b + root);
  return 2 * p + margin * (1 - margin);
}

// The least drop in [0, 1] from which on it is reached, by bisection; nothing when 1 is not enough.
template <typename Reached>
std::optional<double> least_reached(const Reached& reached, int halvings) {
  if (!reached(1)) return std::nullopt;
  double low = 0;
  double high = 1;
  for (int i = 0; i < halvings; ++i) {
    const double middle = 0.5 * (low + high);
    (reached(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace

std::optional<double> smallest_detectable_difference(std::int64_t n,
                                                     const PowerAssumptions& assume) {
  if (n < 1) return std::nullopt;
  const double z_alpha = -normal_quantile(assume.alpha);
  const double z_power = normal_quantile(assume.power);
  const auto reached = [&](double d) {
    const double psi = std::max(assume.discordance, d);
    const double needed = z_alpha * std::sqrt(psi) + z_power * std::sqrt(psi - d * d);
    return static_cast<double>(n) * d * d >= assume.design_effect * needed * needed;
  };
  return least_reached(reached, 100);
}

std::optional<double> smallest_detectable_drop(std::int64_t n, const PowerAssumptions& assume) {
  if (n < 1 || n > kMostEnumeratedItems || assume.design_effect != 1) {
    return smallest_detectable_difference(n, assume);
  }
  // WORSE mirrored: H0 "the baseline is not above", the flips to wrong in its favour.
  const double critical = exact_critical_value(n, 0, assume.alpha);
  if (!std::isfinite(critical)) return std::nullopt;
  const auto reached = [&](double d) {
    const double psi = std::max(assume.discordance, d);
    return exact_rejection_probability(n, 0, critical, 0.5 * (psi - d), 0.5 * (psi + d)) >=
           assume.power;
  };
  return least_reached(reached, 40);
}

double power_of_non_inferior(std::int64_t n, double margin, const PowerAssumptions& assume) {
  if (n < 1) return 0;
  const double v0 = restricted_variance(assume.discordance, 0, margin);
  const double room = margin * std::sqrt(static_cast<double>(n) / assume.design_effect);
  const double over = room + normal_quantile(assume.alpha) * std::sqrt(v0);
  if (assume.discordance <= 0) return over > 0 ? 1 : 0;
  return normal_cdf(over / std::sqrt(assume.discordance));
}

std::optional<std::int64_t> items_for_non_inferior(double margin, double true_difference,
                                                   const PowerAssumptions& assume) {
  const double room = margin + true_difference;
  if (!(room > 0)) return std::nullopt;
  const double psi = std::max(assume.discordance, std::abs(true_difference));
  const double v0 = restricted_variance(psi, true_difference, margin);
  const double v1 = std::max(0.0, psi - true_difference * true_difference);
  const double root = (-normal_quantile(assume.alpha) * std::sqrt(v0) +
                       normal_quantile(assume.power) * std::sqrt(v1)) /
                      room;
  const auto items = whole_items(assume.design_effect * root * root);
  if (!items) return std::nullopt;
  return std::max(*items, fewest_items_non_inferior(margin, assume.alpha));
}

std::optional<std::int64_t> items_for_worse(double true_difference,
                                            const PowerAssumptions& assume) {
  if (!(true_difference < 0)) return std::nullopt;
  const double d = -true_difference;
  const double psi = std::max(assume.discordance, d);
  const double root = (-normal_quantile(assume.alpha) * std::sqrt(psi) +
                       normal_quantile(assume.power) * std::sqrt(std::max(0.0, psi - d * d))) /
                      d;
  const auto items = whole_items(assume.design_effect * root * root);
  if (!items) return std::nullopt;
  return std::max(*items, fewest_items_worse(assume.alpha));
}

namespace {

// Below it 1 - margin has no digits left to count items by.
constexpr double kLeastMargin = 1e-9;

}  // namespace

std::int64_t fewest_items_tango(double margin, double alpha) {
  if (!(margin >= kLeastMargin && alpha > 0)) return static_cast<std::int64_t>(kMostItems);
  // Without discordant pairs the statistic at -margin is sqrt(n margin / (1 - margin)).
  const double z = normal_quantile(alpha);
  auto n = static_cast<std::int64_t>(std::floor(z * z * (1 - margin) / margin));
  do {
    ++n;
  } while (!(tango_p_above({n, 0, 0, 0}, -margin) < alpha));
  return n;
}

std::int64_t fewest_items_non_inferior(double margin, double alpha) {
  if (!(margin >= kLeastMargin && alpha > 0)) return static_cast<std::int64_t>(kMostItems);
  // The exact p of no discordant pair is (1 - margin)^n.
  auto n = static_cast<std::int64_t>(std::floor(std::log(alpha) / std::log1p(-margin)));
  while (!(std::pow(1 - margin, static_cast<double>(n)) < alpha)) ++n;
  return std::max(n, fewest_items_tango(margin, alpha));
}

std::int64_t fewest_items_worse(double alpha) {
  // All n flip to wrong: exact p 2^-n, and Tango's statistic at 0 is -sqrt(n).
  std::int64_t n = 1;
  while (!(std::exp2(-static_cast<double>(n)) < alpha) ||
         !(normal_cdf(-std::sqrt(static_cast<double>(n))) < alpha)) {
    ++n;
  }
  return n;
}

BestVerdict best_verdict(std::int64_t n, double margin, double alpha) {
  BestVerdict best;
  best.items_needed = fewest_items_non_inferior(margin, alpha);
  best.can_show_worse = n >= fewest_items_worse(alpha);
  if (n <= 0) {
    best.best = Verdict::not_available;
  } else if (n >= best.items_needed) {
    best.best = Verdict::non_inferior;
  }
  return best;
}

}  // namespace assay

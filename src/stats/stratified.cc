#include "stats/stratified.h"

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "stats/paired.h"
#include "stats/random.h"

namespace assay {
namespace {

constexpr double kFarOut = 1e6;           // stands for an infinite statistic
constexpr double kLargestExponent = 700;  // exp of it still fits a double
constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// Sums of some 100,000 rounded terms are this exact; closer than this the data and a supposed value
// are the same.
constexpr double kSameValue = 1e-12;

// One stratum's likeliest distribution under a tilt: item i has probability n_i / gap_i, gap_i its
// mu - tilt d_i, and the unobserved end in the tilt's direction `unseen`. Everything is reckoned
// from the smallest gap, that of the observed value the tilt favours most: mu and tilt d_i
// themselves grow far beyond the counts, and in their difference the counts would be rounded away.
struct Tilted {
  double tilt = 0;
  double least_gap = 0;
  double unseen = 0;
  double mean = 0;
  double variance = 0;
};

double toward(double tilt) {
  return tilt < 0 ? -1 : 1;
}

double favoured(const Stratum& stratum, double tilt) {
  return tilt < 0 ? stratum.values.front().first : stratum.values.back().first;
}

// Calls back with each observed value, its count and its gap.
template <typename Visit>
void for_each_gap(const Stratum& stratum, double tilt, double least_gap, const Visit& visit) {
  const double steepest = favoured(stratum, tilt);
  for (const auto& [d, count] : stratum.values) {
    visit(d, count, least_gap + std::abs(tilt) * std::abs(steepest - d));
  }
}

// Sum of n_i / gap_i, minus 1; infinite where a gap is 0.
double excess(const Stratum& stratum, double tilt, double least_gap) {
  double sum = -1;
  for_each_gap(stratum, tilt, least_gap,
               [&](double, double count, double gap) { sum += count / gap; });
  return sum;
}

// The least gap at which the probabilities sum to 1, from a value at which they sum to 1 or more:
// the excess is convex and falls, so Newton climbs to its root from the left.
double solved_gap(const Stratum& stratum, double tilt, double from) {
  double least_gap = from;
  for (int i = 0; i < 100; ++i) {
    double slope = 0;
    for_each_gap(stratum, tilt, least_gap,
                 [&](double, double count, double gap) { slope += count / gap / gap; });
    const double next = least_gap + excess(stratum, tilt, least_gap) / slope;
    if (!(next > least_gap)) break;
    least_gap = next;
  }
  return least_gap;
}

// A least gap at which the probabilities sum to 1 or more, near the one at which they sum to 1.
double below_least_gap(const Stratum& stratum, double tilt) {
  // No probability exceeds 1, so no gap is below its count.
  const double count = tilt < 0 ? stratum.values.front().second : stratum.values.back().second;
  // And as 1 / gap is convex, the sum is at least n over the mean gap, which is n here.
  double n = 0;
  double beyond = 0;
  for_each_gap(stratum, tilt, 0, [&](double, double items, double gap) {
    n += items;
    beyond += items * gap;
  });
  return std::max(count, n - beyond / n);
}

// Maximises sum n_i log p_i + tilt * sum p_i d_i over distributions on the observed d_i and +-1.
// Stationarity gives p_i = n_i / (mu - tilt d_i) with mu making them sum to 1; when that mu would
// be below |tilt| the unobserved end takes the rest, with mu = |tilt|.
Tilted tilted(const Stratum& stratum, double tilt) {
  const double end = toward(tilt);
  Tilted t{tilt, std::abs(tilt) * std::abs(end - favoured(stratum, tilt)), 0, 0, 0};
  const double at_end = excess(stratum, tilt, t.least_gap);
  if (at_end <= 0) {
    t.unseen = -at_end;
  } else {
    t.least_gap = solved_gap(stratum, tilt, std::max(below_least_gap(stratum, tilt), t.least_gap));
  }
  t.mean = t.unseen * end;
  for_each_gap(stratum, tilt, t.least_gap,
               [&](double d, double n, double gap) { t.mean += n / gap * d; });
  t.variance = t.unseen * (end - t.mean) * (end - t.mean);
  for_each_gap(stratum, tilt, t.least_gap, [&](double d, double n, double gap) {
    t.variance += n / gap * (d - t.mean) * (d - t.mean);
  });
  return t;
}

// The strata that have items, weights summing to 1.
std::vector<Stratum> scaled(std::span<const Stratum> strata) {
  std::vector<Stratum> kept;
  double largest = 0;
  for (const Stratum& stratum : strata) {
    if (!stratum.values.empty()) largest = std::max(largest, stratum.weight);
  }
  double total = 0;
  for (const Stratum& stratum : strata) {
    if (stratum.values.empty() || !(stratum.weight > 0)) continue;
    // Scaled by the largest first: the weights' sum may not fit a double.
    kept.push_back({stratum.weight / largest, stratum.values});
    total += kept.back().weight;
  }
  std::erase_if(kept, [](const Stratum& stratum) { return stratum.weight == 0; });
  for (Stratum& stratum : kept) stratum.weight /= total;
  return kept;
}

double estimate_of(const std::vector<Stratum>& strata) {
  double sum = 0;
  for (const Stratum& stratum : strata) sum += stratum.weight * stratum.mean();
  return sum;
}

struct Point {
  double multiplier = 0;
  double delta = 0;      // the weighted mean under the tilts
  double statistic = 0;  // of the hypothesis that it is the true one
};

// What the variance is divided by: n, and n - 1 where several strata each lose a degree of freedom
// (n / 2 for a single item, whose variance is all assumption).
double freedom(const Stratum& stratum, std::size_t strata) {
  const double n = stratum.n();
  return strata > 1 ? std::max(n - 1, 0.5 * n) : n;
}

// One multiplier for the one constraint; a stratum's own tilt is multiplier * weight.
Point point_at(const std::vector<Stratum>& strata, double estimate, double multiplier) {
  Point point{multiplier, 0, 0};
  double variance = 0;
  for (const Stratum& stratum : strata) {
    const Tilted m = tilted(stratum, multiplier * stratum.weight);
    point.delta += stratum.weight * m.mean;
    variance += stratum.weight * stratum.weight * m.variance / freedom(stratum, strata.size());
  }
  const double gap = estimate - point.delta;
  if (std::abs(gap) <= kSameValue) return point;  // over a variance of 0 it would be anything
  point.statistic = std::clamp(gap / std::sqrt(variance), -kFarOut, kFarOut);
  return point;
}

// The logarithm of a multiplier that the one looked for is likely to be near; none: anywhere.
using LogGuess = std::optional<double>;

// The point, walking from the estimate towards `direction`, where `goal` (negative near the
// estimate, positive far from it) is 0. The multiplier's logarithm is bracketed around the guess,
// at the widest between far below and far above n / weight of every stratum. A goal that is no
// number gives a point of none.
template <typename Goal>
Point walk(const std::vector<Stratum>& strata, double estimate, double direction, const Goal& goal,
           LogGuess near = std::nullopt) {
  double smallest = std::numeric_limits<double>::infinity();
  double largest = 0;
  for (const Stratum& stratum : strata) {
    smallest = std::min(smallest, stratum.n() / stratum.weight);
    largest = std::max(largest, stratum.n() / stratum.weight);
  }
  const auto at = [&](double log_multiplier) {
    return point_at(strata, estimate, direction * std::exp(log_multiplier));
  };
  const auto value = [&](double log_multiplier) { return goal(at(log_multiplier)); };
  const double lowest = std::log(smallest) - 40;
  const double highest = std::min(std::log(largest) + 30, kLargestExponent);
  double reach = near ? 0.1 : highest - lowest;
  double low = std::clamp(near.value_or(lowest) - reach, lowest, highest);
  double high = std::clamp(near.value_or(lowest) + reach, lowest, highest);
  double at_low = value(low);
  double at_high = value(high);
  while (at_low >= 0 && low > lowest) {
    high = std::exchange(low, std::max(lowest, low - (reach *= 4)));
    at_high = std::exchange(at_low, value(low));
  }
  while (at_high <= 0 && high < highest) {
    low = std::exchange(high, std::min(highest, high + (reach *= 4)));
    at_low = std::exchange(at_high, value(high));
  }
  if (std::isnan(at_low) || std::isnan(at_high)) return {kNoNumber, kNoNumber, kNoNumber};
  if (at_low >= 0) return at(low);
  if (at_high <= 0) return at(high);
  std::uintmax_t steps = 300;
  const auto [left, right] = boost::math::tools::toms748_solve(
      value, low, high, at_low, at_high, boost::math::tools::eps_tolerance<double>(51), steps);
  return at(0.5 * (left + right));
}

// The multiplier that moves the mean by this much where it still moves in proportion: by the
// variance of the estimate for each unit.
LogGuess multiplier_for(const std::vector<Stratum>& strata, double distance) {
  double variance = 0;
  for (const Stratum& stratum : strata) {
    const double mean = stratum.mean();
    variance +=
        stratum.weight * stratum.weight * (stratum.mean_square() - mean * mean) / stratum.n();
  }
  const double guess = std::log(distance / variance);
  return std::isfinite(guess) ? LogGuess(guess) : std::nullopt;
}

// The point whose weighted mean is delta.
Point point_with(const std::vector<Stratum>& strata, double estimate, double delta) {
  const LogGuess near = multiplier_for(strata, std::abs(delta - estimate));
  if (delta < estimate) {
    return walk(strata, estimate, -1, [&](const Point& p) { return delta - p.delta; }, near);
  }
  return walk(strata, estimate, 1, [&](const Point& p) { return p.delta - delta; }, near);
}

double lower_of(const std::vector<Stratum>& strata, double tail) {
  if (strata.empty()) return -1;
  const double estimate = estimate_of(strata);
  if (estimate <= -1) return -1;
  const double z = -normal_quantile(tail);
  return walk(strata, estimate, -1, [&](const Point& p) { return p.statistic - z; }).delta;
}

// The likeliest distribution as (value, probability), the unseen end included.
std::vector<std::pair<double, double>> null_distribution(const Stratum& stratum, const Tilted& t) {
  std::vector<std::pair<double, double>> cells;
  cells.reserve(stratum.values.size() + 1);
  for_each_gap(stratum, t.tilt, t.least_gap,
               [&](double d, double count, double gap) { cells.emplace_back(d, count / gap); });
  if (t.unseen > 0) {
    const double end = toward(t.tilt);
    cells.insert(end < 0 ? cells.begin() : cells.end(), {end, t.unseen});
  }
  return cells;
}

// A binomial number by the gaps between successes, so that the time grows with what is rare and not
// with the items (L. Devroye, Non-Uniform Random Variate Generation, Springer 1986, X.4.1).
double binomial_draw(double n, double p, std::uint64_t seed, std::uint64_t& counter) {
  if (p >= 1) return n;
  if (p > 0.5) return n - binomial_draw(n, 1 - p, seed, counter);
  const double log_failure = std::log1p(-p);
  if (!(log_failure < 0)) return 0;
  double successes = 0;
  double position = 0;
  while (true) {
    position += 1 + std::floor(std::log1p(-random_unit(seed, counter++)) / log_failure);
    if (position > n) return successes;
    successes += 1;
  }
}

// As many items as `stratum` has, drawn from the cells.
Stratum drawn_from(const std::vector<std::pair<double, double>>& cells, const Stratum& stratum,
                   std::uint64_t seed, std::uint64_t& counter) {
  std::vector<double> counts(cells.size());
  // The likeliest comes last and costs nothing.
  std::vector<std::size_t> order(cells.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return cells[a].second < cells[b].second; });
  double left = stratum.n();
  double probability_left = 0;
  for (const auto& [value, probability] : cells) probability_left += probability;
  for (const std::size_t k : order) {
    const double p = k == order.back() ? 1 : cells[k].second / probability_left;
    counts[k] = binomial_draw(left, p, seed, counter);
    left -= counts[k];
    probability_left -= cells[k].second;
  }
  Stratum drawn{stratum.weight, {}};
  for (std::size_t k = 0; k < cells.size(); ++k) {
    if (counts[k] > 0) drawn.values.emplace_back(cells[k].first, counts[k]);
  }
  return drawn;
}

// The share of data sets drawn from the likeliest distributions of `model` under the hypothesis
// that are as far out as `statistic`.
double share_as_far_out(const std::vector<Stratum>& model, double delta, double statistic,
                        const NullSimulation& simulation) {
  const double estimate = estimate_of(model);
  const Point null = delta == estimate ? Point{} : point_with(model, estimate, delta);
  std::vector<std::vector<std::pair<double, double>>> cells;
  cells.reserve(model.size());
  for (const Stratum& stratum : model) {
    cells.push_back(null_distribution(stratum, tilted(stratum, null.multiplier * stratum.weight)));
  }
  std::uint64_t counter = 0;
  int as_far = 1;
  std::vector<Stratum> drawn(model.size());
  for (int r = 0; r < simulation.resamples; ++r) {
    for (std::size_t t = 0; t < model.size(); ++t) {
      drawn[t] = drawn_from(cells[t], model[t], simulation.seed, counter);
    }
    if (stratified_statistic(drawn, delta) >= statistic - kTie) ++as_far;
  }
  return static_cast<double>(as_far) / (simulation.resamples + 1);
}

// Every stratum with the differences of all items of all strata, in its own number of items.
std::vector<Stratum> alike(const std::vector<Stratum>& strata) {
  std::map<double, double> counts;
  double items = 0;
  for (const Stratum& stratum : strata) {
    for (const auto& [value, count] : stratum.values) counts[value] += count;
    items += stratum.n();
  }
  std::vector<Stratum> shared;
  for (const Stratum& stratum : strata) {
    shared.push_back({stratum.weight, {counts.begin(), counts.end()}});
    for (auto& [value, count] : shared.back().values) count *= stratum.n() / items;
  }
  return shared;
}

Stratum mirrored(const Stratum& stratum) {
  Stratum mirror{stratum.weight, {}};
  for (auto it = stratum.values.rbegin(); it != stratum.values.rend(); ++it) {
    mirror.values.emplace_back(-it->first, it->second);
  }
  return mirror;
}

std::vector<Stratum> mirrored(std::vector<Stratum> strata) {
  for (Stratum& stratum : strata) stratum = mirrored(stratum);
  return strata;
}

}  // namespace

double Stratum::n() const {
  double total = 0;
  for (const auto& [value, count] : values) total += count;
  return total;
}

double Stratum::mean() const {
  double sum = 0;
  for (const auto& [value, count] : values) sum += value * count;
  return values.empty() ? 0 : sum / n();
}

double Stratum::mean_square() const {
  double sum = 0;
  for (const auto& [value, count] : values) sum += value * value * count;
  return values.empty() ? 0 : sum / n();
}

Stratum make_stratum(double weight, std::span<const double> differences) {
  std::vector<double> sorted(differences.begin(), differences.end());
  std::sort(sorted.begin(), sorted.end());
  Stratum stratum{weight, {}};
  for (const double difference : sorted) {
    if (!stratum.values.empty() && stratum.values.back().first == difference) {
      stratum.values.back().second += 1;
    } else {
      stratum.values.emplace_back(difference, 1);
    }
  }
  return stratum;
}

double stratified_difference(std::span<const Stratum> strata) {
  return estimate_of(scaled(strata));
}

double stratified_statistic(std::span<const Stratum> strata, double delta) {
  const std::vector<Stratum> kept = scaled(strata);
  if (kept.empty()) return 0;
  const double estimate = estimate_of(kept);
  if (delta == estimate) return 0;
  if (std::abs(delta) >= 1) return std::copysign(kFarOut, -delta);
  return point_with(kept, estimate, delta).statistic;
}

double stratified_lower(std::span<const Stratum> strata, double tail) {
  return lower_of(scaled(strata), tail);
}

double stratified_upper(std::span<const Stratum> strata, double tail) {
  return -lower_of(mirrored(scaled(strata)), tail);
}

Interval stratified_interval(std::span<const Stratum> strata, double confidence) {
  const double tail = 0.5 * (1 - confidence);
  return {stratified_lower(strata, tail), stratified_upper(strata, tail)};
}

double stratified_p_above(std::span<const Stratum> strata, double delta) {
  return normal_tail(stratified_statistic(strata, delta));
}

double stratified_p_below(std::span<const Stratum> strata, double delta) {
  return normal_cdf(stratified_statistic(strata, delta));
}

double stratified_simulated_p_above(std::span<const Stratum> strata, double delta,
                                    const NullSimulation& simulation) {
  const std::vector<Stratum> kept = scaled(strata);
  if (kept.empty()) return 1;
  const double statistic = stratified_statistic(kept, delta);
  const double own = share_as_far_out(kept, delta, statistic, simulation);
  if (kept.size() == 1) return own;
  return std::max(own, share_as_far_out(alike(kept), delta, statistic, simulation));
}

double stratified_simulated_p_below(std::span<const Stratum> strata, double delta,
                                    const NullSimulation& simulation) {
  return stratified_simulated_p_above(mirrored(scaled(strata)), -delta, simulation);
}

}  // namespace assay

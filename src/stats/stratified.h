// The weighted mean of several tasks' differences, with a score interval.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "stats/normal.h"

namespace assay {

// One task: its items' differences (candidate minus baseline, each in [-1, 1]) as distinct values
// with their counts, ascending. Weights need not sum to 1.
struct Stratum {
  double weight = 1;
  std::vector<std::pair<double, double>> values;  // (difference, how many items)

  [[nodiscard]] double n() const;
  [[nodiscard]] double mean() const;
  [[nodiscard]] double mean_square() const;
};

[[nodiscard]] Stratum make_stratum(double weight, std::span<const double> differences);

// Sum of w_t * mean_t over the strata that have items, weights scaled to sum to 1.
[[nodiscard]] double stratified_difference(std::span<const Stratum> strata);

// The score statistic for H0: sum of w_t * true mean_t = delta,
//   T = (estimate - delta) / sqrt(sum of w_t^2 v_t / (n_t - 1)),
// v_t the variance under the distributions that make the data likeliest among all those on the
// observed differences and the two ends -1 and +1 whose weighted mean is delta. The ends carry
// probability nobody saw: 30 items without a flip do not show that flips cannot happen.
// With one stratum the divisor is n, and for right/wrong items T is Tango's statistic, exactly;
// with several it is the same construction with one constraint over all strata. Restricted
// likelihood and n - 1 as in Miettinen and Nurminen, Statistics in Medicine 4 (1985) 213-226; the
// nonparametric likelihood is Owen's empirical likelihood (Chapman & Hall 2001) with the support's
// ends added. Positive when the data lie above delta. 0 without items.
[[nodiscard]] double stratified_statistic(std::span<const Stratum> strata, double delta);

// The delta where the statistic is +z (lower) and -z (upper); tail as in tango_lower.
// {-1, 1}'s ends without items.
[[nodiscard]] double stratified_lower(std::span<const Stratum> strata, double tail);
[[nodiscard]] double stratified_upper(std::span<const Stratum> strata, double tail);
[[nodiscard]] Interval stratified_interval(std::span<const Stratum> strata, double confidence);

// One-sided p of H0: difference <= delta and of H0: difference >= delta.
[[nodiscard]] double stratified_p_above(std::span<const Stratum> strata, double delta);
[[nodiscard]] double stratified_p_below(std::span<const Stratum> strata, double delta);

// The same p from the statistic's own distribution instead of the normal one: the share of
// `resamples` data sets, drawn from the likeliest distributions under the hypothesis, whose
// statistic is as far out (parametric bootstrap at the restricted estimate; S. Lee and G. Young,
// Statistics & Probability Letters 71 (2005) 143-153). Of several strata it is the larger of two:
// from each stratum's own differences, and from those of all strata together. A small task of much
// weight that happened to flip little makes its own distribution too narrow; the common one knows
// better. Never below 1 / (resamples + 1).
// Time: resamples * (items that are not alike + some 20 microseconds a stratum), twice.
struct NullSimulation {
  int resamples = 2000;
  std::uint64_t seed = 0;
};
[[nodiscard]] double stratified_simulated_p_above(std::span<const Stratum> strata, double delta,
                                                  const NullSimulation& simulation);
[[nodiscard]] double stratified_simulated_p_below(std::span<const Stratum> strata, double delta,
                                                  const NullSimulation& simulation);

}  // namespace assay

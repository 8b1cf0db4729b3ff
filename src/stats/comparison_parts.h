// Steps that compare_pairs and pool share; not for other rooms.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stats/comparison.h"

namespace assay::internal {

constexpr double kPercent = 100;
// Graded items beyond which the normal approximation is enough, and resampling takes too long.
constexpr std::int64_t kMostResampledItems = 20000;
constexpr std::size_t kMostSimulatedValues = 20000;  // the same, of a pool's distinct differences

[[nodiscard]] bool valid_score(double score);
[[nodiscard]] bool all_valid(const std::vector<PairedScore>& pairs);
[[nodiscard]] std::vector<double> differences(const std::vector<PairedScore>& pairs);
// Outcomes: a score above 1/2 is right.
[[nodiscard]] PairedCounts outcome_counts(const std::vector<PairedScore>& pairs);

[[nodiscard]] PairedComparison not_available(std::string reason);
// n, means and mean_diff_pp.
void set_means(PairedComparison& c, const std::vector<PairedScore>& pairs);
// Flips and McNemar.
void set_counts(PairedComparison& c, const PairedCounts& counts);
// The larger and the smaller of two, or NaN when either is NaN: std::max and std::min would let it
// vanish behind the other.
[[nodiscard]] double larger(double a, double b);
[[nodiscard]] double smaller(double a, double b);
// Both as fractions; one_sided holds the two one-sided bounds.
void set_interval(PairedComparison& c, const Interval& two_sided, const Interval& one_sided,
                  double confidence);
// INVALID, with a reason that names them, when a p, a bound or an end of the interval is no number
// (or a p outside 0 to 1). What is named then says nothing: p 1, bounds and ends -100 and 100.
void refuse_no_numbers(PairedComparison& c);
// Keeps it from being NON-INFERIOR; `reason` is printed where it is INCONCLUSIVE. The first
// obstacle stays.
void bar(PairedComparison& c, Obstacle obstacle, std::string reason);
// A comparison of one task whose baseline could not have lost the margin.
void bar_without_sensitivity(PairedComparison& c, const CompareOptions& options);
// The reason of an INCONCLUSIVE comparison: its obstacle.
void say_obstacle(PairedComparison& c);
// Bounds that say what the p-values say, and the verdict. INVALID stays as it is.
void settle(PairedComparison& c, const CompareOptions& options);
// What follows from the p-values and the discordance: power, items needed (no number of them
// without sensitivity), and settle.
void finish(PairedComparison& c, double design_effect, const CompareOptions& options);

}  // namespace assay::internal

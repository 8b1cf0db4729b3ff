// Two models on the same items, each item right or wrong: the difference of paired proportions.
// Differences are candidate minus baseline, as fractions in [-1, 1].
#pragma once

#include <cstdint>

#include "stats/normal.h"

namespace assay {

// The paired 2 x 2 table.
struct PairedCounts {
  std::int64_t both_right = 0;
  std::int64_t flips_to_wrong = 0;  // baseline right, candidate wrong
  std::int64_t flips_to_right = 0;  // baseline wrong, candidate right
  std::int64_t both_wrong = 0;

  [[nodiscard]] std::int64_t n() const {
    return both_right + flips_to_wrong + flips_to_right + both_wrong;
  }
  [[nodiscard]] std::int64_t discordant() const { return flips_to_wrong + flips_to_right; }
  // (flips_to_right - flips_to_wrong) / n; 0 for an empty table.
  [[nodiscard]] double difference() const;
  // The same table with the two models' places exchanged.
  [[nodiscard]] PairedCounts swapped() const;
};

// Tango's score statistic for H0: difference = delta, -1 < delta < 1: about standard normal under
// H0, large when the data lie above delta. At delta = 0 it is McNemar's signed root without
// continuity correction. 0 when neither the data nor delta leaves any variance.
// T. Tango, Statistics in Medicine 17 (1998) 891-908, eq. 17 and 18.
[[nodiscard]] double tango_statistic(const PairedCounts& counts, double delta);

inline constexpr double kTie = 1e-9;  // statistics closer than this are the same value

// The delta at which the statistic equals +z (lower) and -z (upper), z the normal quantile of
// 1 - tail. tail = 0.025 gives the ends of the two-sided 95 % interval. n >= 1, 0 < tail < 0.5.
[[nodiscard]] double tango_lower(const PairedCounts& counts, double tail);
[[nodiscard]] double tango_upper(const PairedCounts& counts, double tail);
[[nodiscard]] Interval tango_interval(const PairedCounts& counts, double confidence);

// One-sided p of H0: difference <= delta (small: the candidate is above delta), and of
// H0: difference >= delta (small: it is below). p < alpha exactly when tango_lower(alpha) > delta
// or tango_upper(alpha) < delta.
[[nodiscard]] double tango_p_above(const PairedCounts& counts, double delta);
[[nodiscard]] double tango_p_below(const PairedCounts& counts, double delta);

// McNemar's test of equal accuracy, two-sided and conditional on the number of discordant pairs:
// exact binomial, and mid-p (half the probability of the observed table; Lancaster 1961; Fagerland,
// Lydersen, Laake, BMC Med Res Methodol 13:91, 2013). 1 without discordant pairs.
[[nodiscard]] double mcnemar_exact_p(std::int64_t flips_to_wrong, std::int64_t flips_to_right);
[[nodiscard]] double mcnemar_mid_p(std::int64_t flips_to_wrong, std::int64_t flips_to_right);

}  // namespace assay

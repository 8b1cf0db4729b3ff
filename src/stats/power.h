// What a number of items can show, before and after a run. Differences and margins as fractions.
#pragma once

#include <cstdint>
#include <optional>

#include "stats/verdict.h"

namespace assay {

struct PowerAssumptions {
  // Mean squared difference of an item: for right/wrong items the share that flips either way.
  double discordance = 0;
  double alpha = 0.05;  // one-sided
  double power = 0.8;
  // Variance of the estimate over that of an unweighted mean of as many items; for pooled tasks
  // N * sum of w_t^2 / n_t.
  double design_effect = 1;
};

// The smallest true drop (a positive fraction) that n items call WORSE with the wanted power:
// n d^2 = (z_alpha sqrt(psi) + z_power sqrt(psi - d^2))^2, psi the discordance but at least d
// (R. Connor, Biometrics 43 (1987) 207-211). Nothing when even d = 1 is out of reach.
[[nodiscard]] std::optional<double> smallest_detectable_difference(std::int64_t n,
                                                                   const PowerAssumptions& assume);

// The same for right/wrong items of one task as the verdict is made: up to kMostEnumeratedItems by
// enumeration of every table (exact p included), else by the formula. Nothing when no drop is
// called WORSE with the wanted power.
inline constexpr std::int64_t kMostEnumeratedItems = 100;
[[nodiscard]] std::optional<double> smallest_detectable_drop(std::int64_t n,
                                                             const PowerAssumptions& assume);

// The probability that n items show NON-INFERIOR when the two are truly alike: of the normal
// statistic, so a little off where hardly an item flips (the formula of items_for_non_inferior the
// other way round).
[[nodiscard]] double power_of_non_inferior(std::int64_t n, double margin,
                                           const PowerAssumptions& assume);

// Items that show NON-INFERIOR with the wanted power when the true difference is
// `true_difference` > -margin: ((z_alpha sqrt(v0) + z_power sqrt(v1)) / (margin + difference))^2,
// v0 Tango's variance restricted to -margin, v1 the true one (J.-M. Nam, Biometrics 53 (1997)
// 1422-1430); never fewer than fewest_items_non_inferior. Nothing when the difference is at or
// below -margin.
[[nodiscard]] std::optional<std::int64_t> items_for_non_inferior(double margin,
                                                                 double true_difference,
                                                                 const PowerAssumptions& assume);

// Items that show WORSE with the wanted power when the true difference is `true_difference` < 0.
[[nodiscard]] std::optional<std::int64_t> items_for_worse(double true_difference,
                                                          const PowerAssumptions& assume);

// The fewest items that can be NON-INFERIOR at all, reached without any discordant pair:
// by Tango's bound alone (88 at 3 points and alpha 0.05), and by the verdict, which also asks for
// the exact p (99). margin in (0, 1).
[[nodiscard]] std::int64_t fewest_items_tango(double margin, double alpha);
[[nodiscard]] std::int64_t fewest_items_non_inferior(double margin, double alpha);
// The fewest items that can be WORSE: every one of them flips to wrong.
[[nodiscard]] std::int64_t fewest_items_worse(double alpha);

// What n items can reach if everything goes well, for `assay check`: NON-INFERIOR when no item
// differs, else INCONCLUSIVE. can_show_worse: whether WORSE is within reach.
struct BestVerdict {
  Verdict best = Verdict::inconclusive;
  bool can_show_worse = false;
  std::int64_t items_needed = 0;  // fewest for NON-INFERIOR
};
[[nodiscard]] BestVerdict best_verdict(std::int64_t n, double margin, double alpha);

}  // namespace assay

// Exact one-sided p-values for Tango's statistic in small samples.
#pragma once

#include <cstdint>

#include "stats/paired.h"

namespace assay {

// The largest probability, over every discordance the hypothesis allows, that Tango's statistic at
// `delta` reaches `threshold` in n pairs when the true difference is `delta`: the size of the test
// that rejects H0: difference <= delta there. The normal approximation puts it at
// normal_tail(threshold); the truth can be above (with delta = -0.03, n = 88 and z = 1.645 it is
// 6.9 %, not 5 %). The number of discordant pairs follows the trinomial distribution; the maximum
// is searched on a grid and refined. O(n) statistics and about 200 n binomial tails.
[[nodiscard]] double exact_size(std::int64_t n, double delta, double threshold);

// The least value that Tango's statistic at `delta` can take in n pairs for which the test that
// rejects H0: difference <= delta from there on has a size below alpha, and that is not below the
// normal quantile: where a claim begins. Infinite when no table of n pairs can make it.
[[nodiscard]] double exact_critical_value(std::int64_t n, double delta, double alpha);

// The probability of rejecting H0: difference <= delta from that value on, when an item flips to
// wrong with probability p_down and to right with p_up.
[[nodiscard]] double exact_rejection_probability(std::int64_t n, double delta,
                                                 double critical_value, double p_down, double p_up);

// Exact unconditional p: Barnard's construction with Tango's statistic (R. Berger, K. Sidik,
// Statistical Methods in Medical Research 12 (2003) 91-108; K. Sidik, Statistics in Medicine 22
// (2003) 265-278).
// Above is H0: difference <= delta, below is H0: difference >= delta. Rejecting at p < alpha is
// wrong at most alpha of the time whatever n and the discordance.
[[nodiscard]] double exact_p_above(const PairedCounts& counts, double delta);
[[nodiscard]] double exact_p_below(const PairedCounts& counts, double delta);

}  // namespace assay

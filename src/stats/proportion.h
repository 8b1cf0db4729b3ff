// Single proportions and differences of independent ones.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "stats/normal.h"

namespace assay {

// Wilson's score interval (1927). successes may be fractional (a sum of graded scores).
// {0, 1} when n is 0.
[[nodiscard]] Interval wilson_interval(double successes, double n, double confidence);

struct Proportion {
  double successes = 0;
  double n = 0;
};

// Candidate minus baseline for independent samples: Newcombe's hybrid score interval (Statistics in
// Medicine 17 (1998) 873-890, method 10). Used when the samples of two runs cannot be paired; wider
// than the paired interval whenever the two models agree on most items. {-1, 1} when an n is 0.
[[nodiscard]] Interval newcombe_interval(const Proportion& baseline, const Proportion& candidate,
                                         double confidence);
// One-sided p by inverting that interval: the smallest alpha at which the one-sided bound passes
// delta. Above is H0: difference <= delta; below is H0: difference >= delta.
[[nodiscard]] double newcombe_p_above(const Proportion& baseline, const Proportion& candidate,
                                      double delta);
[[nodiscard]] double newcombe_p_below(const Proportion& baseline, const Proportion& candidate,
                                      double delta);

// The unbiased estimate of pass@k from n samples of which `correct` passed:
// 1 - C(n - correct, k) / C(n, k) (Chen et al. 2021, arXiv:2107.03374, eq. 1).
// Nothing unless 1 <= k <= n and 0 <= correct <= n.
[[nodiscard]] std::optional<double> pass_at_k(std::int64_t n, std::int64_t correct, std::int64_t k);

// Its mean over the items that have k samples or more.
struct Samples {  // of one item
  std::int64_t n = 0;
  std::int64_t correct = 0;
};
struct MeanPassAtK {
  double mean = 0;  // 0 to 1; 0 where no item has enough
  std::int64_t items = 0;
};
[[nodiscard]] MeanPassAtK mean_pass_at_k(std::span<const Samples> items, std::int64_t k);

}  // namespace assay

// Looks as a random walk: which of two bounds it passes first.
#pragma once

#include <span>

namespace assay {

// A look at a normal statistic: below `low` the walk ends there, above `high` here. An infinite
// bound is never passed.
struct WalkLook {
  double information = 0;  // 1 / variance of the estimate, > 0; never less than at the look before
  double low = 0;          // of the standardised estimate
  double high = 0;
};

// The probability that a walk without drift passes a `high` before any `low`: the density of those
// still going is carried from look to look (P. Armitage, C. K. McPherson, B. C. Rowe, J R Stat
// Soc A 132 (1969) 235-244), on 200 cells, to about 0.001.
[[nodiscard]] double chance_to_end_high(std::span<const WalkLook> looks);

}  // namespace assay

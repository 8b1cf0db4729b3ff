// Could the baseline's score have fallen by the margin at all? A test that cannot show a loss must
// not be taken for proof that there is none.
#pragma once

#include <span>

#include "stats/bootstrap.h"
#include "stats/proportion.h"

namespace assay {

// Of the bound below; not the verdict's alpha.
inline constexpr double kSensitivityTail = 0.05;

// Lower one-sided 95 % bound of a mean score in [0, 1]: Wilson's where every score is 0 or 1 or all
// are the same, else the BCa bootstrap's over items (stats/bootstrap.h). 0 without scores.
[[nodiscard]] double score_at_least(std::span<const double> scores,
                                    const BootstrapOptions& bootstrap);
[[nodiscard]] double score_at_least(const Proportion& right);

// Whether a loss of the margin could show: the bound is above floor + margin, all in [0, 1]. The
// floor is the score of guessing (0, or the mean of 1 / options): no model falls below it by losing
// ability.
[[nodiscard]] bool has_sensitivity(double at_least, double floor, double margin);

}  // namespace assay

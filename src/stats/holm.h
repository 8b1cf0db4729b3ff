// Many verdicts at once.
#pragma once

#include <span>
#include <vector>

namespace assay {

// Holm's step-down adjustment (Scandinavian Journal of Statistics 6 (1979) 65-70): rejecting where
// the adjusted p is below alpha keeps the chance of any false rejection in the family below alpha,
// whatever the dependence. Same order as the input.
[[nodiscard]] std::vector<double> holm_adjusted(std::span<const double> p_values);

}  // namespace assay

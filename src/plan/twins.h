// Variants that are the baseline once more.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/frozen.h"

namespace assay {

// Names of the variants with the baseline's fingerprint and its engine arguments, the engine's seed
// aside where no task samples; sampling is the plan's, the same for all. Without a fingerprint
// nothing can be told.
[[nodiscard]] std::vector<std::string> twins_of_baseline(const FrozenPlan& frozen);

// Usage error where there is one and the plan does not say `compare: {same_model: true}`: such a
// comparison shows noise, and most often a wrong path.
[[nodiscard]] Status refuse_twins(const FrozenPlan& frozen);

}  // namespace assay

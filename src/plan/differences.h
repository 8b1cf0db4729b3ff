// In what the variants of a plan differ, beside their weights: how each is served.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plan/frozen.h"

namespace assay {

// An engine argument that is not the same for all variants, and its value as JSON; "default" where
// the variant leaves it to the engine.
using Setting = std::pair<std::string, std::string>;

// Of each variant in frozen order the arguments in which any two differ, by name.
[[nodiscard]] std::vector<std::vector<Setting>> settings_that_differ(const FrozenPlan& frozen);

// "kv_cache_dtype fp8, tensor_parallel_size 2": those that are not left to the engine, "default"
// where all are. Empty: it is served as the others are.
[[nodiscard]] std::string settings_text(const std::vector<Setting>& settings);

// Whether numbers are kept or computed in fewer bits for one variant than for another, as far as
// the plan tells: other weights, or other arguments that choose a numeric format. Without that a
// report has no reason to speak of precision.
[[nodiscard]] bool precision_differs(const FrozenPlan& frozen);

}  // namespace assay

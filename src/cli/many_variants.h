// A plan of more variants than anybody lists by hand: a matrix makes them, and each costs a load.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "plan/plan.h"

namespace assay {

inline constexpr std::size_t kManyVariants = 50;

// Usage error for a plan of more variants than kManyVariants, with their number and what they cost;
// it names --yes, which says that they are meant.
[[nodiscard]] Status refuse_unmeant_many(const Plan& plan);

}  // namespace assay

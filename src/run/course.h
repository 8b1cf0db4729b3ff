// The course of a run: rounds, in each of which variants have their turns.
#pragma once

#include "plan/frozen.h"
#include "run/variant_turn.h"

namespace assay {

// All turns, the judge's and what is left of the grading, until everything is done, every candidate
// is decided (`until: decided`), or nothing more can be had for the time that is left. A candidate
// whose engine ends in a fault of its own is left out from then on.
[[nodiscard]] Result<RunOutcome> run_course(const RunContext& context, const FrozenPlan& frozen);

}  // namespace assay

// Whether a comparison passes `assay compare --gate` (docs/exit_codes.md has the table).
#pragma once

#include <string>
#include <vector>

#include "compare/compare_folders.h"

namespace assay {

enum class GateOutcome { passed, worse, not_shown };

struct GateResult {
  GateOutcome outcome = GateOutcome::passed;
  std::vector<Text> reasons;  // why not passed, worst first: "fp8: gsm8k is WORSE"
};

// Over all candidates, worse before not shown.
//   worse      the primary or a gated task (all but those with `gate: false`), paired or not, is
//              WORSE after Holm and not within its margin
//   not shown  the primary is INCONCLUSIVE, INVALID or N/A; a task is missing on one side; answers
//              are unscored on one side alone; a gain is beyond belief; a task has a doubt
//              (compare_folders.h); the policy's flags or fidelity limits. `allow` of the policy
//              takes the first reasons away, one by one.
// Where no task has samples on both sides there is no pool, and every gated task must hold.
[[nodiscard]] GateResult gate_result(const ComparisonReport& report);

}  // namespace assay

// What a plan may say and yet measure nothing with, or something else than meant.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace assay {

// One sentence a trap: which task or key, what would happen, what to write instead. They are no
// errors, since each can be meant. Those of lm-eval 0.4.13 are listed in docs/parity.md; Qwen3's
// are from its model card (thinking by default; no greedy decoding while it thinks).
[[nodiscard]] std::vector<std::string> plan_traps(const Plan& plan);

}  // namespace assay

// Settings that are valid but measure nothing, or something other than what was probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/language.h"
#include "plan/plan.h"

namespace assay {

// One sentence for each trap: which task or key, what would happen, what to write instead. They are
// not errors, because each setting may be intended. Those of lm-eval 0.4.13 are listed in
// docs/parity.md; Qwen3's are from its model card (thinking by default; no greedy decoding while it
// thinks). `known`: as for parse_plan.
[[nodiscard]] std::vector<Text> plan_traps(const Plan& plan,
                                           const std::vector<KnownBenchmark>& known);

// True for models of the Qwen3 family that think, by their name; the Instruct-2507 ones never do.
[[nodiscard]] bool thinks_by_default(std::string_view model);

}  // namespace assay

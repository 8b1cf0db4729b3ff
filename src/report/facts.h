// The facts of a run that others cite or repeat it by: read from the frozen plan and the store, and
// said in one section in every format.
#pragma once

#include "base/result.h"
#include "plan/frozen.h"
#include "report/table.h"
#include "report/values.h"

namespace assay {

// `opened`: what the engine said of each variant before it loaded (template and tokenizer), by
// name.
[[nodiscard]] RunFacts facts_of(const FrozenPlan& frozen, const std::string& frozen_hash,
                                const nlohmann::json& opened);

// One line: when, on what, with which engine and kernels, and for how long.
[[nodiscard]] Text run_line(const RunReport& report);

[[nodiscard]] Table facts_section(const RunReport& report);

}  // namespace assay

// Is the measurement itself sound? Thresholds and what they force (docs/flags.md).
#pragma once

#include "report/values.h"

namespace assay {

// Appends the flags of every cell and variant to report.flags.
void raise_flags(RunReport& report, const nlohmann::json& opened);

// Appends those of report.fidelity.
void flag_fidelity(RunReport& report);

// The flag that makes this cell's comparison INVALID; nullptr: none.
[[nodiscard]] const Flag* invalidating_flag(const RunReport& report, const std::string& variant,
                                            const std::string& task);

}  // namespace assay

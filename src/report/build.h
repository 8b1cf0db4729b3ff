// From the store to finished values: figures, pairs, comparisons, flags and the summary.
#pragma once

#include "base/result.h"
#include "report/values.h"
#include "store/store.h"

namespace assay {

// Errors: the store holds no frozen plan (usage), or records that cannot be read (environment).
[[nodiscard]] Result<RunReport> build_report(const Store& store);

// Flags of the fidelity figures and the summary, after report.fidelity was filled in.
void finish_report(RunReport& report);

}  // namespace assay

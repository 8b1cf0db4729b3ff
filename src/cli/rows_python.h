// The Python that reads Parquet rows for commands that start no engine.
#pragma once

#include <string>

#include "data/rows.h"

namespace assay {

// The interpreter a run would take, looked for once and not before a Parquet file is met; it needs
// assay_worker and pyarrow, but no vLLM. `plan_python`: the plan's engine.python, may be empty.
[[nodiscard]] FindPython rows_python(const std::string& plan_python, const Deadline& until = {});

}  // namespace assay

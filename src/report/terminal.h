// The table `assay run` ends with.
#pragma once

#include <string>

#include "report/values.h"

namespace assay {

// Tasks down, variants across; each cell a number or a stated reason. Colours on request only.
[[nodiscard]] std::string terminal_table(const RunReport& report, bool colour);

// Columns padded to the widest entry (counted in code points), two spaces between them.
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace assay

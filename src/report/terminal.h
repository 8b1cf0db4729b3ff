// The table `assay run` ends with.
#pragma once

#include <string>

#include "report/language.h"
#include "report/values.h"

namespace assay {

// Tasks down, variants across; each cell a number or a stated reason. Colours on request only.
[[nodiscard]] std::string terminal_table(const RunReport& report, bool colour,
                                         Language language = Language::en);

}  // namespace assay

// Margins of comparisons, in percentage points.
#pragma once

#include <string>

#include "base/result.h"

namespace assay {

// A smaller one would take tens of thousands of items to show, and is most often a share written
// where percentage points belong: 0.03 for 3.
inline constexpr double kLeastMarginPp = 0.1;

// Usage error for such a share; `where` names the option or key. Anything else passes.
[[nodiscard]] Status refuse_share_as_margin(const Text& where, double margin_pp);

}  // namespace assay

// One paragraph that a manager can read, and the words other writers share.
#pragma once

#include <string>

#include "base/language.h"
#include "report/table.h"
#include "report/values.h"

namespace assay {

[[nodiscard]] std::string summarize_in_words(const RunReport& report, Language language);

// "NON-INFERIOR", "INCONCLUSIVE (88 items needed)", "INVALID (truncated)", "N/A (HF gated)"; in
// Chinese the verdict's own words stay English, and Chinese ones follow.
[[nodiscard]] std::string verdict_text(const PairedComparison& comparison,
                                       Language language = Language::en);
// Why no number of items alone would do (an INCONCLUSIVE comparison's reason); empty: nothing else.
[[nodiscard]] Text obstacle_words(const PairedComparison& comparison);
// "-1.3 [-4.0, +1.2]", in percentage points with the two-sided 95 % interval; "" without pairs.
[[nodiscard]] std::string difference_text(const PairedComparison& comparison);
// "62.5 %" of the first metric, or why there is no number.
[[nodiscard]] Text score_text(const TaskValues& task, const Cell& cell);

}  // namespace assay

// Pieces of report.html beside its tables (report/printers.h).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/files.h"
#include "base/result.h"
#include "report/table.h"
#include "report/values.h"

namespace assay {

// Two spans of which the page shows the one of its language; one text where both are the same.
[[nodiscard]] std::string both(const Text& text);
// JSON for a script element: no "<" stands in it, so no end tag can.
[[nodiscard]] std::string for_script(std::string json);
[[nodiscard]] std::string script_json(const nlohmann::json& value);

// The page's own parts, each a <section>.
// A card a candidate, as the first screen shows them, and the baseline's flags.
[[nodiscard]] std::string card_section(const RunReport& report);
[[nodiscard]] std::string chart_sections(const RunReport& report);  // with #figures
// With #index and chunks; piece by piece, because it holds up to 100 MB of outputs.
[[nodiscard]] Status append_items_section(const RunReport& report, const Append& append);

}  // namespace assay

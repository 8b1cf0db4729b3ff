// Pieces of report.html beside its tables (report/printers.h).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "report/table.h"
#include "report/values.h"

namespace assay {

// Two spans of which the page shows the one of its language; one text where both are the same.
[[nodiscard]] std::string both(const Text& text);
// JSON for a script element: no "<" stands in it, so no end tag can.
[[nodiscard]] std::string script_json(const nlohmann::json& value);

// The page's own parts, each a <section>.
[[nodiscard]] std::string card_section(const Table& table);         // a card a row
[[nodiscard]] std::string chart_sections(const RunReport& report);  // with #figures
[[nodiscard]] std::string items_section(const RunReport& report);   // with #index and chunks

}  // namespace assay

// Text of report.html: escaping, both languages, small pieces of markup.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/values.h"

namespace assay {

// For element content and quoted attributes; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string escaped(std::string_view text);
// Two spans of which the page shows the one of its language. Both are plain text.
[[nodiscard]] std::string both(std::string_view en, std::string_view zh);
// JSON for a script element: no "<" stands in it, so no end tag can.
[[nodiscard]] std::string script_json(const nlohmann::json& value);

// Cells are markup. The first of a row is its head.
[[nodiscard]] std::string html_row(const std::vector<std::string>& cells);
[[nodiscard]] std::string html_table(const std::vector<std::string>& head, const std::string& rows);
// "NON-INFERIOR" in its colour.
[[nodiscard]] std::string badge(const PairedComparison& comparison);

// The page's parts; each is a <section>, or empty.
[[nodiscard]] std::string verdict_section(const RunReport& report);
[[nodiscard]] std::string chart_sections(const RunReport& report);  // with #figures
[[nodiscard]] std::string score_section(const RunReport& report);
[[nodiscard]] std::string fidelity_section(const RunReport& report);
[[nodiscard]] std::string noise_section(const RunReport& report);
[[nodiscard]] std::string flag_section(const RunReport& report);
[[nodiscard]] std::string engine_section(const RunReport& report);
[[nodiscard]] std::string own_figure_section(const RunReport& report);
[[nodiscard]] std::string metric_section(const RunReport& report);
[[nodiscard]] std::string group_section(const RunReport& report);
[[nodiscard]] std::string items_section(const RunReport& report);  // with #index and chunks

}  // namespace assay

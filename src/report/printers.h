// A table in each format. What a report is made of beside tables stands in the formats' own files.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "report/table.h"

namespace assay {

// A whole <section> in both languages, of which the page shows one; "" for an empty table.
[[nodiscard]] std::string html_section(const Table& table);
// Head and rows, no title, lead or note, for the formats below; each ends with a line end.
[[nodiscard]] std::string markdown_table(const Table& table, Language language = Language::en);
[[nodiscard]] std::string latex_table(const Table& table, Language language = Language::en);
// RFC 4180: text is quoted, the head and numbers are not. What a spreadsheet would run as a formula
// gets an apostrophe in front, numbers excepted.
[[nodiscard]] std::string csv_table(const Table& table, Language language = Language::en);
// Columns padded to the widest entry in terminal cells, two spaces between them; badges in their
// colour on request. A table wider than `columns` is printed in parts that fit, each with the first
// column; 0: nothing has to fit.
[[nodiscard]] std::string aligned(const Table& table, Language language = Language::en,
                                  bool colour = false, std::size_t columns = 0);
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows,
                                  std::size_t columns = 0);

// For a cell of a Markdown table: no column ends in it and no line.
[[nodiscard]] std::string markdown_escaped(std::string text);
// Plain text to be typeset by LaTeX, on one line.
[[nodiscard]] std::string latex_escaped(std::string_view text);

}  // namespace assay

#include "report/table.h"

#include <algorithm>

namespace assay {

Piece strong(Text text) {
  return {std::move(text), Emphasis::strong};
}

Piece sub(Text text) {
  return {std::move(text), Emphasis::sub};
}

Piece badge(Verdict verdict, Text text) {
  return {std::move(text), Emphasis::badge, verdict};
}

Piece link(Text text, std::string href) {
  return {std::move(text), Emphasis::plain, Verdict::not_available, std::move(href)};
}

TableCell::TableCell(Text text) {
  if (!text.empty()) pieces.push_back({std::move(text)});
}

std::string TableCell::text(Language language) const {
  std::string out;
  for (const Piece& piece : pieces) {
    const std::string& text = piece.text.in(language);
    out += (out.empty() || text.empty() ? "" : " ") + text;
  }
  return out;
}

TableCell number(std::string text) {
  TableCell cell(std::move(text));
  cell.number = true;
  return cell;
}

bool Table::holds_numbers(std::size_t column) const {
  return std::any_of(rows.begin(), rows.end(), [column](const auto& row) {
    return row[column].number && !row[column].empty();
  });
}

Table without_empty_columns(Table table) {
  for (std::size_t column = table.head.size(); column-- > 0;) {
    const bool empty = std::all_of(table.rows.begin(), table.rows.end(),
                                   [column](const auto& row) { return row[column].empty(); });
    if (!empty) continue;
    const auto at = static_cast<std::ptrdiff_t>(column);
    table.head.erase(table.head.begin() + at);
    for (auto& row : table.rows) row.erase(row.begin() + at);
  }
  return table;
}

}  // namespace assay

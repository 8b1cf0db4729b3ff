// A section of a report as values: what stands in which cell, in both languages, and nothing of
// how a format writes it. report/sections.h builds them, report/printers.h prints them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/language.h"
#include "stats/verdict.h"

namespace assay {

// Formats without such a look print the text alone.
enum class Emphasis { plain, strong, sub, badge };

struct Piece {
  Text text;
  Emphasis emphasis = Emphasis::plain;
  Verdict verdict = Verdict::not_available;  // a badge's colour
  std::string href = {};  // "#item=…": where the page leads to; other formats print the text alone
};
[[nodiscard]] Piece strong(Text text);
[[nodiscard]] Piece sub(Text text);  // said beside: smaller, paler
[[nodiscard]] Piece badge(Verdict verdict, Text text);
[[nodiscard]] Piece link(Text text, std::string href);

struct TableCell {
  std::vector<Piece> pieces;  // printed with a space between them
  bool number = false;        // stands to the right; no spreadsheet takes it for a formula

  TableCell() = default;
  TableCell(Text text);
  TableCell(std::string text) : TableCell(Text(std::move(text))) {}
  TableCell(const char* text) : TableCell(Text(text)) {}
  TableCell(Piece piece) : pieces{std::move(piece)} {}
  TableCell(std::vector<Piece> several) : pieces(std::move(several)) {}

  [[nodiscard]] std::string text(Language language) const;
  [[nodiscard]] bool empty() const { return text(Language::en).empty(); }
};
[[nodiscard]] TableCell number(std::string text);

struct Table {
  std::string id;  // of the section: letters alone
  Text title;
  Text lead;  // stands before the rows; without rows, alone
  Text note;  // stands after them
  std::vector<Text> head;
  std::vector<std::vector<TableCell>> rows;  // each as long as the head
  std::vector<std::string> row_ids = {};     // one a row, for links within the page; or none
  bool folded = false;                       // long and seldom wanted: the page opens it on demand

  // Nothing to print.
  [[nodiscard]] bool empty() const { return rows.empty() && lead.empty(); }
  // Whether any row has a number in this column.
  [[nodiscard]] bool holds_numbers(std::size_t column) const;
};

// Columns of which no row has anything are left out.
[[nodiscard]] Table without_empty_columns(Table table);

}  // namespace assay

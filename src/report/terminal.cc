#include "report/terminal.h"
#include "report/heads.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/printers.h"
#include "report/sections.h"
#include "report/settings.h"
#include "report/summary.h"

namespace assay {
namespace {

struct Padded {
  std::string text;  // as printed, colours included
  std::size_t width = 0;
};

// In terminal cells: characters of East Asian scripts (from U+3000) take two.
std::size_t width_of(const std::string& text) {
  std::size_t width = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) == 0x80) continue;  // within a character
    width += byte >= 0xe3 && byte <= 0xef ? 2 : 1;
  }
  return width;
}

std::string aligned_rows(const std::vector<std::vector<Padded>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].width);
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i].text;
      if (i + 1 < row.size()) out.append(widths[i] - row[i].width + 2, ' ');
    }
    out += "\n";
  }
  return out;
}

const char* colour_of(Tone tone) {
  switch (tone) {
    case Tone::good:
      return "\033[32m";
    case Tone::bad:
      return "\033[31m";
    case Tone::caution:
      return "\033[33m";
    case Tone::muted:
      break;
  }
  return "\033[2m";
}

std::string coloured(const Piece& piece, Language language, bool colour) {
  const std::string& text = piece.text.in(language);
  if (!colour || piece.emphasis != Emphasis::badge) return text;
  return colour_of(verdict_words(piece.verdict).tone) + text + "\033[0m";
}

Padded padded(const TableCell& cell, Language language, bool colour) {
  const std::string text = cell.text(language);
  Padded out{text, width_of(text)};
  if (!colour) return out;
  out.text.clear();
  for (const Piece& piece : cell.pieces) {
    out.text += (out.text.empty() ? "" : " ") + coloured(piece, language, colour);
  }
  return out;
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<Padded>> out;
  for (const auto& row : rows) {
    auto& cells = out.emplace_back();
    for (const std::string& text : row) cells.push_back({text, width_of(text)});
  }
  return aligned_rows(out);
}

std::string aligned(const Table& table, Language language, bool colour) {
  std::vector<std::vector<Padded>> out(1);
  for (const Text& name : table.head) out[0].push_back(padded(name, language, colour));
  for (const auto& row : table.rows) {
    auto& cells = out.emplace_back();
    for (const TableCell& cell : row) cells.push_back(padded(cell, language, colour));
  }
  return aligned_rows(out);
}

std::string terminal_table(const RunReport& report, bool colour, Language language) {
  const bool zh = language == Language::zh;
  const Table table = overview(report);
  std::string out =
      "\n" + table.title.in(language) + "\n\n" + aligned(table, language, colour) + "\n";
  for (const auto& row : verdict_section(report).rows) {  // variant, verdict, difference, …
    const std::string difference = row[2].text(language);
    out += fmt::format(
        "{}{}: {} {}{}\n", row[0].text(language),
        settings_in_brackets(report, row[0].text(Language::en)),
        coloured(row[1].pieces.front(), language, colour), difference,
        difference.empty() ? "" : fmt::format(" ({})", primary_level(report).in(language)));
  }
  if (report.noise_floor) {
    const PairedComparison& c = report.noise_floor->comparison;
    out += fmt::format(
        fmt::runtime(zh ? "基线与它的第二遍相比:{0},{2} 题中 {1} 题翻转\n"
                        : "baseline against its second pass: {0}, {1} of {2} items flip\n"),
        difference_text(c), c.flips_to_wrong + c.flips_to_right, c.n);
  }
  if (report.flags.empty()) return out;
  const std::size_t flags = report.flags.size();
  return out + (zh ? fmt::format("{} 个标记:见报告\n", flags)
                   : fmt::format("{} {}: see the report\n", flags, flags == 1 ? "flag" : "flags"));
}

}  // namespace assay

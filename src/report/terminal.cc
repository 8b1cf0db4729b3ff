#include "report/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/terminal.h"
#include "base/text.h"
#include "report/action.h"
#include "report/printers.h"
#include "report/sections.h"
#include "report/settings.h"
#include "report/summary.h"
#include "report/words.h"

namespace assay {
namespace {

struct Padded {
  std::string text;  // as printed, colours included
  std::size_t width = 0;
};

using PaddedRows = std::vector<std::vector<Padded>>;

std::vector<std::size_t> column_widths(const PaddedRows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].width);
  }
  return widths;
}

std::string aligned_rows(const PaddedRows& rows) {
  const std::vector<std::size_t> widths = column_widths(rows);
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

// The cells of a row, each broken into lines of its column's width, beside each other.
std::string broken_row(const std::vector<Padded>& row, const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> lines;
  std::size_t height = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    lines.push_back(split(wrapped(row[i].text, widths[i]), '\n'));
    height = std::max(height, lines.back().size());
  }
  std::string out;
  for (std::size_t l = 0; l < height; ++l) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = l < lines[i].size() ? lines[i][l] : "";
      line += text;
      const std::size_t cells = cells_of(text);
      const std::size_t gap = widths[i] > cells ? widths[i] - cells + 2 : 2;
      if (i + 1 < row.size()) line.append(gap, ' ');
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

// A table that is wider than the terminal: its first column with as many others as fit, and again
// with the next ones. What does not fit even so is broken within its cells.
std::string narrow_rows(const PaddedRows& rows, std::size_t columns) {
  std::vector<std::size_t> widths = column_widths(rows);
  if (widths.size() < 2) return aligned_rows(rows);
  widths[0] = std::min(widths[0], columns / 2);
  const std::size_t room = columns - widths[0] - 2;
  std::string out;
  for (std::size_t begin = 1, end = 1; begin < widths.size(); begin = end) {
    std::size_t used = 0;
    for (end = begin; end < widths.size(); ++end) {
      const std::size_t width = std::min(widths[end], room);
      if (end > begin && used + 2 + width > room) break;
      used += width + (end > begin ? 2 : 0);
    }
    std::vector<std::size_t> shown{widths[0]};
    for (std::size_t i = begin; i < end; ++i) shown.push_back(std::min(widths[i], room));
    if (begin > 1) out += "\n";
    for (const auto& row : rows) {
      std::vector<Padded> cells(row.begin(), row.begin() + (row.empty() ? 0 : 1));
      for (std::size_t i = begin; i < end && i < row.size(); ++i) cells.push_back(row[i]);
      out += broken_row(cells, shown);
    }
  }
  return out;
}

// `columns`: of the terminal; 0: as wide as it is.
std::string rows_that_fit(const PaddedRows& rows, std::size_t columns) {
  std::size_t width = 0;
  for (const std::size_t column : column_widths(rows)) width += column + (width > 0 ? 2 : 0);
  constexpr std::size_t kNarrowest = 20;
  if (columns == 0 || width <= columns) return aligned_rows(rows);
  return narrow_rows(rows, std::max(columns, kNarrowest));
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

std::string fidelity_line(const FidelityValues& f, Language language) {
  return fmt::format(
      fmt::runtime(
          language == Language::zh
              ? "  保真度：首选 token 一致率 {:.1f} %（{} 个位置），平均 KL {:.4f} nat"
              : "  fidelity: top-1 agreement {:.1f} % over {} positions, mean KL {:.4f} nats"),
      f.top1_agreement.value * 100, f.tokens, f.kl.value);
}

Padded padded(const TableCell& cell, Language language, bool colour) {
  const std::string text = cell.text(language);
  Padded out{text, cells_of(text)};
  if (!colour) return out;
  out.text.clear();
  for (const Piece& piece : cell.pieces) {
    out.text += (out.text.empty() ? "" : " ") + coloured(piece, language, colour);
  }
  return out;
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows, std::size_t columns) {
  PaddedRows out;
  for (const auto& row : rows) {
    auto& cells = out.emplace_back();
    for (const std::string& text : row) cells.push_back({text, cells_of(text)});
  }
  return rows_that_fit(out, columns);
}

std::string aligned(const Table& table, Language language, bool colour, std::size_t columns) {
  PaddedRows out(1);
  for (const Text& name : table.head) out[0].push_back(padded(name, language, colour));
  for (const auto& row : table.rows) {
    auto& cells = out.emplace_back();
    for (const TableCell& cell : row) cells.push_back(padded(cell, language, colour));
  }
  return rows_that_fit(out, columns);
}

namespace {

std::string verdict_lines(const RunReport& report, const ScreenStyle& style) {
  std::string out;
  for (const auto& row : verdict_section(report).rows) {  // variant, verdict, difference, …
    const std::string difference = row[2].text(style.language);
    const std::string line = fmt::format(
        "{}{}: {} {}{}", row[0].text(style.language),
        settings_in_brackets(report, row[0].text(Language::en)),
        coloured(row[1].pieces.front(), style.language, style.colour), difference,
        difference.empty() ? "" : fmt::format(" ({})", primary_level(report).in(style.language)));
    out += wrapped(line, style.columns, 2) + "\n";
    const auto variant =
        std::ranges::find(report.variants, row[0].text(Language::en), &VariantValues::name);
    const auto v = static_cast<std::size_t>(variant - report.variants.begin());
    out +=
        wrapped("  " + action_of(report, v).sentence.in(style.language), style.columns, 4) + "\n";
    if (v < report.fidelity.size() && report.fidelity[v]) {
      out += wrapped(fidelity_line(*report.fidelity[v], style.language), style.columns, 4) + "\n";
    }
  }
  return out;
}

std::string noise_line(const RunReport& report, const ScreenStyle& style) {
  if (!report.noise_floor) return "";
  const bool zh = style.language == Language::zh;
  const PairedComparison& c = report.noise_floor->comparison;
  const std::string line =
      fmt::format(fmt::runtime(zh ? "基线与它的第二遍相比：{0}，{2} 题中 {1} 题翻转"
                                  : "baseline against its second pass: {0}, {1} of {2} items flip"),
                  difference_text(c), c.flips_to_wrong + c.flips_to_right, c.n);
  return wrapped(line, style.columns, 2) + "\n";
}

// The first ones by name, those that spoil a comparison before the others.
std::string flag_lines(const RunReport& report, const ScreenStyle& style) {
  constexpr std::size_t kNamed = 6;
  if (report.flags.empty()) return "";
  const bool zh = style.language == Language::zh;
  std::vector<const Flag*> flags;
  for (const Flag& flag : report.flags) flags.push_back(&flag);
  std::ranges::stable_partition(flags, &Flag::forces_invalid);
  std::string out =
      zh ? fmt::format("{} 个标记：\n", flags.size())
         : fmt::format("{} {}:\n", flags.size(), flags.size() == 1 ? "flag" : "flags");
  for (const Flag* flag : std::span(flags).first(std::min(kNamed, flags.size()))) {
    const Tone tone = flag->forces_invalid() ? Tone::bad : Tone::caution;
    const std::string words = flag_words(flag->name).in(style.language);
    const std::string name = style.colour ? colour_of(tone) + words + "\033[0m" : words;
    const std::string place = flag->variant + (flag->task.empty() ? "" : " / " + flag->task);
    const std::string line = fmt::format(fmt::runtime(zh ? "  {}（{}）：{}" : "  {} ({}): {}"),
                                         name, place, zh ? flag->text_zh : flag->text);
    out += wrapped(line, style.columns, 4) + "\n";
  }
  if (flags.size() <= kNamed) return out;
  const std::size_t more = flags.size() - kNamed;
  return out + (zh ? fmt::format("  另有 {} 个：见报告\n", more)
                   : fmt::format("  and {} more: see the report\n", more));
}

}  // namespace

std::string terminal_table(const RunReport& report, const ScreenStyle& style) {
  const Table table = overview(report);
  return "\n" + wrapped(table.title.in(style.language), style.columns) + "\n\n" +
         aligned(table, style.language, style.colour, style.columns) + "\n" +
         verdict_lines(report, style) + noise_line(report, style) + flag_lines(report, style);
}

}  // namespace assay

// report.md
#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"
#include "base/visible.h"
#include "report/action.h"
#include "report/facts.h"
#include "report/printers.h"
#include "report/sections.h"
#include "report/write.h"
#include "values/math_reference.h"

namespace assay {
namespace {

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + markdown_escaped(cell) + " |";
  return line + "\n";
}

std::string markdown_section(const Table& table, Language language) {
  std::string out = "## " + table.title.in(language) + "\n\n";
  if (!table.lead.empty()) out += table.lead.in(language) + "\n\n";
  if (!table.rows.empty()) out += markdown_table(table, language) + "\n";
  if (!table.note.empty()) out += table.note.in(language) + "\n\n";
  return out;
}

// What to do, a line a candidate: the first that is read.
std::string actions_list(const RunReport& report, Language language) {
  std::string out;
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    out += "- " + markdown_escaped(action_line(report, v).in(language)) + "\n";
  }
  return out.empty() ? out : out + "\n";
}

}  // namespace

// A "<" that begins a tag or a comment in HTML, which Markdown lets through.
std::string without_html(std::string text) {
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; ++at) {
    const char next = at + 1 < text.size() ? text[at + 1] : ' ';
    if (is_letter(next) || next == '/' || next == '!' || next == '?') {
      text.replace(at, 1, "&lt;");
    }
  }
  return text;
}

std::string markdown_escaped(std::string text) {
  text = replace_all(without_html(visible_text(text)), "|", "\\|");
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

std::string markdown_table(const Table& table, Language language) {
  std::vector<std::string> cells;
  for (const Text& name : table.head) cells.push_back(name.in(language));
  std::string out =
      markdown_row(cells) + markdown_row(std::vector(cells.size(), std::string("---")));
  for (const auto& row : table.rows) {
    cells.clear();
    for (const TableCell& cell : row) cells.push_back(cell.text(language));
    out += markdown_row(cells);
  }
  return out;
}

std::string markdown_report(const RunReport& report, Language language) {
  std::string out = "# " + markdown_escaped(report.name) + "\n\n" +
                    markdown_escaped(run_line(report).in(language)) + "\n\n" +
                    actions_list(report, language);
  for (const Table& table : sections_of(report)) out += markdown_section(table, language);
  out += Text("Made by assay ", "由 assay 生成，版本 ").in(language) + report.assay_version +
         Text(".", "。").in(language);
  if (!report.graders.empty()) {
    out += Text(" Mathematics by ", " 数学答案的判定：").in(language) +
           markdown_escaped(reference_text(report.graders)) + Text(".", "。").in(language);
  }
  return out + "\n";
}

}  // namespace assay

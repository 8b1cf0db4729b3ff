// report.tex: a fragment to be \input, made of LaTeX's own sectioning and tabular alone.
#include "base/text.h"
#include "report/action.h"
#include "report/facts.h"
#include "report/printers.h"
#include "report/sections.h"
#include "report/write.h"

namespace assay {
namespace {

constexpr std::string_view kComment =
    "% \\input this into a document; text of other scripts than the document's (Chinese, for\n"
    "% example) needs a font that has it: the ctex package, or XeLaTeX or LuaLaTeX with "
    "fontspec.\n";

std::string latex_char(char c) {
  switch (c) {
    case '\\':
      return "\\textbackslash{}";
    case '~':
      return "\\textasciitilde{}";
    case '^':
      return "\\textasciicircum{}";
    case '<':
      return "\\textless{}";
    case '>':
      return "\\textgreater{}";
    case '|':
      return "\\textbar{}";
    case '"':
      return "\\char34{}";  // \textquotedbl is not in every font encoding
    case '_':
    case '%':
    case '&':
    case '#':
    case '$':
    case '{':
    case '}':
      return {'\\', c};
    default:
      return {static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? ' ' : c};
  }
}

std::string latex_row(const std::vector<std::string>& cells) {
  std::vector<std::string> safe;
  safe.reserve(cells.size());
  for (const std::string& cell : cells) safe.push_back(latex_escaped(cell));
  // After \\ these two would be read as its argument.
  const std::string& first = safe.front();
  const bool guarded = first.starts_with('[') || first.starts_with('*');
  return (guarded ? "{}" : "") + join(safe, " & ") + " \\\\\n";
}

}  // namespace

std::string latex_escaped(std::string_view text) {
  std::string out;
  for (const char c : sanitize_utf8(text)) out += latex_char(c);
  return out;
}

std::string latex_table(const Table& table, Language language) {
  std::string columns;
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    columns += table.holds_numbers(i) ? 'r' : 'l';
    cells.push_back(table.head[i].in(language));
  }
  std::string out = "\\begin{tabular}{" + columns + "}\n" + latex_row(cells);
  for (const auto& row : table.rows) {
    cells.clear();
    for (const TableCell& cell : row) cells.push_back(cell.text(language));
    out += latex_row(cells);
  }
  return out + "\\end{tabular}\n";
}

std::string latex_report(const RunReport& report, Language language) {
  std::string out(kComment);
  const auto paragraph = [&out, language](const Text& text) {
    if (!text.empty()) out += latex_escaped(text.in(language)) + "\n\n";
  };
  out += "\\section*{" + latex_escaped(report.name) + "}\n";
  paragraph(run_line(report));
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (!report.variants[v].baseline) paragraph(action_line(report, v));
  }
  for (const Table& table : sections_of(report)) {
    out += "\\subsection*{" + latex_escaped(table.title.in(language)) + "}\n";
    paragraph(table.lead);
    if (!table.rows.empty()) out += latex_table(table, language) + "\n";
    paragraph(table.note);
  }
  return out;
}

}  // namespace assay

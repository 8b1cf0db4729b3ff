// Tables as HTML.
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "report/html.h"
#include "report/printers.h"

namespace assay {
namespace {

std::string html_piece(const Piece& piece) {
  std::string text = both(piece.text);
  if (!piece.href.empty() && !piece.text.empty()) {
    text = "<a href=\"" + markup_escaped(piece.href) + "\">" + text + "</a>";
  }
  switch (piece.emphasis) {
    case Emphasis::plain:
      return text;
    case Emphasis::strong:
      return "<strong>" + text + "</strong>";
    case Emphasis::sub:
      return "<span class=\"sub\">" + text + "</span>";
    case Emphasis::badge:
      break;
  }
  return fmt::format("<span class=\"badge {}\">{}</span>", verdict_name(piece.verdict), text);
}

std::string html_cell(const TableCell& cell) {
  std::string out;
  for (const Piece& piece : cell.pieces) out += (out.empty() ? "" : " ") + html_piece(piece);
  return out;
}

std::string html_table(const Table& table) {
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (std::size_t i = 0; i < table.head.size(); ++i) {
    out += fmt::format("<th scope=\"col\"{}>{}</th>",
                       table.holds_numbers(i) ? " class=\"number\"" : "", both(table.head[i]));
  }
  out += "</tr></thead>\n<tbody>";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const auto& row = table.rows[r];
    out += r < table.row_ids.size() ? "<tr id=\"" + table.row_ids[r] + "\">" : "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const char* number = row[i].number ? " class=\"number\"" : "";
      out += i == 0 ? "<th scope=\"row\">" + html_cell(row[i]) + "</th>"
                    : fmt::format("<td{}>{}</td>", number, html_cell(row[i]));
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string paragraph(const char* look, const Text& text) {
  return text.empty() ? "" : fmt::format("<p class=\"{}\">{}</p>", look, both(text));
}

std::string section(const Table& table, const std::string& body) {
  return fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}{}{}</section>\n", table.id,
                     both(table.title), paragraph("lead", table.lead), body,
                     paragraph("note", table.note));
}

}  // namespace

std::string both(const Text& text) {
  if (text.en == text.zh) return markup_escaped(text.en);
  return "<span lang=\"en\">" + markup_escaped(text.en) + "</span><span lang=\"zh\">" +
         markup_escaped(text.zh) + "</span>";
}

std::string for_script(std::string json) {
  return replace_all(std::move(json), "<", "\\u003c");
}

std::string script_json(const nlohmann::json& value) {
  return for_script(dump_json(value));
}

std::string html_section(const Table& table) {
  if (table.empty()) return "";
  std::string body = table.rows.empty() ? "" : html_table(table);
  if (table.folded) {
    body = "<details><summary>" + both({"show", "展开"}) + "</summary>" + body + "</details>\n";
  }
  return section(table, body);
}

}  // namespace assay

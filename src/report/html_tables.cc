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
  for (const auto& row : table.rows) {
    out += "<tr>";
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

// The row's name and badge on top, what is strong large, and the rest as a list.
std::string card(const std::vector<Text>& head, const std::vector<TableCell>& row) {
  std::string large;
  std::string list;
  for (std::size_t i = 2; i < row.size(); ++i) {
    if (row[i].empty()) continue;
    const std::string name = both(head[i]);
    if (row[i].pieces.front().emphasis == Emphasis::strong) {
      large += "<p class=\"big\">" + html_cell(row[i]) + "</p><p class=\"sub\">" + name + "</p>";
    } else {
      list += "<dt>" + name + "</dt><dd>" + html_cell(row[i]) + "</dd>";
    }
  }
  return fmt::format("<article class=\"card {}\"><h3>{}</h3><p>{}</p>{}<dl>{}</dl></article>\n",
                     verdict_name(row[1].pieces.front().verdict), html_cell(row[0]),
                     html_cell(row[1]), large, list);
}

}  // namespace

std::string both(const Text& text) {
  if (text.en == text.zh) return markup_escaped(text.en);
  return "<span lang=\"en\">" + markup_escaped(text.en) + "</span><span lang=\"zh\">" +
         markup_escaped(text.zh) + "</span>";
}

std::string script_json(const nlohmann::json& value) {
  return replace_all(dump_json(value), "<", "\\u003c");
}

std::string html_section(const Table& table) {
  if (table.empty()) return "";
  std::string body = table.rows.empty() ? "" : html_table(table);
  if (table.folded) {
    body = "<details><summary>" + both({"show", "展开"}) + "</summary>" + body + "</details>\n";
  }
  return section(table, body);
}

std::string card_section(const Table& table) {
  std::string cards;
  for (const auto& row : table.rows) cards += card(table.head, row);
  return section(table, "<div class=\"cards\">" + cards + "</div>");
}

}  // namespace assay

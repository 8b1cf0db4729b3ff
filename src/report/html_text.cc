#include "report/html_text.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "report/summary.h"

namespace assay {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return sanitize_utf8(out);
}

std::string both(std::string_view en, std::string_view zh) {
  return "<span lang=\"en\">" + escaped(en) + "</span><span lang=\"zh\">" + escaped(zh) + "</span>";
}

std::string script_json(const nlohmann::json& value) {
  return replace_all(dump_json(value), "<", "\\u003c");
}

std::string html_row(const std::vector<std::string>& cells) {
  std::string out = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += i == 0 ? "<th scope=\"row\">" + cells[i] + "</th>" : "<td>" + cells[i] + "</td>";
  }
  return out + "</tr>\n";
}

std::string html_table(const std::vector<std::string>& head, const std::string& rows) {
  std::string out = "<div class=\"wide\"><table><thead><tr>";
  for (const std::string& name : head) out += "<th scope=\"col\">" + name + "</th>";
  return out + "</tr></thead>\n<tbody>" + rows + "</tbody></table></div>\n";
}

std::string badge(const PairedComparison& comparison) {
  return fmt::format(
      "<span class=\"badge {}\">{}</span>", verdict_name(comparison.verdict),
      both(verdict_text(comparison, Language::en), verdict_text(comparison, Language::zh)));
}

}  // namespace assay

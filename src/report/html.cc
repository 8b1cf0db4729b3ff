// report.html: one file that works offline. Everything a model wrote is hostile text: it is escaped
// in the markup, the browser of items reads it from JSON and sets it as text, and a policy names
// the page's own scripts by their hashes, so that no other would run.
#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "report/facts.h"
#include "report/html.h"
#include "report/page_files.h"
#include "report/printers.h"
#include "report/sections.h"
#include "report/write.h"
#include "values/math_reference.h"

namespace assay {
namespace {

std::string page_file(std::string_view name) {
  for (const EmbeddedFile& file : page_files()) {
    if (file.name == name) return std::string(file.content);
  }
  return "";
}

std::string hash_source(const std::string& text) {
  return "'sha256-" + sha256_base64(text) + "'";
}

std::string navigation(const std::vector<Table>& sections) {
  std::string out = "<nav aria-label=\"sections\" data-label=\"sections|章节\">";
  const auto link = [&out](const std::string& id, const Text& title) {
    out += fmt::format("<a href=\"#{}\">{}</a>", id, both(title));
  };
  for (const Table& section : sections) {
    link(section.id, section.title);
    if (section.id != "verdict") continue;
    link("charts", {"Charts", "图表"});
    link("items", {"Items", "逐题"});
  }
  return out + "</nav>";
}

std::string header(const RunReport& report, const std::vector<Table>& sections) {
  return "<a class=\"skip\" href=\"#verdict\">" + both({"Skip to the verdict", "跳到结论"}) +
         "</a><header><h1>" + markup_escaped(report.name) +
         "</h1><div class=\"tools\"><button id=\"language\" type=\"button\" "
         "data-words=\"中文|English\">中文</button><button id=\"theme\" type=\"button\">" +
         both({"light / dark", "浅色 / 深色"}) +
         "</button></div><p class=\"sub runline\" data-part=\"run\">" + both(run_line(report)) +
         "</p>" + navigation(sections) + "</header>\n";
}

}  // namespace

Status write_html(const RunReport& report, Language language, const Append& append) {
  std::string charts;
  for (const EmbeddedFile& file : d3_files()) charts += std::string(file.content) + "\n";
  charts += page_file("charts.js");
  const std::string script = page_file("report.js");
  const std::string style = page_file("style.css");
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src {}; "
      "script-src {} {}; img-src data:; base-uri 'none'; form-action 'none'\">"
      "<title>{}</title><link rel=\"icon\" href=\"data:,\"><style>{}</style></head><body>\n",
      language == Language::zh ? "zh" : "en", hash_source(style), hash_source(charts),
      hash_source(script), markup_escaped(report.name), style);
  const std::vector<Table> sections = sections_of(report);
  out += header(report, sections) + "<main>\n";
  const std::string words = html_section(words_section(report));  // before the charts
  for (const Table& section : sections) {
    if (section.id == "verdict") {
      Table table = section;
      table.id = "primary";
      table.title = {"The verdict in figures", "结论的数字"};
      out += card_section(report) + words + chart_sections(report) + html_section(table);
    } else if (section.id != "words") {
      out += html_section(section);
    }
  }
  TRY(append(out));
  TRY(append_items_section(report, append));
  out = "</main><footer>assay " + markup_escaped(report.assay_version);
  if (!report.graders.empty()) out += "; " + markup_escaped(reference_text(report.graders));
  return append(out + "</footer>\n<script>" + charts + "</script>\n<script>" + script +
                "</script></body></html>\n");
}

Result<std::string> html_report(const RunReport& report, Language language) {
  std::string out;
  TRY(write_html(report, language, [&out](std::string_view piece) -> Status {
    out += piece;
    return {};
  }));
  return out;
}

}  // namespace assay

// report.html: one file that works offline. Everything a model wrote is hostile text: it is escaped
// in the markup, the browser of items reads it from JSON and sets it as text, and a policy names
// the page's own scripts by their hashes, so that no other would run.
#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "report/html_text.h"
#include "report/load_figures.h"
#include "report/page_files.h"
#include "report/write.h"

namespace assay {
namespace {

std::string page_file(std::string_view name) {
  for (const EmbeddedFile& file : page_files()) {
    if (file.name == name) return std::string(file.content);
  }
  return "";
}

std::string base64_of_hex(std::string_view hex) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto nibble = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (const char c : hex) {
    bits = (bits << 4U) | nibble(c);
    held += 4;
    if (held < 6) continue;
    held -= 6;
    out += digits[(bits >> static_cast<unsigned>(held)) & 63U];
    bits &= (1U << static_cast<unsigned>(held)) - 1;
  }
  if (held > 0) out += digits[(bits << static_cast<unsigned>(6 - held)) & 63U];
  while (out.size() % 4 != 0) out += '=';
  return out;
}

std::string hash_source(const std::string& text) {
  return "'sha256-" + base64_of_hex(sha256_hex(text)) + "'";
}

std::string navigation(const RunReport& report) {
  const auto link = [](const char* id, const char* en, const char* zh) {
    return fmt::format("<a href=\"#{}\">{}</a>", id, both(en, zh));
  };
  std::string out = "<nav aria-label=\"sections\" data-label=\"sections|章节\">";
  out += link("verdict", "Verdict", "结论") + link("forest", "Differences", "差值") +
         link("speed", "Speed", "速度") + link("scores", "Scores", "得分");
  for (const auto& f : report.fidelity) {
    if (!f) continue;
    out += link("fidelity", "Fidelity", "保真度");
    break;
  }
  if (report.noise_floor) out += link("noise", "Noise floor", "噪声下限");
  return out + link("flags", "Soundness", "可靠性") + link("engine", "Engine", "引擎") +
         link("items", "Items", "逐题") + "</nav>";
}

std::string header(const RunReport& report) {
  const bool budget = report.budget_s > 0;
  const std::string spent = human_duration(report.spent_s);
  const std::string allowed = human_duration(report.budget_s);
  return "<a class=\"skip\" href=\"#verdict\">" + both("Skip to the verdict", "跳到结论") +
         "</a><header><h1>" + escaped(report.name) + "</h1><p class=\"sub\">" +
         both(spent + " spent" + (budget ? " of " + allowed : ""),
              "用时 " + spent + (budget ? ",预算 " + allowed : "")) +
         "</p><div class=\"tools\"><button id=\"language\" type=\"button\" "
         "data-words=\"中文|English\">中文</button><button id=\"theme\" type=\"button\">" +
         both("light / dark", "浅色 / 深色") + "</button></div>" + navigation(report) +
         "</header>\n";
}

}  // namespace

std::string html_report(const RunReport& report, Language language) {
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
      hash_source(script), escaped(report.name), style);
  out += header(report) + "<main>\n";
  out += verdict_section(report) + chart_sections(report) + score_section(report) +
         fidelity_section(report) + noise_section(report) + flag_section(report) +
         engine_section(report) + load_section(report) + own_figure_section(report) +
         metric_section(report) + group_section(report) + items_section(report);
  out += "</main><footer>assay " + escaped(report.assay_version) + "</footer>\n";
  return out + "<script>" + charts + "</script>\n<script>" + script + "</script></body></html>\n";
}

}  // namespace assay

// The history as a page: charts drawn here, so that it needs no script but the language's button.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/hash.h"
#include "base/text.h"
#include "report/history.h"
#include "report/html.h"
#include "report/page_files.h"
#include "report/printers.h"

namespace assay {
namespace {

constexpr double kWidth = 760;
constexpr double kLeft = 130;  // room for the runs' dates
constexpr double kRight = 20;
constexpr double kRow = 24;
constexpr double kTop = 26;

constexpr const char* kLanguageScript =
    "document.getElementById('language').onclick=()=>{const h=document.documentElement;"
    "h.lang=h.lang==='zh'?'en':'zh';"
    "document.getElementById('language').textContent=h.lang==='zh'?'English':'中文'};"
    // A table that is wider than the page is scrolled by keys, too.
    "for(const e of document.querySelectorAll('.wide'))e.tabIndex=0";

// One chart: a row a run, a value with its interval on it.
struct HistoryChart {
  Text title;
  double low = 0;
  double high = 1;
  std::vector<double> marks;  // vertical lines, the first of them dashed
  int digits = 1;
};

struct HistoryChartRow {
  std::string label;
  Verdict verdict = Verdict::not_available;
  double value = 0;
  double low = 0;
  double high = 0;
};

double place_in(const HistoryChart& chart, double value) {
  const double share = (std::clamp(value, chart.low, chart.high) - chart.low) /
                       std::max(1e-12, chart.high - chart.low);
  return kLeft + share * (kWidth - kLeft - kRight);
}

std::string history_svg(const HistoryChart& chart, const std::vector<HistoryChartRow>& rows) {
  const double height = kTop + kRow * static_cast<double>(rows.size()) + 8;
  std::string out = fmt::format(
      "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" "
      "aria-label=\"{}\">",
      both(chart.title), kWidth, height, markup_escaped(chart.title.en));
  for (std::size_t i = 0; i < chart.marks.size(); ++i) {
    const double x = place_in(chart, chart.marks[i]);
    out += fmt::format(
        "<line class=\"{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.0f}\" y2=\"{:.0f}\"></line>"
        "<text x=\"{:.1f}\" y=\"14\" text-anchor=\"middle\">{:g}</text>",
        i == 0 ? "edge" : "zero", x, x, kTop - 6, height, x, chart.marks[i]);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const HistoryChartRow& row = rows[i];
    const double y = kTop + kRow * (static_cast<double>(i) + 0.5);
    out += fmt::format(
        "<g class=\"{}\"><text x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>"
        "<line class=\"interval\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"></line>"
        "<circle class=\"point\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"><title>{:.{}f} [{:.{}f}, "
        "{:.{}f}]</title></circle></g>",
        verdict_name(row.verdict), kLeft - 10, y + 4, markup_escaped(row.label),
        place_in(chart, row.low), place_in(chart, row.high), y, y, place_in(chart, row.value), y,
        row.value, chart.digits, row.low, chart.digits, row.high, chart.digits);
  }
  return out + "</svg></figure>\n";
}

void widen_chart(HistoryChart& chart, const std::vector<HistoryChartRow>& rows) {
  for (const HistoryChartRow& row : rows) {
    chart.low = std::min(chart.low, row.low);
    chart.high = std::max(chart.high, row.high);
  }
}

std::string row_label_of(const HistoryPoint& point) {
  const auto vllm = point.versions.find("vllm");
  return vllm == point.versions.end() ? "?" : vllm->second;
}

std::string history_charts(const History& history, const HistoryVariant& variant) {
  std::vector<HistoryChartRow> differences;
  std::vector<HistoryChartRow> agreements;
  for (const HistoryPoint& point : variant.points) {
    const std::string label = fmt::format(
        "{}: {}",
        history.runs[point.run].folder.substr(history.runs[point.run].folder.rfind('/') + 1),
        row_label_of(point));
    if (point.pooled.n > 0) {
      differences.push_back({label, point.pooled.verdict, point.pooled.diff_pp,
                             point.pooled.interval_low_pp, point.pooled.interval_high_pp});
    }
    if (point.fidelity) {
      const Estimate& top1 = point.fidelity->top1_agreement;
      agreements.push_back(
          {label, point.pooled.verdict, top1.value * 100, top1.low * 100, top1.high * 100});
    }
  }
  std::string out;
  if (!differences.empty()) {
    HistoryChart chart{.title = {"Difference to the baseline in points; dashed: the margin",
                                 "与基线的差值（百分点）；虚线：非劣效界值"},
                       .low = -1.5 * history.margin_pp,
                       .high = 0.5 * history.margin_pp,
                       .marks = {-history.margin_pp, 0}};
    widen_chart(chart, differences);
    out += history_svg(chart, differences);
  }
  if (!agreements.empty()) {
    HistoryChart chart{
        .title = {"Fidelity: top-1 agreement in per cent", "保真度：首选 token 一致率（%）"},
        .low = 99,
        .high = 100,
        .marks = {100}};
    widen_chart(chart, agreements);
    out += history_svg(chart, agreements);
  }
  return out;
}

std::string style_of_page() {
  for (const EmbeddedFile& file : page_files()) {
    if (file.name == "style.css") return std::string(file.content);
  }
  return "";
}

}  // namespace

std::string history_html(const History& history, Language language) {
  const std::string style = style_of_page();
  const bool zh = language == Language::zh;
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'\">"
      "<title>{}</title><link rel=\"icon\" href=\"data:,\"><style>{}</style></head><body>\n",
      zh ? "zh" : "en", sha256_base64(style), sha256_base64(kLanguageScript),
      markup_escaped(history.name), style);
  out += fmt::format(
      "<header><h1>{}</h1><p class=\"sub\">{}</p><div class=\"tools\"><button id=\"language\" "
      "type=\"button\">{}</button></div></header>\n<main>\n",
      markup_escaped(history.name),
      both({fmt::format("{} runs against {}", history.runs.size(), history.baseline),
            fmt::format("{} 次运行，基线 {}", history.runs.size(), history.baseline)}),
      zh ? "English" : "中文");
  for (const HistoryVariant& variant : history.variants) {
    out += "<section><h2>" + markup_escaped(variant.name) + "</h2>\n" +
           history_charts(history, variant) + "</section>\n";
  }
  out += html_section(history_table(history));
  return out + "</main>\n<script>" + kLanguageScript + "</script></body></html>\n";
}

}  // namespace assay

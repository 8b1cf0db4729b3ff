// The charts' figures, as JSON that the page's script draws (src/report/page/charts.js).
#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "report/heads.h"
#include "report/html.h"
#include "report/looks.h"
#include "report/sections.h"
#include "report/summary.h"

namespace assay {
namespace {

Json forest_rows(const RunReport& report) {
  Json rows = Json::array();
  const auto add = [&rows](const std::string& label, const std::string& label_zh,
                           const PairedComparison& c, bool pooled) {
    if (c.n == 0) return;
    rows.push_back({{"label", {label, label_zh}},
                    {"verdict", verdict_name(c.verdict)},
                    {"diff", c.diff_pp},
                    {"low", c.interval_low_pp},
                    {"high", c.interval_high_pp},
                    {"pooled", pooled},
                    {"text", difference_text(c)}});
  };
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    const std::string name = report.variants[v].name + ": ";
    add(name + "pooled", name + "合并", report.pooled[v].overall, true);
    for (const TaskValues& task : report.tasks) {
      const auto& paired = task.cells[v].paired;
      if (paired) add(name + task.title, name + task.title, *paired, false);
    }
  }
  return rows;
}

Json bar_panels(const RunReport& report) {
  Json accuracy = {{"title", {"Accuracy, %", "准确率 %"}}, {"most", 100}};
  Json speed = {{"title", {"Output tokens per second", "每秒输出 token 数"}}};
  Json load = {{"title", {"Load time", "加载时间"}}};
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    const VariantValues& variant = report.variants[v];
    const auto mean = shared_mean(report, v);
    accuracy["values"].push_back(mean ? Json(*mean * 100) : Json(nullptr));
    accuracy["texts"].push_back(mean ? fmt::format("{:.1f}", *mean * 100) : "N/A");
    speed["values"].push_back(variant.tokens_per_s);
    speed["texts"].push_back(rate_text(variant.tokens_per_s) + (variant.emulated ? " *" : ""));
    load["values"].push_back(variant.load_s);
    load["texts"].push_back(human_duration(variant.load_s));
  }
  return Json::array({accuracy, speed, load});
}

const char* shown_class(const LookOutcome& look) {
  if (look.comparison.overall.verdict == Verdict::invalid) return "invalid";
  if (look.worse) return look.non_inferior ? "worse_within_margin" : "worse";
  return look.non_inferior ? "non_inferior" : "inconclusive";
}

// A panel a candidate: each look that was taken, and the pairs of those to come.
Json look_panels(const RunReport& report) {
  Json panels = Json::array();
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    const LooksValues* looks = looks_at(report, v);
    if (looks == nullptr) continue;
    Json taken = Json::array();
    for (const LookOutcome& look : looks->result.looks) {
      const PairedComparison& c = look.comparison.overall;
      if (!look.not_taken.empty() || c.n == 0) continue;
      taken.push_back({{"pairs", look.look.pairs},
                       {"diff", c.diff_pp},
                       {"low", c.interval_low_pp},
                       {"high", c.interval_high_pp},
                       {"shown", shown_class(look)},
                       {"text", difference_text(c)}});
    }
    if (taken.empty()) continue;
    Json to_come = Json::array();
    for (const Look* look = next_look_of(*looks); look != nullptr;
         look = next_look(looks->schedule, look->pairs)) {
      to_come.push_back(look->pairs);
    }
    panels.push_back({{"name", report.variants[v].name}, {"taken", taken}, {"to_come", to_come}});
  }
  return panels;
}

std::string looks_figure() {
  return "<section id=\"looks-plot\"><h2>" + both({"Looks, drawn", "中期检验图"}) +
         "</h2>\n<figure><div id=\"looks-chart\"></div><figcaption>" +
         both(
             {"Each look at a variant: the difference in points over its pairs, with its bounds at "
              "the look's own levels. The band is the margin; dashed lines are looks still to "
              "come. The same numbers are in the table of looks.",
              "各变体的每次检验:横轴为对题数,纵轴为差值(百分点),竖线是按该次检验水平的界限。"
              "色带是界限,虚线是尚未进行的检验。中期检验表有同样的数字。"}) +
         "</figcaption></figure></section>\n";
}

}  // namespace

std::string chart_sections(const RunReport& report) {
  Json variants = Json::array();
  for (const VariantValues& v : report.variants) {
    variants.push_back({{"name", v.name}, {"baseline", v.baseline}, {"emulated", v.emulated}});
  }
  const Text pooled = primary_level(report);
  const Text by_task = task_level(report);
  const Text levels = {fmt::format("({} / {})", pooled.en, by_task.en),
                       fmt::format("({} / {})", pooled.zh, by_task.zh)};
  const Json looks = look_panels(report);
  Json figures = {{"forest", forest_rows(report)},
                  {"margin", report.margin_pp},
                  {"forest_title",
                   {"Differences to the baseline in points with intervals " + levels.en,
                    "与基线之差(百分点)及区间 " + levels.zh}},
                  {"bars", bar_panels(report)},
                  {"bars_title", {"Accuracy and speed of each variant", "各变体的准确率与速度"}},
                  {"variants", variants}};
  if (!looks.empty()) {
    figures["looks"] = looks;
    figures["looks_title"] = {"Differences in points at each look, by pairs",
                              "每次检验时的差值(百分点),按对题数"};
    figures["looks_axis"] = {"pairs", "对题"};
  }
  std::string out =
      "<section id=\"forest\"><h2>" + both({"Differences to the baseline", "与基线之差"}) +
      "</h2>\n" + "<figure><div id=\"forest-chart\"></div><figcaption>" +
      both({"Percentage points, left of zero is worse. The bar is the two-sided interval " +
                levels.en +
                ": the pooled one's level, and that of a task's. The band is the margin. The same "
                "numbers are in the tables below.",
            "单位为百分点,零线左侧为变差。横线是双侧区间 " + levels.zh +
                ",依次是合并差值的水平和各任务的水平。色带是界限。下表有同样的数字。"}) +
      "</figcaption></figure></section>\n";
  if (!looks.empty()) out += looks_figure();
  out += "<section id=\"speed\"><h2>" + both({"Accuracy and speed", "准确率与速度"}) + "</h2>\n" +
         "<figure><div id=\"speed-chart\"></div><figcaption>" +
         both({"Accuracy over the items all variants share, tasks weighted. Pale bars with * are "
               "emulated: their speed means nothing.",
               "准确率取各变体共有的题,任务加权。带 * 的浅色条是软件模拟,速度没有意义。"}) +
         "</figcaption></figure></section>\n";
  return out + "<script type=\"application/json\" id=\"figures\">" + script_json(figures) +
         "</script>\n";
}

}  // namespace assay

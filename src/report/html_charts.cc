// The charts' figures, as JSON that the page's script draws (src/report/page/charts.js).
#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "plan/plan.h"
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

// A line of pairs a variant and task, pooled first: how many flip which way.
Json flip_rows(const RunReport& report) {
  Json rows = Json::array();
  const auto add = [&rows](const Text& label, const PairedComparison& c) {
    if (c.n == 0) return;
    rows.push_back({{"label", {label.en, label.zh}},
                    {"wrong", c.flips_to_wrong},
                    {"right", c.flips_to_right},
                    {"pairs", c.n},
                    {"discordance", 100 * c.discordance}});
  };
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    const std::string name = report.variants[v].name + ": ";
    add({name + "pooled", name + "合并"}, report.pooled[v].overall);
    for (const TaskValues& task : report.tasks) {
      if (task.cells[v].paired) add(name + task.title, *task.cells[v].paired);
    }
  }
  return rows;
}

std::string title_of(const RunReport& report, const std::string& task) {
  const auto found = std::ranges::find(report.tasks, task, &TaskValues::name);
  return found == report.tasks.end() ? task : found->title;
}

// Agreement in percent by task and by position, and quantiles of the KL, a line a variant.
Json fidelity_lines(const RunReport& report) {
  Json lines = Json::array();
  for (std::size_t v = 0; v < report.fidelity.size(); ++v) {
    const auto& read = report.fidelity[v];
    if (!read || read->by_position.empty()) continue;
    Json line = {{"name", report.variants[v].name},
                 {"tasks", Json::array()},
                 {"positions", Json::array()},
                 {"quantiles", Json::array()}};
    for (const FidelityPart& part : read->by_task) {
      line["tasks"].push_back({{"label", title_of(report, part.task)},
                               {"agreement", 100 * part.top1_agreement},
                               {"kl", part.kl},
                               {"tokens", part.tokens}});
    }
    for (const FidelityPart& part : read->by_position) {
      line["positions"].push_back(
          {{"label", part.from == part.to ? std::to_string(part.from)
                                          : fmt::format("{}–{}", part.from, part.to)},
           {"agreement", 100 * part.top1_agreement},
           {"tokens", part.tokens}});
    }
    for (const auto& [share, nats] : read->kl_quantiles) {
      line["quantiles"].push_back(
          {{"label", share == 1 ? "max" : fmt::format("{:g} %", share * 100)}, {"kl", nats}});
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// `id`: letters and hyphens alone.
std::string figure(const std::string& id, const Text& title, const Text& caption) {
  return fmt::format(
      "<figure id=\"{0}\"><h3>{1}</h3><div id=\"{0}-chart\"></div><figcaption>{2}</figcaption>"
      "</figure>\n",
      id, both(title), both(caption));
}

Json titled(const char* en, const char* zh) {
  return Json::array({en, zh});
}

std::string fidelity_figures() {
  return figure("agreement-by-task", {"Top-1 agreement by task", "各任务的首选 token 一致率"},
                {"Percent of the positions read back at which the likeliest token is the "
                 "baseline's.",
                 "在读回的位置中，首选 token 与基线相同的百分比。"}) +
         figure("agreement-by-position",
                {"Top-1 agreement by position in the output", "按输出中位置的首选 token 一致率"},
                {"Percent, by the token's place in the baseline's output: a line that falls means "
                 "that small differences add up.",
                 "百分比，按 token 在基线输出中的位置：曲线下降说明小差异在累积。"}) +
         figure("kl-quantiles", {"KL divergence, quantiles over positions", "KL 散度的分位数"},
                {"Nats, on a scale of tenfolds: whether a mean comes of a few positions or of all.",
                 "单位 nat，对数刻度：平均值来自少数位置还是所有位置。"});
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
                       fmt::format("（{} / {}）", pooled.zh, by_task.zh)};
  const double forecast = 100 * report.facts.expected_discordance.value_or(kUsualDiscordance);
  Json figures = {
      {"forest", forest_rows(report)},
      {"margin", report.margin_pp},
      {"forecast", forecast},
      {"bars", bar_panels(report)},
      {"flips", flip_rows(report)},
      {"fidelity", fidelity_lines(report)},
      {"looks", look_panels(report)},
      {"variants", variants},
      {"words",
       {{"forest", titled("Differences to the baseline in points", "与基线之差（百分点）")},
        {"bars", titled("Accuracy and speed of each variant", "各变体的准确率与速度")},
        {"flips", titled("Items that flip, by task", "各任务翻转的题数")},
        {"wrong", titled("to wrong", "变错")},
        {"right", titled("to right", "变对")},
        {"discordance", titled("Discordance in percent, by task", "各任务的不一致率 %")},
        {"forecast", titled("forecast", "预计")},
        {"tasks", titled("Top-1 agreement by task", "各任务的首选 token 一致率")},
        {"positions", titled("Top-1 agreement by position", "按位置的首选 token 一致率")},
        {"quantiles", titled("KL divergence, quantiles", "KL 散度的分位数")},
        {"looks", titled("Differences in points at each look, by pairs",
                         "每次检验时的差值（百分点），按对题数")},
        {"pairs", titled("pairs", "对题")}}}};
  std::string out =
      "<section id=\"charts\"><h2>" + both({"Charts", "图表"}) + "</h2>\n" +
      figure("forest", {"Differences to the baseline", "与基线之差"},
             {"Percentage points, left of zero is worse. The bar is the two-sided interval " +
                  levels.en +
                  ": the pooled one's level, and that of a task's. The band is the margin. The "
                  "same numbers are in the tables below.",
              "单位为百分点，零线左侧为变差。横线是双侧区间" + levels.zh +
                  "，依次是合并差值的水平和各任务的水平。色带是非劣效界值。下表有同样的数字。"});
  if (!figures["looks"].empty()) {
    out += figure(
        "looks-plot", {"Looks", "中期检验"},
        {"Each look at a variant: the difference in points over its pairs, with its bounds at the "
         "look's own levels. The band is the margin; dashed lines are looks still to come. The "
         "same numbers are in the table of looks.",
         "各变体的每次检验：横轴为对题数，纵轴为差值（百分点），竖线是按该次检验水平的界限。"
         "色带是非劣效界值，虚线是尚未进行的检验。中期检验表有同样的数字。"});
  }
  out += "<div class=\"figures\">";
  if (!figures["flips"].empty()) {
    out +=
        figure("flips", {"Flips by task", "各任务的翻转"},
               {"Items right in the baseline and wrong in the variant, and the other way round.",
                "基线答对而变体答错的题，以及相反的题。"}) +
        figure(
            "discordance", {"Discordance against forecast", "不一致率与预计"},
            {fmt::format("Mean squared difference of an item, percent; the dashed line is "
                         "what was forecast, {:g} %: further right needs more items.",
                         forecast),
             fmt::format("每题差值平方的平均，百分比；虚线是预计值 {:g} %：越靠右，所需题数越多。",
                         forecast)});
  }
  if (!figures["fidelity"].empty()) out += fidelity_figures();
  out += "</div>" +
         figure("speed", {"Accuracy and speed", "准确率与速度"},
                {"Accuracy over the items all variants share, tasks weighted. Pale bars with * are "
                 "emulated: their speed means nothing.",
                 "准确率取各变体共有的题，任务加权。带 * 的浅色条是软件模拟，速度没有意义。"}) +
         "</section>\n";
  return out + "<script type=\"application/json\" id=\"figures\">" + script_json(figures) +
         "</script>\n";
}

}  // namespace assay

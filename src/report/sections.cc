// What is said of scores: the verdict, scores, differences, groups, counts.
#include "report/sections.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdint>
#include <map>

#include "base/text.h"
#include "report/arms.h"
#include "report/facts.h"
#include "report/heads.h"
#include "report/looks.h"
#include "report/settings.h"
#include "report/summary.h"
#include "report/words.h"

namespace assay {
namespace {

std::vector<Text> heads_by_variant(std::vector<Text> first, const RunReport& report) {
  for (const VariantValues& v : report.variants) first.push_back(name_of(v));
  return first;
}

TableCell verdict_cell(const PairedComparison& comparison) {
  return badge(comparison.verdict,
               {verdict_text(comparison, Language::en), verdict_text(comparison, Language::zh)});
}

TableCell flips_cell(const PairedComparison& comparison) {
  return fmt::format("{} / {}", comparison.flips_to_wrong, comparison.flips_to_right);
}

// Each number leads to its items.
TableCell flips_of_task(const RunReport& report, const TaskValues& task, std::size_t variant) {
  const PairedComparison& c = *task.cells[variant].paired;
  const std::string& base = report.variants[baseline_index(report.variants)].name;
  const std::string& name = report.variants[variant].name;
  const auto half = [&task](std::int64_t n, const std::string& right, const std::string& wrong) {
    return link(std::to_string(n), n > 0 ? items_href(task.name, right, wrong) : "");
  };
  return std::vector<Piece>{
      half(c.flips_to_wrong, base, name), {"/"}, half(c.flips_to_right, name, base)};
}

TableCell detectable_cell(const PairedComparison& c) {
  return number(c.smallest_detectable_pp ? fmt::format("{:.1f}", *c.smallest_detectable_pp) : "");
}

// The pooled difference stands out: the page shows it large.
TableCell pooled_cell(const PairedComparison& pooled) {
  if (pooled.n == 0) return {};
  return std::vector<Piece>{
      strong(fmt::format("{:+.1f}", pooled.diff_pp)),
      sub(fmt::format("[{:+.1f}, {:+.1f}]", pooled.interval_low_pp, pooled.interval_high_pp))};
}

TableCell score_cell(const TaskValues& task, const Cell& cell) {
  TableCell out = strong(score_text(task, cell));
  if (!cell.not_available.empty()) return out;
  out.pieces.push_back(
      sub(fmt::format("[{:.0f}, {:.0f}]", cell.ci95.low * 100, cell.ci95.high * 100)));
  // Of lm-eval's several filters each by its name; else its one metric.
  bool named = false;
  for (const auto& [name, mean] : cell.metrics) {
    const std::size_t comma = name.find(',');
    if (comma == std::string::npos || name.ends_with(",none")) continue;
    named = true;
    out.pieces.push_back(sub(fmt::format("({} {:.1f} %)", name.substr(comma + 1), mean * 100)));
  }
  if (!named && cell.metrics.contains("lm_eval")) {
    out.pieces.push_back(sub(fmt::format("(lm_eval {:.1f} %)", cell.metrics.at("lm_eval") * 100)));
  }
  return out;
}

Text overview_text(const TaskValues& task, const Cell& cell) {
  Text text = score_text(task, cell);
  if (!cell.not_available.empty()) return text;
  text.en += fmt::format(" ({}/{})", cell.scored, cell.planned);
  text.zh += fmt::format(" ({}/{})", cell.scored, cell.planned);
  if (!cell.paired || cell.paired->n == 0) return text;
  text.en += " " + difference_text(*cell.paired);
  text.zh += " " + difference_text(*cell.paired);
  return text;
}

// The plain mean of the tasks' scores, as others publish it; "" where a score is missing.
std::string equal_mean_text(const RunReport& report, std::size_t variant) {
  double sum = 0;
  int tasks = 0;
  for (const TaskValues& task : report.tasks) {
    if (task.status != "ok") continue;
    const auto& metrics = task.cells[variant].metrics;
    const auto score = metrics.find(task.metrics.front());
    if (score == metrics.end()) return "";
    sum += score->second;
    ++tasks;
  }
  return tasks > 0 ? fmt::format("{:.1f} %", sum / tasks * 100) : "";
}

// "2 (no judge 2)"
Text unscored_text(const Cell& cell) {
  std::int64_t unscored = 0;
  std::vector<std::string> reasons;
  std::vector<std::string> reasons_zh;
  for (const auto& [reason, count] : cell.unscored) {
    unscored += count;
    const Text words = reason_words(reason);
    reasons.push_back(fmt::format("{} {}", words.en, count));
    reasons_zh.push_back(fmt::format("{} {}", words.zh, count));
  }
  const std::string number = std::to_string(unscored);
  if (reasons.empty()) return number;
  return {number + " (" + join(reasons, ", ") + ")", number + "（" + join(reasons_zh, "，") + "）"};
}

}  // namespace

Text weights_text(const RunReport& report) {
  switch (report.weights) {
    case WeightRule::square_root:
      return {"by the root of their planned items", "按计划题数的平方根"};
    case WeightRule::items:
      return {"by their planned items", "按计划题数"};
    case WeightRule::equal:
      break;
  }
  return {"the same whatever their size", "同等"};
}

Text name_of(const VariantValues& variant) {
  if (!variant.baseline) return variant.name;
  return {variant.name + " (baseline)", variant.name + "（基线）"};
}

namespace {

Text level_or_looks(const RunReport& report, double confidence) {
  if (report.until == Until::decided) return {"at its look's levels", "按其检验水平"};
  return heads::level_text(confidence);
}

}  // namespace

Text primary_level(const RunReport& report) {
  return level_or_looks(report, 1 - 2 * report.alpha);
}

Text task_level(const RunReport& report) {
  return level_or_looks(report, 1 - 2 * report.alpha / report.family);
}

std::string time_text(double seconds_since_1970) {
  if (seconds_since_1970 <= 0) return "?";
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(static_cast<std::time_t>(seconds_since_1970)));
}

std::string rate_text(double per_s) {
  return fmt::format("{:.{}f}", per_s, per_s < 99.95 ? 1 : 0);
}

std::optional<double> shared_mean(const RunReport& report, std::size_t variant) {
  double sum = 0;
  double weights = 0;
  for (const TaskValues& task : report.tasks) {
    if (task.shared == 0 || task.weight <= 0) continue;
    sum += task.weight * task.shared_means[variant];
    weights += task.weight;
  }
  return weights > 0 ? std::optional<double>(sum / weights) : std::nullopt;
}

Table overview(const RunReport& report) {
  Table table{"overview"};
  const Text level = task_level(report);
  table.title = {
      fmt::format("{}: score (scored/planned) difference to the baseline [{}] in points",
                  report.name, level.en),
      fmt::format("{}：得分（已评分/计划）与基线之差 [{}]，百分点", report.name, level.zh)};
  table.head = {heads::task()};
  for (const VariantValues& v : report.variants) table.head.emplace_back(v.name);
  for (const TaskValues& task : report.tasks) {
    auto& row = table.rows.emplace_back(std::vector<TableCell>{task.title});
    for (const Cell& cell : task.cells) row.emplace_back(overview_text(task, cell));
  }
  auto& loads = table.rows.emplace_back(std::vector<TableCell>{heads::load()});
  for (const VariantValues& v : report.variants) loads.emplace_back(human_duration(v.load_s));
  auto& rates = table.rows.emplace_back(std::vector<TableCell>{heads::tokens_per_s()});
  for (const VariantValues& v : report.variants) rates.emplace_back(rate_text(v.tokens_per_s));
  return table;
}

Table verdict_section(const RunReport& report) {
  Table table{"verdict", {"Verdict", "结论"}};
  table.note = {
      fmt::format(
          "Primary: the pooled difference to the baseline, tasks weighted {}; margin {} points, "
          "alpha {} one-sided. Verdicts by task are secondary and Holm-adjusted. Finding no "
          "difference is not a proof that there is none.",
          weights_text(report).en, report.margin_pp, report.alpha),
      fmt::format("主要结论看合并差值，各任务{}加权；非劣效界值 {} 个百分点，单侧 alpha {}。"
                  "各任务的结论是次要的，经 Holm 校正。没有发现差异，不等于证明没有差异。",
                  weights_text(report).zh, report.margin_pp, report.alpha)};
  table.head = {heads::variant(), heads::verdict(), heads::difference(primary_level(report)),
                heads::pairs(),   heads::flips(),   heads::top1_agreement(),
                heads::mean_kl()};
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    const PairedComparison& pooled = report.pooled[v].overall;
    const auto fidelity = v < report.fidelity.size() ? report.fidelity[v] : std::nullopt;
    table.rows.push_back({report.variants[v].name, verdict_cell(pooled), pooled_cell(pooled),
                          number(std::to_string(pooled.n)), flips_cell(pooled),
                          fidelity ? top1_text(*fidelity) : "",
                          fidelity ? kl_text(*fidelity) : ""});
  }
  return table;
}

Table words_section(const RunReport& report) {
  return {"words", {"In words", "文字说明"}, {report.summary, report.summary_zh}};
}

Table score_section(const RunReport& report) {
  Table table{"scores", {"Scores", "得分"}};
  table.note = {"In brackets Wilson's 95 % interval of the score itself.",
                "方括号内是得分本身的 Wilson 95 % 区间。"};
  table.head = heads_by_variant({heads::task()}, report);
  for (const TaskValues& task : report.tasks) {
    auto& row = table.rows.emplace_back(std::vector<TableCell>{task.title});
    for (const Cell& cell : task.cells) row.push_back(score_cell(task, cell));
  }
  if (report.tasks.size() < 2) return table;
  auto& mean = table.rows.emplace_back(
      std::vector<TableCell>{Text{"mean, each task alike", "平均（各任务同等）"}});
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    mean.emplace_back(equal_mean_text(report, v));
  }
  return table;
}

namespace {

Text note_of_tasks(const RunReport& report) {
  const Text level = task_level(report);
  if (report.until == Until::decided) {
    return {
        fmt::format("Of the pairs of each candidate's last look. {} tests share alpha {}; p-values "
                    "are adjusted for the look, and intervals and the smallest loss that would "
                    "show (80 times in 100) are at its level / {}.",
                    report.family, report.alpha, report.family),
        fmt::format("只用各变体最后一次检验的配对题。{} 项检验共用 alpha {}；p 值已按该次检验校正，"
                    "区间和可检出的最小损失（80 % 功效）取其水平 / {}。",
                    report.family, report.alpha, report.family)};
  }
  return {
      fmt::format(
          "Of the items scored on both sides. {} tests share alpha {}, so intervals and the "
          "smallest loss that would show (80 times in 100) are at alpha / {}: {} two-sided.",
          report.family, report.alpha, report.family, level.en),
      fmt::format(
          "只用双方都有得分的题。{} 项检验共用 alpha {}，所以区间和可检出的最小损失（80 % 功效）"
          "取 alpha / {}，即双侧 {}。",
          report.family, report.alpha, report.family, level.zh)};
}

}  // namespace

Table difference_section(const RunReport& report) {
  Table table{"differences", {"Differences by task", "各任务与基线之差"}};
  table.note = note_of_tasks(report);
  table.head = {heads::task(),
                heads::variant(),
                heads::difference(task_level(report)),
                heads::flips(),
                "McNemar p",
                {"smallest loss shown, points", "可检出的最小损失，百分点"},
                heads::verdict()};
  for (const TaskValues& task : report.tasks) {
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      const auto& paired = task.cells[v].paired;
      if (!paired) continue;
      const std::string p =
          paired->mcnemar_p && paired->n > 0 ? fmt::format("{:.3f}", *paired->mcnemar_p) : "";
      table.rows.push_back({task.title, report.variants[v].name, difference_text(*paired),
                            flips_of_task(report, task, v), number(p), detectable_cell(*paired),
                            verdict_cell(*paired)});
    }
  }
  return table;
}

Table group_section(const RunReport& report) {
  Table table{"groups", {"By subject and difficulty", "按学科与难度"}};
  table.folded = true;
  table.head = heads_by_variant({heads::task(), {"group (items)", "分组（题数）"}}, report);
  for (const TaskValues& task : report.tasks) {
    std::map<std::string, std::vector<TableCell>> by_group;
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      for (const auto& [group, value] : task.cells[v].groups) {
        auto& cells = by_group[group];
        cells.resize(report.variants.size());
        cells[v] = fmt::format("{:.1f} % ({})", value.second * 100, value.first);
      }
    }
    for (auto& [group, cells] : by_group) {
      auto& row = table.rows.emplace_back(std::vector<TableCell>{task.title, group});
      row.insert(row.end(), cells.begin(), cells.end());
    }
  }
  return table;
}

Table count_section(const RunReport& report) {
  Table table{"counts", {"Counts", "题数统计"}};
  table.head = {heads::task(),          {"planned", "计划"},  heads::variant(),
                {"run", "已运行"},      {"scored", "已评分"}, heads::pairs(),
                {"unscored", "未评分"}, {"truncated", "截断"}};
  for (const TaskValues& task : report.tasks) {
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      const Cell& cell = task.cells[v];
      const std::string planned = task.least ? fmt::format("{} to {}", *task.least, task.planned)
                                             : std::to_string(task.planned);
      table.rows.push_back({task.title, number(planned), report.variants[v].name,
                            number(std::to_string(cell.run)), number(std::to_string(cell.scored)),
                            number(cell.paired ? std::to_string(cell.paired->n) : ""),
                            unscored_text(cell), number(std::to_string(cell.truncated))});
    }
  }
  return table;
}

std::vector<Table> sections_of(const RunReport& report) {
  std::vector<Table> all = {
      verdict_section(report),    words_section(report),  arm_section(report),
      looks_section(report),      score_section(report),  difference_section(report),
      fidelity_section(report),   noise_section(report),  flag_section(report),
      own_figure_section(report), metric_section(report), group_section(report),
      count_section(report),      engine_section(report), machine_section(report),
      load_section(report),       canary_section(report), traffic_section(report),
      event_section(report),      facts_section(report)};
  std::vector<Table> out;
  for (Table& table : all) {
    name_settings(table, report);
    if (!table.empty()) out.push_back(without_empty_columns(std::move(table)));
  }
  return out;
}

}  // namespace assay

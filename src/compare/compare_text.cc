// A comparison of folders, written for terminals, CI and programs.
#include <fmt/format.h>

#include <cstdint>

#include "base/json.h"
#include "base/terminal.h"
#include "base/text.h"
#include "compare/compare_folders.h"
#include "compare/metric_choice.h"
#include "report/heads.h"
#include "report/printers.h"
#include "report/summary.h"

namespace assay {
namespace {

std::vector<TableCell> row_of(const Text& name, const std::string& metric,
                              const PairedComparison& c, double margin, bool paired) {
  const TableCell verdict = badge(c.verdict, {verdict_text(c), verdict_text(c, Language::zh)});
  if (c.n == 0 && c.verdict == Verdict::not_available) {
    return {name, metric, "0", "", "", "", "", fmt::format("{}", margin), verdict};
  }
  return {name,
          metric,
          bilingual("{}{}", "{}{}", c.n, paired ? Text() : Text(" (not paired)", "（未配对）")),
          fmt::format("{:.1f} %", c.baseline_mean * 100),
          fmt::format("{:.1f} %", c.candidate_mean * 100),
          difference_text(c),
          paired ? fmt::format("{} / {}", c.flips_to_wrong, c.flips_to_right) : "",
          fmt::format("{}", margin),
          verdict};
}

Table table_of(const FolderComparison& comparison, const ComparisonReport& report) {
  Table table{"comparison"};
  table.head = {heads::task(),    {"metric", "指标"},       heads::pairs(),
                {"base", "基线"}, {"candidate", "候选"},    {"difference, points", "差值，百分点"},
                heads::flips(),   {"margin", "非劣效界值"}, heads::verdict()};
  table.rows.push_back(
      row_of({"pooled", "合并"}, "", comparison.pooled.overall, report.margin_pp, true));
  for (const TaskComparison& task : comparison.tasks) {
    table.rows.push_back(row_of(task.task, metric_title(task.metric, task.filter), task.comparison,
                                task.margin_pp, task.paired));
  }
  return table;
}

Text weights_words(WeightRule rule) {
  switch (rule) {
    case WeightRule::square_root:
      return {"by the root of their items", "按题数的平方根加权"};
    case WeightRule::items:
      return {"by their items", "按题数加权"};
    case WeightRule::equal:
      break;
  }
  return {"the same", "权重相同"};
}

std::string ids_text(const std::vector<std::uint32_t>& ids, std::int64_t count) {
  std::vector<std::string> names;
  names.reserve(ids.size());
  for (const std::uint32_t id : ids) names.push_back(std::to_string(id));
  const bool more = count > static_cast<std::int64_t>(ids.size());
  return "doc_id " + join(names, ", ") + (more ? ", …" : "");
}

// What a reader must know beside the table, a line each.
std::vector<Text> remarks_of(const FolderComparison& comparison) {
  std::vector<Text> out = comparison.notes;
  for (const TaskComparison& task : comparison.tasks) {
    if (task.only_base > 0) {
      out.push_back(bilingual("{}: {} items only in the base ({}), left out",
                              "{}：{} 题只有基线有（{}），不计入", task.task, task.only_base,
                              ids_text(task.example_only_base, task.only_base)));
    }
    if (task.only_candidate > 0) {
      out.push_back(bilingual("{}: {} items only in the candidate ({}), left out",
                              "{}：{} 题只有候选有（{}），不计入", task.task, task.only_candidate,
                              ids_text(task.example_only_candidate, task.only_candidate)));
    }
    if (task.unscored > 0) {
      out.push_back(bilingual("{}: {} samples without a score between 0 and 1",
                              "{}：{} 个样本没有 0 到 1 之间的得分", task.task, task.unscored));
    }
    for (const Text& note : task.notes)
      out.push_back(bilingual("{}: {}", "{}：{}", task.task, note));
  }
  if (!comparison.only_base.empty()) {
    out.push_back(bilingual("tasks only in the base: {}", "只有基线有的任务：{}",
                            some_of(comparison.only_base)));
  }
  if (!comparison.only_candidate.empty()) {
    out.push_back(bilingual("tasks only in the candidate: {}", "只有候选有的任务：{}",
                            some_of(comparison.only_candidate)));
  }
  for (const Text& failure : comparison.failures) {
    out.push_back(bilingual("policy: {}", "策略：{}", failure));
  }
  return out;
}

Json entry_of(const PairedComparison& c) {
  return {{"n", c.n},
          {"method", method_name(c.method)},
          {"baseline_mean", c.baseline_mean},
          {"candidate_mean", c.candidate_mean},
          {"diff_pp", c.diff_pp},
          {"interval_low_pp", c.interval_low_pp},
          {"interval_high_pp", c.interval_high_pp},
          {"interval_confidence", c.interval_confidence},
          {"flips_to_wrong", c.flips_to_wrong},
          {"flips_to_right", c.flips_to_right},
          {"p_worse", c.p_worse},
          {"p_non_inferior", c.p_non_inferior},
          {"p_worse_adjusted", c.p_worse_adjusted},
          {"p_non_inferior_adjusted", c.p_non_inferior_adjusted},
          {"p_gain_adjusted", c.p_gain_adjusted},
          {"obstacle", obstacle_name(c.obstacle)},
          {"items_needed", c.items_needed ? Json(*c.items_needed) : Json(nullptr)},
          {"verdict", verdict_name(c.verdict)},
          {"reason", c.reason}};
}

// What the intervals in the table are.
Text levels_text(const ComparisonReport& report) {
  const std::string pooled = heads::level_text(1 - 2 * report.alpha);
  Text out = bilingual("intervals: {}", "区间：{}", pooled);
  if (report.family > 1) {
    out = bilingual("intervals: pooled {}, by task {}; {} verdicts by task share alpha {}",
                    "区间：合并 {}，按任务 {}；各任务的 {} 个结论分摊 alpha {}", pooled,
                    heads::level_text(1 - 2 * report.alpha / report.family), report.family,
                    report.alpha);
  }
  return bilingual("{}; tasks weighted {}", "{}；各任务{}", out, weights_words(report.weights));
}

// null: nothing was looked at.
Json answers_json(const AnswerCounts& counts) {
  if (counts.looked_at == 0) return nullptr;
  return {{"looked_at", counts.looked_at},
          {"empty", counts.empty},
          {"looping", counts.looping},
          {"cut", counts.cut},
          {"refusing", counts.refusing}};
}

std::string junit_case(const std::string& suite, const std::string& name, const PairedComparison& c,
                       bool decides) {
  std::string out = fmt::format("    <testcase classname=\"{}\" name=\"{}\"", markup_escaped(suite),
                                markup_escaped(name));
  const std::string text = markup_escaped(verdict_text(c) + " " + difference_text(c));
  if (c.verdict == Verdict::non_inferior || c.verdict == Verdict::worse_within_margin) {
    return out + "/>\n";
  }
  const bool failed = c.verdict == Verdict::worse || decides;
  return out + (failed ? "><failure message=\"" : "><skipped message=\"") + text +
         "\"/></testcase>\n";
}

}  // namespace

std::string comparison_text(const ComparisonReport& report, const ScreenStyle& style) {
  std::string out;
  const auto add = [&](const Text& line) {
    out += wrapped(line.in(style.language), style.columns, 2) + "\n";
  };
  for (const Text& note : report.notes) add(note);
  for (const FolderComparison& comparison : report.candidates) {
    if (!out.empty()) out += "\n";
    add(bilingual("{0} against {1}", "{0} 对比基线 {1}", comparison.candidate, comparison.base));
    out += aligned(table_of(comparison, report), style.language, style.colour, style.columns);
    add(levels_text(report));
    for (const Text& remark : remarks_of(comparison)) add(remark);
  }
  return out;
}

std::string comparison_markdown(const ComparisonReport& report) {
  std::string out;
  for (const Text& note : report.notes) out += "- " + note.en + "\n";
  if (!report.notes.empty()) out += "\n";
  for (const FolderComparison& comparison : report.candidates) {
    out += fmt::format("### {}: {} against {}\n\n", verdict_text(comparison.pooled.overall),
                       markdown_escaped(comparison.candidate), markdown_escaped(comparison.base));
    out += markdown_table(table_of(comparison, report)) + "\n";
    out += "- " + levels_text(report).en + "\n";
    for (const Text& remark : remarks_of(comparison)) out += "- " + remark.en + "\n";
    out += "\n";
  }
  return out;
}

std::string comparison_json(const ComparisonReport& report) {
  Json out = {{"schema_version", 3},         {"margin_pp", report.margin_pp},
              {"alpha", report.alpha},       {"weights", name_of(report.weights)},
              {"family", report.family},     {"notes", english_of(report.notes)},
              {"comparisons", Json::array()}};
  for (const FolderComparison& comparison : report.candidates) {
    Json one = {{"base", comparison.base},
                {"candidate", comparison.candidate},
                {"pooled", entry_of(comparison.pooled.overall)},
                {"tasks", Json::array()},
                {"tasks_only_base", comparison.only_base},
                {"tasks_only_candidate", comparison.only_candidate},
                {"policy_failures", english_of(comparison.failures)},
                {"remarks", english_of(remarks_of(comparison))}};
    for (const TaskComparison& task : comparison.tasks) {
      Json entry = entry_of(task.comparison);
      entry.update({{"task", task.task},
                    {"metric", task.metric},
                    {"filter", task.filter},
                    {"margin_pp", task.margin_pp},
                    {"paired", task.paired},
                    {"only_base", task.only_base},
                    {"only_candidate", task.only_candidate},
                    {"unscored", task.unscored},
                    {"unscored_base_alone", task.unscored_base_alone},
                    {"unscored_candidate_alone", task.unscored_candidate_alone},
                    {"answers_base", answers_json(task.answers_base)},
                    {"answers_candidate", answers_json(task.answers_candidate)},
                    {"notes", english_of(task.notes)}});
      one["tasks"].push_back(std::move(entry));
    }
    out["comparisons"].push_back(std::move(one));
  }
  return dump_json(out, 1) + "\n";
}

std::string comparison_junit(const ComparisonReport& report) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"assay\">\n";
  for (const FolderComparison& comparison : report.candidates) {
    const std::string suite = comparison.candidate + " against " + comparison.base;
    std::string cases;
    const bool pooled = comparison.pooled.overall.n > 0;
    cases += junit_case(suite, "pooled", comparison.pooled.overall, pooled);
    for (const TaskComparison& task : comparison.tasks) {
      cases += junit_case(suite, task.task, task.comparison, !pooled);
    }
    for (const Text& failure : comparison.failures) {
      cases += fmt::format(
          "    <testcase classname=\"{}\" name=\"policy\"><failure message=\"{}\"/></testcase>\n",
          markup_escaped(suite), markup_escaped(failure.en));
    }
    const auto count = [&cases](std::string_view word) {
      std::size_t n = 0;
      for (std::size_t at = cases.find(word); at != std::string::npos;
           at = cases.find(word, at + 1)) {
        ++n;
      }
      return n;
    };
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n{}  "
        "</testsuite>\n",
        markup_escaped(suite), count("<testcase"), count("<failure"), count("<skipped"), cases);
  }
  return out + "</testsuites>\n";
}

}  // namespace assay

#include "compare/compare_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <future>

#include "base/text.h"
#include "compare/metric_choice.h"
#include "compare/pairing.h"
#include "compare/result_settings.h"
#include "compare/side_samples.h"
#include "report/same_answers.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr double kMeansDiffer = 0.005;  // from which samples and results do not say the same
void doubt(TaskComparison& task, Allowance allowed_by, Text what) {
  task.notes.push_back(what);
  task.doubts.push_back({allowed_by, std::move(what)});
}

std::unexpected<Error> asked_otherwise(const Text& what, const Text& why) {
  return usage_error(
      what, why,
      {"ask both sides the same, or add --allow-different-prompts when that is meant",
       "两边用同样的提问；确实有意不同时加 --allow-different-prompts"});
}

// Members without samples on both sides are left out of the group.
std::vector<std::string> paired_members(const Sides& sides, const CompareUnit& unit) {
  std::vector<std::string> out;
  if (unit.members.empty()) {
    const bool both =
        sides.base.samples.contains(unit.task) && sides.candidate.samples.contains(unit.other);
    if (both) out.emplace_back();
    return out;
  }
  for (const std::string& member : unit.members) {
    if (sides.base.samples.contains(member) && sides.candidate.samples.contains(member)) {
      out.push_back(member);
    }
  }
  return out;
}

// What the results file names; without one what the samples do. Their first line names one filter
// of perhaps several: one that is asked for by name is taken to be there.
std::vector<MetricSummary> metrics_of(const TaskSummary* summary, const SampleLayout& layout,
                                      const CompareRequest& request) {
  if (summary != nullptr && !summary->metrics.empty()) return summary->metrics;
  std::vector<MetricSummary> out;
  for (const std::string& metric : layout.metrics) {
    MetricSummary m;
    m.metric = metric;
    m.filter = layout.filter.empty() || request.filter.empty() ? layout.filter : request.filter;
    out.push_back(std::move(m));
  }
  return out;
}

bool covers_answers(const Side& side) {
  return side.summary != nullptr && side.summary->prompt_hash_covers_answers;
}

// Where a side's hashes say nothing about what was asked, the difference is told, not refused.
bool note_unknown_prompts(const Side& side, TaskComparison& out) {
  if (!covers_answers(side)) return false;
  out.notes.push_back(
      bilingual("prompts not compared: the samples of {} are of an earlier release, whose "
                "prompt_hash covers the model's own answers; `assay report` writes them anew",
                "没有比较提示词：{} 的样本来自较早的版本，其 prompt_hash "
                "含有模型自己的回答；`assay report` 会重写它们",
                side.arm.name));
  return true;
}

Result<std::string> some_text_of(const Side& side, std::uint32_t doc_id, const std::string& name) {
  constexpr std::size_t kShown = 64;
  for (const auto& [member, file] : side.files) {
    const std::string text = TRY(text_of(file, doc_id, name));
    if (!text.empty()) return sanitize_utf8(text.substr(0, kShown));
  }
  return std::string();
}

// What both sides tell of their items and must be the same.
struct MustAgree {
  Text what;          // "the prompts"
  std::string field;  // of a sample, shown where it differs
};

Status check_agreement(const Sides& sides, const Side& left, const Side& right,
                       const MustAgree& must, const Agreement& found, std::int64_t shared,
                       TaskComparison& out) {
  if (found.differ == 0) return {};
  const Text count =
      bilingual("{0} of {1} shared items", "{1} 道共有题中的 {0} 题", found.differ, shared);
  if (sides.request.allow_different_prompts) {
    out.notes.push_back(bilingual("{} differ on {}", "{}不同：{}", must.what, count));
    return {};
  }
  const std::string x = TRY(some_text_of(left, found.differing_base, must.field));
  const std::string y = TRY(some_text_of(right, found.differing_candidate, must.field));
  return asked_otherwise(
      bilingual("the {0} of {1} differ on {2}", "{1} 的{0}不同：{2}", must.what, out.task, count),
      bilingual("{0} of doc_id {1}: {2} in {3}, {4} in {5}",
                "doc_id {1} 的 {0}：{3} 中是 {2}，{5} 中是 {4}", must.field, found.differing_base,
                x, left.arm.name, y, right.arm.name));
}

Status check_prompts(const Sides& sides, const Side& left, const Side& right,
                     const Pairing& pairing, TaskComparison& out) {
  if (pairing.prompts.differ == 0) return {};
  const bool base_unknown = note_unknown_prompts(left, out);
  if (note_unknown_prompts(right, out) || base_unknown) return {};
  return check_agreement(sides, left, right, {Text("prompts", "提示词"), "prompt_hash"},
                         pairing.prompts, pairing.shared, out);
}

// The same question held against another answer is another question. Each program has its own way
// to write a target down.
Status check_targets(const Sides& sides, const Side& left, const Side& right,
                     const SharedHashes& hashes, const Pairing& pairing, TaskComparison& out) {
  if (left.arm.of_assay != right.arm.of_assay) return {};
  return check_agreement(
      sides, left, right,
      {Text("targets", "标准答案"), hashes.of_targets ? "target_hash" : "target"}, pairing.targets,
      pairing.shared, out);
}

// Of an arm that lacks items of the other: a limit takes the first ones, and a run of assay says
// itself how far it came. Whatever else left them out may have left out what was too hard.
void doubt_missing(const Side& side, const SampleTable& table, const Side& other,
                   std::int64_t missing, TaskComparison& out) {
  if (missing == 0 || !table.has_gaps || side.arm.of_assay) return;
  doubt(out, Allowance::missing_items,
        bilingual("{0} of {1}'s items are not among {2}'s, whose doc_ids have gaps: no limit left "
                  "them out, and they may be those it failed at",
                  "{1} 的 {0} 题不在 {2} 之中，而 {2} 的 doc_id "
                  "有空缺：并非题数限制所致，缺的可能正是它答不出的题",
                  missing, other.arm.name, side.arm.name));
}

// One model under two names, or the same file twice, never shows a loss.
void doubt_same_answers(const Side& left, const Side& right, const SampleTable& base,
                        const Pairing& pairing, TaskComparison& out) {
  const Agreement& answers = pairing.answers;
  if (answers.alike < kFewestSameAnswers || answers.alike != pairing.shared) return;
  const double bytes = static_cast<double>(base.answer_bytes) /
                       static_cast<double>(std::max<std::size_t>(1, base.rows.size()));
  const bool named = !left.arm.model.empty() && !right.arm.model.empty();
  if (bytes < kShortestSameAnswer || !named || left.arm.model == right.arm.model) return;
  doubt(out, Allowance::same_answers,
        bilingual("all {} answers are the same to the letter on both sides: as if {} had not been "
                  "asked, but {} twice",
                  "两侧的 {} 个回答一字不差：似乎没有问过 {}，而是问了 {} 两次", pairing.shared,
                  right.arm.model, left.arm.model));
}

// Of the samples where both sides have them: these tell what was asked.
std::vector<std::string> generation_of(const CompareUnit& unit, const Side* left,
                                       const Side* right) {
  if (left != nullptr && right != nullptr && left->layout.generation.is_object() &&
      right->layout.generation.is_object()) {
    return generation_differences(left->layout.generation, right->layout.generation);
  }
  if (unit.base == nullptr || unit.candidate == nullptr) return {};
  return generation_differences(unit.base->generation, unit.candidate->generation);
}

// `prompts_known`: the prompts themselves were compared, so that their templates are of no account.
Status check_settings(const Sides& sides, const CompareUnit& unit, const Side* left,
                      const Side* right, bool prompts_known, ComparedUnit& out) {
  std::vector<std::string> differing;
  if (unit.base != nullptr && unit.candidate != nullptr) {
    SettingsDifference settings = compare_settings(*unit.base, *unit.candidate);
    differing = settings.differing;
    if (!prompts_known) {
      differing.insert(differing.end(), settings.differing_texts.begin(),
                       settings.differing_texts.end());
    }
    out.not_said = settings.not_said;
  }
  for (std::string& one : generation_of(unit, left, right)) differing.push_back(std::move(one));
  if (differing.empty()) return {};
  if (!sides.request.allow_different_prompts) {
    return asked_otherwise(
        bilingual("{} was asked otherwise in {} and {}", "{} 在 {} 和 {} 中的提问方式不同",
                  unit.task, sides.base.name, sides.candidate.name),
        join(differing, "; "));
  }
  out.comparison.notes.push_back(
      bilingual("asked otherwise: {}", "提问方式不同：{}", join(differing, "; ")));
  return {};
}

void note_table(const SampleTable& table, const Side& side, const MetricSummary& metric,
                TaskComparison& out) {
  out.unscored += table.unscored;
  if (table.cut) {
    out.notes.push_back(bilingual("the samples of {} end within a line: {} whole lines used",
                                  "{} 的样本在一行中间断开：用了完整的 {} 行", side.arm.name,
                                  table.rows.size()));
  }
  if (side.summary == nullptr || side.summary->metrics.empty() || table.unscored > 0) return;
  const double mean = mean_by_document(table);
  const double said = metric.higher_is_better ? metric.value : 1 - metric.value;
  if (std::isnan(mean) || std::abs(mean - said) < kMeansDiffer) return;
  doubt(out, Allowance::other_mean,
        bilingual("by item {} has {:.1f} %, its results file says {:.1f} %",
                  "逐题计算 {} 为 {:.1f} %，它的结果文件写的是 {:.1f} %", side.arm.name, mean * 100,
                  said * 100));
}

// Right answers of n, from an accuracy with n or with its standard error (n - 1 = p(1 - p)/se²).
std::optional<Proportion> proportion_of(const ResultArm& arm, const MetricSummary& metric,
                                        TaskComparison& out) {
  const double p = metric.higher_is_better ? metric.value : 1 - metric.value;
  if (!(p >= 0 && p <= 1)) return std::nullopt;
  auto n = static_cast<double>(metric.n);
  if (n <= 0 && metric.standard_error && *metric.standard_error > 0) {
    n = std::round(p * (1 - p) / (*metric.standard_error * *metric.standard_error)) + 1;
    out.notes.push_back(bilingual("{} does not say how many items: about {} by its standard error",
                                  "{} 没有写明题数：由标准误推得约 {} 题", arm.name, n));
  }
  if (n <= 0) return std::nullopt;
  return Proportion{p * n, n};
}

constexpr const char* kNoFigures = "neither samples nor an accuracy with its number of items";

void compare_figures(const Sides& sides, const MetricChoice& chosen, ComparedUnit& out) {
  out.comparison.paired = false;
  const auto p = proportion_of(sides.base, chosen.base, out.comparison);
  const auto q = chosen.candidate
                     ? proportion_of(sides.candidate, *chosen.candidate, out.comparison)
                     : std::nullopt;
  if (p && q) {
    out.unpaired = UnpairedScores{*p, *q};
  } else {
    out.not_available = kNoFigures;
  }
}

void note_not_paired(const Sides& sides, const CompareUnit& unit, TaskComparison& out) {
  const auto has = [&unit](const ResultArm& arm, const std::string& task) {
    return arm.samples.contains(task) ||
           std::any_of(unit.members.begin(), unit.members.end(),
                       [&arm](const std::string& m) { return arm.samples.contains(m); });
  };
  const bool base_has = has(sides.base, unit.task);
  const bool candidate_has = has(sides.candidate, unit.other);
  Text without = bilingual("{} and {}", "{} 与 {}", sides.base.name, sides.candidate.name);
  if (base_has) without = sides.candidate.name;
  if (!base_has && candidate_has) without = sides.base.name;
  out.notes.push_back(bilingual("not paired: no samples of {}", "未配对：没有 {} 的样本", without));
}

// A run of assay says itself why a task has no figures.
std::string said_not_available(const CompareUnit& unit) {
  for (const TaskSummary* summary : {unit.base, unit.candidate}) {
    if (summary != nullptr && !summary->not_available.empty()) return summary->not_available;
  }
  return "";
}

Status compare_by_figures(const Sides& sides, const CompareUnit& unit, ComparedUnit& out) {
  TaskComparison& task = out.comparison;
  task.paired = false;
  if (unit.base == nullptr || unit.candidate == nullptr) {
    out.not_available = kNoFigures;
    return {};
  }
  if (!unit.base->prompt_sha.empty() && !unit.candidate->prompt_sha.empty() &&
      unit.base->prompt_sha != unit.candidate->prompt_sha) {
    task.notes.emplace_back("the task_hashes differ: items, prompts or answers are not the same",
                            "task_hash 不同：题目、提示词或答案不一样");
  }
  out.not_available = said_not_available(unit);
  if (!out.not_available.empty()) return {};
  TRY(check_settings(sides, unit, nullptr, nullptr, /*prompts_known=*/false, out));
  const MetricChoice chosen = choose_metric(unit.base->metrics, unit.candidate->metrics,
                                            sides.request, /*has_samples=*/false);
  task.metric = chosen.base.metric;
  task.filter = chosen.base.filter;
  out.not_available = chosen.not_available;
  out.no_share = chosen.no_share;
  if (!out.not_available.empty()) return {};
  note_not_paired(sides, unit, task);
  compare_figures(sides, chosen, out);
  return {};
}

Result<Pairing> pair_sides(const Sides& sides, const Side& left, const Side& right,
                           const MetricChoice& chosen, ComparedUnit& unit) {
  TaskComparison& out = unit.comparison;
  const SharedHashes hashes{left.layout.has_doc_hash && right.layout.has_doc_hash,
                            left.layout.has_target_hash && right.layout.has_target_hash};
  const MetricSummary& theirs = chosen.candidate ? *chosen.candidate : chosen.base;
  if (!hashes.of_documents) {
    out.notes.emplace_back("items matched by doc_id: no doc_hash", "按 doc_id 对题：没有 doc_hash");
  }
  if (!chosen.base.higher_is_better) {
    out.notes.emplace_back("lower is better: compared as 1 - value", "越低越好：按 1 - 值比较");
  }
  // Two cores, two sides.
  bool base_unknown = false;
  bool candidate_unknown = false;
  auto reading = std::async(std::launch::async,
                            [&] { return read_side(right, theirs, hashes, candidate_unknown); });
  auto base_table = read_side(left, chosen.base, hashes, base_unknown);
  auto candidate_table = reading.get();
  if (!base_table) return std::unexpected(base_table.error());
  if (!candidate_table) return std::unexpected(candidate_table.error());
  if (base_table->guessable > 0) {
    unit.floor = base_table->guess_sum / static_cast<double>(base_table->guessable);
  }
  out.answers_base = base_table->answers;
  out.answers_candidate = candidate_table->answers;
  if (base_unknown || candidate_unknown) {
    out.paired = false;
    out.notes.push_back(bilingual(
        "not paired: the samples of {} are of several filters without saying which is which, and "
        "no figure of its results tells",
        "未配对：{} 的样本来自多个 filter 而没有写明是哪个，结果文件中的数值也看不出来",
        base_unknown ? left.arm.name : right.arm.name));
    return Pairing();
  }
  note_table(*base_table, left, chosen.base, out);
  note_table(*candidate_table, right, theirs, out);
  Pairing pairing = pair_up(*base_table, *candidate_table, out);
  TRY(check_prompts(sides, left, right, pairing, out));
  TRY(check_targets(sides, left, right, hashes, pairing, out));
  doubt_missing(right, *candidate_table, left, out.only_base, out);
  doubt_missing(left, *base_table, right, out.only_candidate, out);
  doubt_same_answers(left, right, *base_table, pairing, out);
  return pairing;
}

Status compare_by_samples(const Sides& sides, const CompareUnit& unit,
                          const std::vector<std::string>& members, ComparedUnit& out) {
  TaskComparison& task = out.comparison;
  const Side left = TRY(open_side(sides.base, unit.base, unit.task, members, sides.request.filter));
  const Side right =
      TRY(open_side(sides.candidate, unit.candidate, unit.other, members, sides.request.filter));
  if (members.size() < unit.members.size()) {
    task.notes.push_back(fmt::format("{} of {} tasks without samples of both sides are left out",
                                     unit.members.size() - members.size(), unit.members.size()));
  }
  const MetricChoice chosen = choose_metric(metrics_of(unit.base, left.layout, sides.request),
                                            metrics_of(unit.candidate, right.layout, sides.request),
                                            sides.request, /*has_samples=*/true);
  task.metric = chosen.base.metric;
  task.filter = chosen.base.filter;
  if (!chosen.not_available.empty()) {
    out.not_available = chosen.not_available;
    out.no_share = chosen.no_share;
    return check_settings(sides, unit, &left, &right, false, out);
  }
  Pairing pairing = TRY(pair_sides(sides, left, right, chosen, out));
  const bool prompts_known = pairing.prompts.alike == pairing.shared && pairing.shared > 0;
  TRY(check_settings(sides, unit, &left, &right, prompts_known, out));
  if (!task.paired) {
    compare_figures(sides, chosen, out);
    return {};
  }
  task.shared = pairing.shared;
  out.pairs = std::move(pairing.pairs);
  if (out.pairs.empty()) {
    out.not_available = pairing.shared == 0
                            ? "no item of both sides"
                            : "no item has a score between 0 and 1 of " +
                                  metric_title(task.metric, task.filter) + " on both sides";
  }
  return {};
}

}  // namespace

Result<ComparedUnit> compare_unit(const Sides& sides, const CompareUnit& unit) {
  ComparedUnit out;
  out.comparison.task = unit.task;
  const std::vector<std::string> members = paired_members(sides, unit);
  if (members.empty()) {
    TRY(compare_by_figures(sides, unit, out));
  } else {
    TRY(compare_by_samples(sides, unit, members, out));
  }
  return out;
}

}  // namespace assay

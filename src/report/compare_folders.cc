#include "report/compare_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <future>

#include "base/text.h"
#include "report/samples.h"

namespace assay {
namespace {

constexpr std::size_t kExamples = 5;

CompareOptions options_for(const GatePolicy& policy, const std::string& task) {
  CompareOptions options;
  options.margin_pp = policy.margin_pp;
  options.alpha = policy.alpha;
  const auto it = policy.tasks.find(task);
  if (it != policy.tasks.end()) {
    options.margin_pp = it->second.margin_pp.value_or(policy.margin_pp);
  }
  return options;
}

double weight_of(const GatePolicy& policy, const std::string& task) {
  const auto it = policy.tasks.find(task);
  return it == policy.tasks.end() ? 1 : it->second.weight;
}

bool higher_is_better(const ResultArm& arm, const std::string& task, const std::string& metric) {
  const auto it = arm.tasks.find(task);
  if (it == arm.tasks.end()) return true;
  for (const MetricSummary& m : it->second.metrics) {
    if (m.metric == metric) return m.higher_is_better;
  }
  return true;
}

Result<std::string> choose_metric(const SampleLayout& layout, const std::string& wanted,
                                  const std::string& where) {
  if (!wanted.empty()) {
    if (std::find(layout.metrics.begin(), layout.metrics.end(), wanted) != layout.metrics.end()) {
      return wanted;
    }
    return usage_error(fmt::format("{} has no metric {}", where, wanted),
                       "it has: " + join(layout.metrics, ", "), "name one of these");
  }
  for (const char* name : {"robust", "exact_match", "acc"}) {
    for (const std::string& metric : layout.metrics) {
      if (metric == name) return metric;
    }
  }
  return layout.metrics.empty() ? std::string() : layout.metrics.front();
}

// Walks two tables ordered by id; a document's several lines are averaged.
struct Pairing {
  std::vector<PairedScore> pairs;
  std::int64_t shared = 0;
  std::int64_t prompts_differ = 0;
  std::uint32_t differing_base = 0;
  std::uint32_t differing_candidate = 0;
};

struct Group {
  double sum = 0;
  int n = 0;
  std::size_t next = 0;
};

Group group_at(const std::vector<SampleRow>& rows, std::size_t at) {
  Group out{0, 0, at};
  while (out.next < rows.size() && rows[out.next].id_high == rows[at].id_high &&
         rows[out.next].id_low == rows[at].id_low) {
    if (!std::isnan(rows[out.next].score)) {
      out.sum += rows[out.next].score;
      ++out.n;
    }
    ++out.next;
  }
  return out;
}

void note_alone(const SampleRow& row, std::int64_t& count, std::vector<std::uint32_t>& examples) {
  ++count;
  if (examples.size() < kExamples) examples.push_back(row.doc_id);
}

Pairing pair_up(const SampleTable& base, const SampleTable& candidate, TaskComparison& task) {
  Pairing out;
  const auto key = [](const SampleRow& row) { return std::pair(row.id_high, row.id_low); };
  std::size_t b = 0;
  std::size_t c = 0;
  while (b < base.rows.size() || c < candidate.rows.size()) {
    const bool no_b = b == base.rows.size();
    const bool no_c = c == candidate.rows.size();
    if (no_c || (!no_b && key(base.rows[b]) < key(candidate.rows[c]))) {
      note_alone(base.rows[b], task.only_base, task.example_only_base);
      b = group_at(base.rows, b).next;
      continue;
    }
    if (no_b || key(candidate.rows[c]) < key(base.rows[b])) {
      note_alone(candidate.rows[c], task.only_candidate, task.example_only_candidate);
      c = group_at(candidate.rows, c).next;
      continue;
    }
    ++out.shared;
    const SampleRow& left = base.rows[b];
    const SampleRow& right = candidate.rows[c];
    if (left.prompt != 0 && right.prompt != 0 && left.prompt != right.prompt) {
      if (out.prompts_differ++ == 0) {
        out.differing_base = left.doc_id;
        out.differing_candidate = right.doc_id;
      }
    }
    const Group x = group_at(base.rows, b);
    const Group y = group_at(candidate.rows, c);
    if (x.n > 0 && y.n > 0) out.pairs.push_back({x.sum / x.n, y.sum / y.n, std::max(x.n, y.n)});
    b = x.next;
    c = y.next;
  }
  return out;
}

struct Sides {
  const ResultArm& base;
  const ResultArm& candidate;
  const CompareRequest& request;
};

std::unexpected<Error> prompts_differ(const std::string& what, const std::string& why) {
  return usage_error(
      what, why, "ask both sides the same, or add --allow-different-prompts when that is meant");
}

Status check_prompts(const Sides& sides, const std::string& task, const std::string& other,
                     const Pairing& pairing, TaskComparison& out) {
  if (pairing.prompts_differ == 0) return {};
  const std::string count =
      fmt::format("{} of {} shared items", pairing.prompts_differ, pairing.shared);
  if (sides.request.allow_different_prompts) {
    out.notes.push_back("prompts differ on " + count);
    return {};
  }
  const std::string left = TRY(prompt_hash_of(sides.base.samples.at(task), pairing.differing_base));
  const std::string right =
      TRY(prompt_hash_of(sides.candidate.samples.at(other), pairing.differing_candidate));
  return prompts_differ(
      fmt::format("the prompts of {} differ on {}", task, count),
      fmt::format("prompt_hash of doc_id {}: {} in {}, {} in {}", pairing.differing_base, left,
                  sides.base.name, right, sides.candidate.name));
}

void note_table(const SampleTable& table, const std::string& name, TaskComparison& out) {
  out.unscored += table.unscored;
  if (table.cut) {
    out.notes.push_back(fmt::format("the samples of {} end within a line: {} whole lines used",
                                    name, table.rows.size()));
  }
}

Result<std::vector<PairedScore>> compare_paired(const Sides& sides, const std::string& task,
                                                const std::string& other, TaskComparison& out) {
  const auto& base_file = sides.base.samples.at(task);
  const auto& candidate_file = sides.candidate.samples.at(other);
  const SampleLayout left = TRY(sample_layout(base_file));
  const SampleLayout right = TRY(sample_layout(candidate_file));
  SampleChoice choice;
  choice.metric = TRY(choose_metric(left, sides.request.metric, base_file.string()));
  choice.filter = sides.request.filter.empty() ? left.filter : sides.request.filter;
  choice.by_doc_hash = left.has_doc_hash && right.has_doc_hash;
  choice.higher_is_better = higher_is_better(sides.base, task, choice.metric);
  out.metric = choice.metric;
  out.filter = choice.filter;
  if (std::find(right.metrics.begin(), right.metrics.end(), choice.metric) == right.metrics.end()) {
    out.notes.push_back(fmt::format("{} has no metric {}", sides.candidate.name, choice.metric));
  }
  if (!choice.by_doc_hash) out.notes.emplace_back("items matched by doc_id: no doc_hash");
  if (!choice.higher_is_better) out.notes.emplace_back("lower is better: compared as 1 - value");
  // Two cores, two sides.
  auto reading = std::async(std::launch::async, [&candidate_file, choice] {
    return read_samples(candidate_file, choice);
  });
  auto base_table = read_samples(base_file, choice);
  auto candidate_table = reading.get();
  if (!base_table) return std::unexpected(base_table.error());
  if (!candidate_table) return std::unexpected(candidate_table.error());
  note_table(*base_table, sides.base.name, out);
  note_table(*candidate_table, sides.candidate.name, out);
  Pairing pairing = pair_up(*base_table, *candidate_table, out);
  TRY(check_prompts(sides, task, other, pairing, out));
  return std::move(pairing.pairs);
}

// Right answers of n, from an accuracy with n or with its standard error (n - 1 = p(1 - p)/se²).
std::optional<Proportion> proportion_of(const TaskSummary& task, const MetricSummary& metric) {
  const double p = metric.higher_is_better ? metric.value : 1 - metric.value;
  if (!(p >= 0 && p <= 1)) return std::nullopt;
  auto n = static_cast<double>(task.n);
  if (n <= 0 && metric.standard_error && *metric.standard_error > 0) {
    n = std::round(p * (1 - p) / (*metric.standard_error * *metric.standard_error)) + 1;
  }
  if (n <= 0) return std::nullopt;
  return Proportion{p * n, n};
}

const MetricSummary* find_metric(const TaskSummary& task, const CompareRequest& request) {
  const MetricSummary* found = nullptr;
  for (const char* name : {"", "robust", "exact_match", "acc"}) {
    for (const MetricSummary& m : task.metrics) {
      const std::string wanted = *name == '\0' ? request.metric : name;
      if (wanted.empty() || m.metric != wanted) continue;
      if (!request.filter.empty() && m.filter != request.filter) continue;
      if (found == nullptr) found = &m;
    }
    if (!request.metric.empty()) break;
  }
  if (found == nullptr && request.metric.empty() && !task.metrics.empty()) {
    found = &task.metrics.front();
  }
  return found;
}

Status compare_summaries(const Sides& sides, const std::string& task, const std::string& other,
                         const CompareOptions& options, TaskComparison& out) {
  out.paired = false;
  const TaskSummary& left = sides.base.tasks.at(task);
  const TaskSummary& right = sides.candidate.tasks.at(other);
  if (!left.prompt_sha.empty() && !right.prompt_sha.empty() &&
      left.prompt_sha != right.prompt_sha) {
    out.notes.emplace_back("the task_hashes differ: items, prompts or answers are not the same");
  }
  for (const std::string& why : {left.not_available, right.not_available}) {
    if (why.empty()) continue;
    out.comparison = compare_pairs({}, options);
    out.comparison.reason = why;
    return {};
  }
  const MetricSummary* x = find_metric(left, sides.request);
  const MetricSummary* y = nullptr;
  if (x != nullptr) {
    out.metric = x->metric;
    out.filter = x->filter;
    for (const MetricSummary& m : right.metrics) {
      if (m.metric == x->metric && (m.filter == x->filter || m.filter.empty() || x->filter.empty()))
        y = &m;
    }
  }
  const bool base_has = sides.base.samples.contains(task);
  const bool candidate_has = sides.candidate.samples.contains(other);
  out.notes.push_back(fmt::format("not paired: no samples of {}",
                                  base_has ? sides.candidate.name
                                  : candidate_has
                                      ? sides.base.name
                                      : sides.base.name + " and " + sides.candidate.name));
  const auto p = x != nullptr ? proportion_of(left, *x) : std::nullopt;
  const auto q = y != nullptr ? proportion_of(right, *y) : std::nullopt;
  if (p && q) {
    out.comparison = compare_unpaired(*p, *q, options);
  } else {
    out.comparison = compare_pairs({}, options);
    out.comparison.reason = "neither samples nor an accuracy with its number of items";
  }
  return {};
}

Status check_templates(const Sides& sides, FolderComparison& out) {
  const std::string& left = sides.base.chat_template_sha;
  const std::string& right = sides.candidate.chat_template_sha;
  if (left == right || left.empty() || right.empty()) return {};
  if (!sides.request.allow_different_prompts) {
    return prompts_differ(fmt::format("{} and {} were asked through different chat templates",
                                      sides.base.name, sides.candidate.name),
                          fmt::format("chat_template_sha {} against {}", left, right));
  }
  out.notes.push_back(fmt::format("chat templates differ: {} against {}", left, right));
  return {};
}

// The flag of either side's own report that spoils the comparison of a task.
std::string spoiling_flag(const Sides& sides, const std::string& task, const std::string& other) {
  for (const Flag& flag : sides.candidate.flags) {
    if (flag.task == other && flag.forces_invalid()) return flag.name;
  }
  for (const Flag& flag : sides.base.flags) {
    if (flag.task != task || !flag.forces_invalid()) continue;
    const auto& names = flag.invalidates;
    const bool same_run = sides.base.folder.parent_path() == sides.candidate.folder.parent_path();
    if (!same_run || std::find(names.begin(), names.end(), sides.candidate.name) != names.end()) {
      return flag.name;
    }
  }
  return "";
}

void apply_policy(const Sides& sides, FolderComparison& out) {
  const GatePolicy& policy = sides.request.policy;
  for (const ResultArm* arm : {&sides.base, &sides.candidate}) {
    for (const Flag& flag : arm->flags) {
      const auto& names = policy.fail_on_flags;
      if (std::find(names.begin(), names.end(), flag.name) == names.end()) continue;
      out.failures.push_back(fmt::format("flag {} of {}{}{}", flag.name, arm->name,
                                         flag.task.empty() ? "" : ", ", flag.task));
    }
  }
  if (!policy.kl_at_most && !policy.top1_agreement_at_least) return;
  const auto& fidelity = sides.candidate.fidelity;
  if (!fidelity) {
    out.failures.push_back("the policy limits fidelity, and " + sides.candidate.name +
                           " has no figures of it");
    return;
  }
  if (policy.kl_at_most && fidelity->kl.value > *policy.kl_at_most) {
    out.failures.push_back(
        fmt::format("mean KL {:.4f} is above {}", fidelity->kl.value, *policy.kl_at_most));
  }
  if (policy.top1_agreement_at_least &&
      fidelity->top1_agreement.value < *policy.top1_agreement_at_least) {
    out.failures.push_back(fmt::format("top-1 agreement {:.4f} is below {}",
                                       fidelity->top1_agreement.value,
                                       *policy.top1_agreement_at_least));
  }
}

std::vector<std::string> task_names(const ResultArm& arm) {
  std::vector<std::string> names;
  names.reserve(arm.samples.size() + arm.tasks.size());
  for (const auto& [task, file] : arm.samples) names.push_back(task);
  for (const auto& [task, summary] : arm.tasks) {
    if (!arm.samples.contains(task)) names.push_back(task);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<FolderComparison> compare_arms(const Sides& sides) {
  FolderComparison out{sides.base.name, sides.candidate.name};
  out.notes = sides.base.notes;
  out.notes.insert(out.notes.end(), sides.candidate.notes.begin(), sides.candidate.notes.end());
  TRY(check_templates(sides, out));
  const std::vector<std::string> theirs = task_names(sides.candidate);
  std::vector<std::string> used;
  std::vector<PoolTask> pool_tasks;
  for (const std::string& task : task_names(sides.base)) {
    const auto renamed = sides.request.renamed.find(task);
    const std::string other = renamed == sides.request.renamed.end() ? task : renamed->second;
    if (std::find(theirs.begin(), theirs.end(), other) == theirs.end()) {
      out.only_base.push_back(task);
      continue;
    }
    used.push_back(other);
    const CompareOptions options = options_for(sides.request.policy, task);
    TaskComparison comparison{task};
    comparison.margin_pp = options.margin_pp;
    PoolTask pool_task{task, weight_of(sides.request.policy, task), {}};
    if (sides.base.samples.contains(task) && sides.candidate.samples.contains(other)) {
      pool_task.pairs = TRY(compare_paired(sides, task, other, comparison));
      comparison.comparison = compare_pairs(pool_task.pairs, options);
    } else if (sides.base.tasks.contains(task) && sides.candidate.tasks.contains(other)) {
      TRY(compare_summaries(sides, task, other, options, comparison));
    } else {
      out.only_base.push_back(task);
      continue;
    }
    if (const std::string flag = spoiling_flag(sides, task, other); !flag.empty()) {
      mark_invalid(comparison.comparison, flag);
      pool_task.pairs.clear();
    }
    out.tasks.push_back(std::move(comparison));
    pool_tasks.push_back(std::move(pool_task));
  }
  for (const std::string& name : theirs) {
    if (std::find(used.begin(), used.end(), name) == used.end()) out.only_candidate.push_back(name);
  }
  if (out.tasks.empty()) {
    return usage_error(
        fmt::format("{} and {} share no task", sides.base.name, sides.candidate.name),
        fmt::format("the one has {}, the other {}", join(out.only_base, ", "),
                    join(out.only_candidate, ", ")),
        "name results of the same tasks, or say --task BASE=CANDIDATE for a renamed one");
  }
  out.pooled = pool(pool_tasks, options_for(sides.request.policy, ""));
  apply_policy(sides, out);
  return out;
}

std::string names_of(const std::vector<ResultArm>& arms) {
  std::vector<std::string> names;
  names.reserve(arms.size());
  for (const ResultArm& arm : arms) names.push_back(arm.name);
  return join(names, ", ");
}

Result<ResultArm> base_arm(const std::string& spec, std::vector<ResultArm>& others) {
  std::vector<ResultArm> arms = TRY(read_arms(spec));
  std::size_t chosen = 0;
  if (arms.size() > 1) {
    chosen = arms.size();
    for (std::size_t i = 0; i < arms.size(); ++i) {
      if (arms[i].baseline) chosen = i;
    }
    if (chosen == arms.size()) {
      return usage_error(spec + " holds several models' results", names_of(arms),
                         fmt::format("name one: {}:{}", spec, arms.front().name));
    }
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (i != chosen) others.push_back(arms[i]);
  }
  return std::move(arms[chosen]);
}

}  // namespace

Result<ComparisonReport> compare_folders(const CompareRequest& request) {
  std::vector<ResultArm> others;
  const ResultArm base = TRY(base_arm(request.base, others));
  std::vector<ResultArm> candidates;
  if (request.candidates.empty()) candidates = others;
  for (const std::string& spec : request.candidates) {
    std::vector<ResultArm> arms = TRY(read_arms(spec));
    const bool several = arms.size() > 1;
    for (ResultArm& arm : arms) {
      if (several && arm.baseline) continue;
      if (arm.folder == base.folder) continue;
      candidates.push_back(std::move(arm));
    }
  }
  if (candidates.empty()) {
    return usage_error("there is nothing to compare " + base.name + " with",
                       "no other model's results were named",
                       "name a candidate: assay compare BASE CANDIDATE");
  }
  ComparisonReport out{request.policy, {}};
  for (const ResultArm& candidate : candidates) {
    out.candidates.push_back(TRY(compare_arms({base, candidate, request})));
  }
  std::vector<PairedComparison*> family;
  for (FolderComparison& comparison : out.candidates) {
    for (TaskComparison& task : comparison.tasks) family.push_back(&task.comparison);
  }
  adjust_family(family, options_for(request.policy, ""));
  return out;
}

GateOutcome gate_outcome(const ComparisonReport& report) {
  GateOutcome out = GateOutcome::passed;
  const auto judge = [&out](Verdict verdict) {
    if (verdict == Verdict::worse) out = GateOutcome::worse;
    const bool shown = verdict == Verdict::non_inferior || verdict == Verdict::worse_within_margin;
    if (!shown && out == GateOutcome::passed) out = GateOutcome::not_shown;
  };
  for (const FolderComparison& comparison : report.candidates) {
    // Without samples nothing can be pooled: each task must hold.
    const bool pooled = comparison.pooled.overall.n > 0;
    bool unpaired = false;
    for (const TaskComparison& task : comparison.tasks) unpaired = unpaired || !task.paired;
    if (pooled || !unpaired) judge(comparison.pooled.overall.verdict);
    for (const TaskComparison& task : comparison.tasks) {
      const auto it = report.policy.tasks.find(task.task);
      const bool named = it != report.policy.tasks.end() && it->second.gate;
      if (named || (!pooled && unpaired)) judge(task.comparison.verdict);
    }
    if (!comparison.failures.empty() && out == GateOutcome::passed) out = GateOutcome::not_shown;
  }
  return out;
}

}  // namespace assay

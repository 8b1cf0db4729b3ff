#include "compare/compare_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "compare/compare_task.h"

namespace assay {
namespace {

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

// Asked whether it is kept, so that a figure that is no number keeps no limit.
void check_limit(const char* what, double value, const char* side, double limit, bool kept,
                 FolderComparison& out) {
  if (kept) return;
  out.failures.push_back(std::isfinite(value)
                             ? fmt::format("{} {:.4f} is {} {}", what, value, side, limit)
                             : fmt::format("{} is not a number", what));
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
  if (policy.kl_at_most) {
    const bool kept = fidelity->kl.value <= *policy.kl_at_most;
    check_limit("mean KL", fidelity->kl.value, "above", *policy.kl_at_most, kept, out);
  }
  if (policy.top1_agreement_at_least) {
    const bool kept = fidelity->top1_agreement.value >= *policy.top1_agreement_at_least;
    check_limit("top-1 agreement", fidelity->top1_agreement.value, "below",
                *policy.top1_agreement_at_least, kept, out);
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
    PoolTask pool_task{task, weight_of(sides.request.policy, task), {}, ""};
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
      pool_task.invalid = flag;
    }
    if (comparison.comparison.verdict == Verdict::invalid) {
      pool_task.invalid = comparison.comparison.reason;
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

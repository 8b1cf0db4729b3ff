#include "compare/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "report/words.h"

namespace assay {
namespace {

bool is_gated(const GatePolicy& policy, const std::string& task) {
  const auto it = policy.tasks.find(task);
  return it == policy.tasks.end() || it->second.gate;
}

bool holds(Verdict verdict) {
  return verdict == Verdict::non_inferior || verdict == Verdict::worse_within_margin;
}

// It would hold but for an obstacle that the policy allows.
bool holds_as_allowed(const PairedComparison& c, const GatePolicy& policy, double alpha) {
  if (c.verdict != Verdict::inconclusive) return false;
  const bool allowed =
      (c.obstacle == Obstacle::no_sensitivity && policy.allows(Allowance::no_sensitivity)) ||
      (c.obstacle == Obstacle::gain && policy.allows(Allowance::gain));
  return allowed && c.p_non_inferior_without_obstacle < alpha;
}

Text said(const Text& what, const PairedComparison& c) {
  const Text reason =
      c.reason.empty() ? Text() : bilingual(" ({})", "（{}）", reason_words(c.reason));
  return bilingual("{} is {}{}", "{}：{}{}", what, verdict_label(c.verdict), reason);
}

Text pooled_difference() {
  return {"the pooled difference", "合并差值"};
}

class Gate {
 public:
  explicit Gate(const ComparisonReport& report) : policy_(report.policy), alpha_(report.alpha) {}

  void judge(const FolderComparison& comparison) {
    name_ = comparison.candidate;
    judge_worse(comparison);
    judge_primary(comparison);
    judge_sides(comparison);
    for (const Text& failure : comparison.failures) not_shown(failure);
  }

  [[nodiscard]] GateResult result() && {
    GateResult out;
    out.outcome = !worse_.empty()       ? GateOutcome::worse
                  : !not_shown_.empty() ? GateOutcome::not_shown
                                        : GateOutcome::passed;
    out.reasons = std::move(worse_);
    out.reasons.insert(out.reasons.end(), not_shown_.begin(), not_shown_.end());
    return out;
  }

 private:
  [[nodiscard]] Text of_candidate(const Text& why) const {
    return bilingual("{}: {}", "{}：{}", name_, why);
  }
  void not_shown(const Text& why) { not_shown_.push_back(of_candidate(why)); }

  void judge_worse(const FolderComparison& comparison) {
    const auto add = [this](const Text& what, const PairedComparison& c) {
      if (c.verdict == Verdict::worse) worse_.push_back(of_candidate(said(what, c)));
    };
    add(pooled_difference(), comparison.pooled.overall);
    for (const TaskComparison& task : comparison.tasks) {
      if (is_gated(policy_, task.task)) add(task.task, task.comparison);
    }
  }

  void judge_primary(const FolderComparison& comparison) {
    const PairedComparison& primary = comparison.pooled.overall;
    const bool nothing_paired =
        std::none_of(comparison.tasks.begin(), comparison.tasks.end(),
                     [](const TaskComparison& task) { return task.paired; });
    if (!nothing_paired) {
      judge_shown(pooled_difference(), primary);
      return;
    }
    for (const TaskComparison& task : comparison.tasks) {
      if (is_gated(policy_, task.task)) judge_shown(task.task, task.comparison);
    }
  }

  void judge_shown(const Text& what, const PairedComparison& c) {
    if (c.verdict == Verdict::worse || holds(c.verdict) || holds_as_allowed(c, policy_, alpha_))
      return;
    not_shown(said(what, c));
  }

  // What both sides do not share.
  void judge_sides(const FolderComparison& comparison) {
    if (!policy_.allows(Allowance::missing_task)) {
      std::vector<std::string> missing = comparison.only_base;
      missing.insert(missing.end(), comparison.only_candidate.begin(),
                     comparison.only_candidate.end());
      if (!missing.empty()) {
        not_shown(bilingual("only one side has {}", "只有一方有 {}", join(missing, ", ")));
      }
    }
    for (const TaskComparison& task : comparison.tasks) {
      const std::int64_t apart = task.unscored_base_alone + task.unscored_candidate_alone;
      if (apart > 0 && !policy_.allows(Allowance::unscored)) {
        not_shown(
            bilingual("{} answers of {} are unscored on one side alone ({} of the base, {} of the "
                      "candidate)",
                      "{1} 有 {0} 个回答只在一方未评分（基线 {2} 个，候选 {3} 个）", apart,
                      task.task, task.unscored_base_alone, task.unscored_candidate_alone));
      }
      for (const Doubt& doubt : task.doubts) {
        if (!policy_.allows(doubt.allowed_by)) {
          not_shown(bilingual("{}: {}", "{}：{}", task.task, doubt.what));
        }
      }
      const bool gain = task.comparison.obstacle == Obstacle::gain;
      if (gain && !policy_.allows(Allowance::gain)) {
        not_shown(
            bilingual("{}: {}", "{}：{}", task.task, reason_words(std::string(kGainBeyondBelief))));
      }
    }
  }

  const GatePolicy& policy_;
  double alpha_;
  std::string name_;
  std::vector<Text> worse_;
  std::vector<Text> not_shown_;
};

}  // namespace

GateResult gate_result(const ComparisonReport& report) {
  Gate gate(report);
  for (const FolderComparison& comparison : report.candidates) gate.judge(comparison);
  return std::move(gate).result();
}

}  // namespace assay

// What a comparison must show for `assay compare --gate` to pass (docs/compare.md).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "values/weights.h"

namespace assay {

struct TaskPolicy {
  std::optional<double> margin_pp;  // none: the policy's
  double weight = 1;                // in the pooled difference; 0 leaves it out
  bool gate = true;                 // WORSE here is WORSE of the whole
};

// What a gate may pass over when the policy says so.
enum class Allowance {
  missing_task,
  unscored,
  gain,
  no_sensitivity,
  missing_items,
  other_mean,
  same_answers
};

struct GatePolicy {
  // None: what the baseline's own run declared, else 3 points, 0.05 and equal weights.
  std::optional<double> margin_pp;
  std::optional<double> alpha;
  std::optional<WeightRule> weights;
  std::set<Allowance> allowed;
  std::map<std::string, TaskPolicy> tasks;
  std::vector<std::string> fail_on_flags;         // names of docs/flags.md
  std::optional<double> kl_at_most;               // nats, mean over the positions
  std::optional<double> top1_agreement_at_least;  // share

  [[nodiscard]] bool allows(Allowance what) const { return allowed.contains(what); }
};

// Errors are usage errors with line and column: unknown keys, values out of range.
[[nodiscard]] Result<GatePolicy> read_gate_policy(const std::string& file);

// Margin above 0 and below 100, alpha above 0 and below 0.5, weights not negative.
[[nodiscard]] Status check_gate_policy(const GatePolicy& policy);

}  // namespace assay

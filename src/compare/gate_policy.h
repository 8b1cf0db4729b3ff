// What a comparison must show for `assay compare --gate` to pass (docs/compare.md).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

struct TaskPolicy {
  std::optional<double> margin_pp;  // none: the policy's
  double weight = 1;                // in the pooled difference; 0 leaves it out
  bool gate = false;                // its own verdict decides too
};

struct GatePolicy {
  double margin_pp = 3;
  double alpha = 0.05;
  std::map<std::string, TaskPolicy> tasks;
  std::vector<std::string> fail_on_flags;         // names of docs/flags.md
  std::optional<double> kl_at_most;               // nats, mean over the positions
  std::optional<double> top1_agreement_at_least;  // share
};

// Errors are usage errors with line and column: unknown keys, values out of range.
[[nodiscard]] Result<GatePolicy> read_gate_policy(const std::string& file);

// Margin above 0 and below 100, alpha above 0 and below 0.5, weights not negative.
[[nodiscard]] Status check_gate_policy(const GatePolicy& policy);

}  // namespace assay

// One task, or group of tasks, of two folders of results: paired over samples, or by accuracies
// alone.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "compare/compare_folders.h"
#include "compare/compare_units.h"
#include "compare/result_folders.h"

namespace assay {

struct Sides {
  const ResultArm& base;
  const ResultArm& candidate;
  const CompareRequest& request;
};

struct ComparedUnit {
  TaskComparison comparison;
  std::vector<PairedScore> pairs;     // none: not paired, or nothing to compare
  std::vector<std::string> not_said;  // settings that one side's file does not tell
};

// Chooses metric and filter, reads the samples of both sides where they have them, and compares.
// What is no share of right answers, or no number, is N/A with its values in the reason. Usage
// errors: files that cannot be read; prompts, generation arguments, shots, templates or versions of
// the task that differ, unless the request allows it.
[[nodiscard]] Result<ComparedUnit> compare_unit(const Sides& sides, const CompareUnit& unit,
                                                const CompareOptions& options);

}  // namespace assay

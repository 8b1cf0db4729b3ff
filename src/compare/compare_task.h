// One task, or group of tasks, of two folders of results: paired over samples, or by accuracies
// alone.
#pragma once

#include <optional>
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
  bool asks_what_the_run_asked = false;  // both are of one run, and the question is its own
};

struct ComparedUnit {
  TaskComparison comparison;       // but for the comparison itself, which its family decides
  std::vector<PairedScore> pairs;  // none: not paired, or nothing to compare
  std::optional<UnpairedScores> unpaired;
  std::string not_available;          // why there is nothing to compare; empty: there is
  bool no_share = false;              // it measures no share of right answers, on either side
  double floor = 0;                   // score of guessing, as far as the files tell
  std::vector<std::string> not_said;  // settings that one side's file does not tell
};

// Chooses metric and filter, and reads the samples of both sides where they have them, else their
// figures. What is no share of right answers, or no number, is N/A with its values as reason. Usage
// errors: files that cannot be read; prompts, generation arguments, shots, templates or versions of
// the task that differ, unless the request allows it.
[[nodiscard]] Result<ComparedUnit> compare_unit(const Sides& sides, const CompareUnit& unit);

}  // namespace assay

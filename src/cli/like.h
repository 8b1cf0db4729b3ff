// What a folder of results tells about a run that is planned: `--like FOLDER`.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/forecast.h"
#include "plan/plan.h"

namespace assay {

struct MeasuredTask {
  double answer_tokens = 0;  // of an answer, all its steps; mean over variants, items and repeats
  int max_gen_toks = 0;      // that they were held to
};

struct MeasuredRun {
  std::map<std::string, MeasuredTask> tasks;  // by the plan's name; those that generate
  // Mean squared difference of an item, pooled as the folder's plan does: of the candidate that
  // differs most, with one flip of two items added, so that few pairs don't promise too much.
  // Nothing: no pair was scored.
  std::optional<double> discordance;
  ExpectedSpeed speed;  // mean load, and output tokens while an engine was ready; 0: not known
};

// Errors: no folder of results (environment or usage, the store's).
[[nodiscard]] Result<MeasuredRun> measured_run(const std::filesystem::path& folder);

// As settings of a plan (`--set`), for what the plan does not say itself. A task whose answers were
// held to fewer tokens than the plan lets them have is left out: how long they would get is not
// known. `says_discordance`: the plan does.
[[nodiscard]] std::vector<std::string> settings_like(const MeasuredRun& measured, const Plan& plan,
                                                     bool says_discordance);

}  // namespace assay

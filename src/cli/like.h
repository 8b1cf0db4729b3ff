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
  int max_gen_toks = 0;      // that they were held to; 0: it generates nothing
  double items = 0;          // that were answered, by all variants together
  // Of an item's prompts that begin no other prompt of the task (data/own_length.h).
  std::optional<double> prompt_tokens = std::nullopt;
  double grading_s = 0;  // of an answer, over all graders; 0: not known
};

struct MeasuredRun {
  std::map<std::string, MeasuredTask> tasks;  // by the plan's name
  // Mean squared difference of an item, pooled as the folder's plan does: of the candidate that
  // differs most, with one flip of two items added, so that few pairs don't promise too much.
  // Nothing: no pair was scored.
  std::optional<double> discordance;
  // Mean load, and what was worked off while an engine was ready, as items are priced
  // (growing_task): output tokens, and prompts at kPromptTokenCost. 0: not known.
  ExpectedSpeed speed;
};

// Errors: no folder of results (environment or usage, the store's).
[[nodiscard]] Result<MeasuredRun> measured_run(const std::filesystem::path& folder);

// As settings of a plan (`--set`), for what the plan does not say itself. A task whose answers were
// held to fewer tokens than the plan lets them have is left out: how long they would get is not
// known. `says_discordance`: the plan does.
[[nodiscard]] std::vector<std::string> settings_like(const MeasuredRun& measured, const Plan& plan,
                                                     bool says_discordance);

}  // namespace assay

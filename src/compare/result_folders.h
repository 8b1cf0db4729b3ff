// Folders of results as assay, lm-eval (0.3 to 0.4.13) and lighteval write them, read as arms: one
// model's results, task by task.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "compare/result_file.h"
#include "compare/run_files.h"
#include "report/values.h"
#include "values/declaration.h"

namespace assay {

// What a run of assay declared of one task.
struct DeclaredTask {
  double chance = 0;  // score of guessing
  double weight = 1;  // in the pooled difference, relative to the run's other tasks
};

// Of a variant of a run `until: decided`: what its own report says, by the looks that were taken
// (report/looks.h). Nobody else can say it, because they chose how many items there are.
struct OwnLooks {
  PooledComparison pooled;
  std::map<std::string, PairedComparison> tasks;
};

struct ResultArm {
  std::string name;  // assay: the variant; lm-eval: its folder below the one given
  std::string model;
  std::filesystem::path folder;
  bool in_one_folder = true;  // all its files lie in `folder` itself
  std::string key;            // tells arms apart whose folder is the same
  bool of_assay = false;
  bool baseline = false;
  // Task -> its file of samples, of several runs (repeats) one each.
  std::map<std::string, std::vector<std::filesystem::path>> samples;
  std::map<std::string, TaskSummary> tasks;   // each of the newest results file that has it
  std::map<std::string, TaskSummary> groups;  // means over several tasks, which are in `tasks` too
  std::vector<Flag> flags;                    // assay: those of this variant
  std::optional<OwnLooks> looks;              // assay, a candidate of a run until decided
  std::optional<FidelityValues> fidelity;
  std::optional<Declaration> declared;                 // assay: of the run, before the first answer
  std::map<std::string, DeclaredTask> declared_tasks;  // assay
  std::vector<Text> notes;                             // "t is in 2 files: the newest counts"
};

// All arms below a folder, by name. Several results files of one folder are a union, the newest
// counting for each task; folders of one model with the same arguments and no task in common are
// one arm, and so are folders that differ in a part like run1 and run2, which are its repeats.
// "DIR:NAME" gives that arm alone, and so does a folder of one arm, such as RUN/results/fp8. Usage
// errors: no such folder, no results in it (another program's are named), no such arm, results that
// cannot be read and nothing beside them.
[[nodiscard]] Result<std::vector<ResultArm>> read_arms(const std::string& spec);

// Runs of one arm as one: for each task the newest, or, with `repeats`, the mean of all runs asked
// in the same way.
[[nodiscard]] ResultArm arm_of_runs(std::vector<RunFiles> runs, bool repeats);

// All runs below a folder that are not of assay, and what was left out.
[[nodiscard]] FolderFiles runs_below(const std::filesystem::path& folder);

// Whether this is a results.json of assay.
[[nodiscard]] bool is_assay_report(const std::filesystem::path& file);

// "a, b, c and 77 more".
[[nodiscard]] std::string some_of(const std::vector<std::string>& names);
[[nodiscard]] Text left_out_note(const std::string& files);

}  // namespace assay

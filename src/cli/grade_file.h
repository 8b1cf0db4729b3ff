// Recorded outputs scored as a run would score them, without an engine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "values/math_reference.h"
#include "values/score.h"

namespace assay {

struct GradeOptions {
  std::string task;
  std::filesystem::path file;
  std::filesystem::path data;  // the data set's folder; empty: only what the file itself holds
  std::string options;         // the task's options as a JSON object; empty: none
  Deadline until;              // grading ends by it
};

struct GradedOutput {
  std::string item;
  int sample = 0;  // of the item, from 0
  std::string group;
  Score score;
  std::optional<bool> verdict;        // as recorded
  std::string metric;                 // ours that it is set beside: official where we have it
  std::optional<std::string> answer;  // as recorded; "": none was found then
  std::string untestable;  // why the item's tests cannot be run; empty: they can, or it has none
};

struct GradedFile {
  Text layout;
  std::vector<GradedOutput> outputs;
  PackageVersions graders;  // of what decided mathematics; none: it was not started
};

// Of an output whose item has no tests at all there is no score that says anything: only answers
// without a program would have one.
[[nodiscard]] bool has_figures(const GradedOutput& output);

// Usage errors: an unknown task, tests that are damaged, a file in no known layout, an item the
// data set does not have. Environment errors: the sandbox cannot start, or an answer needs
// Math-Verify and it does not work.
[[nodiscard]] Result<GradedFile> grade_file(const GradeOptions& options);

}  // namespace assay

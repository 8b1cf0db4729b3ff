// Recorded outputs scored as a run would score them, without an engine.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
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
};

struct GradedFile {
  std::string layout;
  std::vector<GradedOutput> outputs;
};

// Usage errors: an unknown task, a file in no known layout, an item the data set does not have.
// Environment errors: the sandbox cannot start, or an answer needs Math-Verify and it does not
// work.
[[nodiscard]] Result<GradedFile> grade_file(const GradeOptions& options);

}  // namespace assay

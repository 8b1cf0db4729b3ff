// Two folders of results, compared: paired over samples where both sides have them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "stats/comparison.h"

namespace assay {

struct TaskComparison {
  std::string task;
  std::string metric;
  PairedComparison comparison;
  std::int64_t only_base = 0;  // items that just one side has
  std::int64_t only_candidate = 0;
};

struct FolderComparison {
  std::string base;
  std::string candidate;
  double margin_pp = 3;
  std::vector<TaskComparison> tasks;
  PooledComparison pooled;
};

// Folders as lm-eval and assay write them (samples_<task>_<time>.jsonl below; the newest of a task
// counts). A task with samples on one side only is left out by name; without any shared task it is
// a usage error. Samples are matched by doc_hash where both sides have it, else by doc_id.
[[nodiscard]] Result<FolderComparison> compare_folders(const std::filesystem::path& base,
                                                       const std::filesystem::path& candidate,
                                                       const CompareOptions& options);
[[nodiscard]] std::string comparison_text(const FolderComparison& comparison);
[[nodiscard]] std::string comparison_json(const FolderComparison& comparison);

}  // namespace assay

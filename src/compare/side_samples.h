// One side's samples of a task, or of a group of tasks, as one table.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compare/result_folders.h"
#include "compare/samples.h"

namespace assay {

struct Side {
  const ResultArm& arm;
  const TaskSummary* summary;                                        // none: samples alone
  std::vector<std::pair<std::string, std::filesystem::path>> files;  // group member or "", file
  SampleLayout layout;                                               // of the first
};

// `members`: the tasks of a group that have samples, or one empty name for the task itself.
// `filter`: lm-eval's, whose lines tell the layout; empty: the file's first line.
[[nodiscard]] Result<Side> open_side(const ResultArm& arm, const TaskSummary* summary,
                                     const std::string& task,
                                     const std::vector<std::string>& members,
                                     const std::string& filter);

// The hashes that both sides have: by them documents are told apart and targets compared.
struct SharedHashes {
  bool of_documents = false;
  bool of_targets = false;
};

// All files of a side. `filter_unknown`: which lines are of the metric's filter cannot be told, and
// the table is of no use.
[[nodiscard]] Result<SampleTable> read_side(const Side& side, const MetricSummary& chosen,
                                            const SharedHashes& hashes, bool& filter_unknown);

}  // namespace assay

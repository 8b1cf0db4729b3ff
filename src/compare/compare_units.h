// What two arms have to compare: tasks, and groups of tasks as one each.
#pragma once

#include <string>
#include <vector>

#include "compare/compare_folders.h"
#include "compare/result_folders.h"

namespace assay {

struct CompareUnit {
  std::string task;                   // the base's name; of a group the group's
  std::string other;                  // the candidate's
  const TaskSummary* base = nullptr;  // none: samples alone
  const TaskSummary* candidate = nullptr;
  std::vector<std::string> members;  // of a group: its tasks that either side has
};

struct CompareUnits {
  std::vector<CompareUnit> both;       // by name
  std::vector<std::string> only_base;  // tasks that just one side has
  std::vector<std::string> only_candidate;
};

// A group that both sides have with figures of its own is one unit, and its tasks are none; of
// groups within each other the largest. Everything else is a unit by task.
[[nodiscard]] CompareUnits units_of(const ResultArm& base, const ResultArm& candidate,
                                    const CompareRequest& request);

}  // namespace assay

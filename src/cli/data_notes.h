// What is known of a plan's data before a run, for the commands that only look.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/language.h"
#include "plan/plan.h"
#include "run/resolve.h"
#include "task/task.h"

namespace assay {

// Usage error: no benchmark has this name; it tells those there are, and the nearest.
[[nodiscard]] std::unexpected<Error> no_task_called(const std::string& name);

// The folder the task's rows lie in; nothing when they come from the hub, which is not asked.
// `data`: what the command line names; empty: what the plan says.
[[nodiscard]] std::optional<std::string> local_folder(const TaskSpec& spec, const Plan& plan,
                                                      const std::string& data);

// As ResolvedTask::notes, of a task whose rows come from the hub and were not fetched.
[[nodiscard]] std::vector<Text> hub_data_notes(const TaskSpec& spec, const Task& task,
                                               const Plan& plan);

// The task as a run would find it on the rows in this folder.
[[nodiscard]] Result<ResolvedTask> resolve_in(const std::string& folder, const TaskSpec& spec,
                                              const Plan& plan, const FindPython& python);

}  // namespace assay

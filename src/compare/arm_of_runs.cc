// Several runs of one arm, made one.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "compare/result_folders.h"
#include "compare/result_settings.h"

namespace assay {
namespace {

using Runs = std::vector<const RunFiles*>;  // newest first

const TaskSummary* summary_of(const RunFiles& run, const std::string& task) {
  const auto it = run.result.tasks.find(task);
  return it == run.result.tasks.end() ? nullptr : &it->second;
}

// Means over runs, of the metrics that all have.
TaskSummary mean_of(const std::vector<const TaskSummary*>& runs) {
  TaskSummary out = *runs.front();
  out.runs = static_cast<int>(runs.size());
  if (runs.size() == 1) return out;
  for (MetricSummary& metric : out.metrics) {
    double sum = 0;
    int n = 0;
    for (const TaskSummary* run : runs) {
      for (const MetricSummary& m : run->metrics) {
        if (m.metric != metric.metric || m.filter != metric.filter) continue;
        sum += m.value;
        ++n;
      }
    }
    metric.value = sum / n;
    metric.standard_error.reset();  // the items are the same: its formula does not hold
  }
  return out;
}

bool asked_alike(const TaskSummary& a, const TaskSummary& b) {
  return compare_settings(a, b).differing.empty() &&
         compare_settings(a, b).differing_texts.empty() &&
         generation_differences(a.generation, b.generation).empty();
}

// The runs whose samples and figures of a task count: the newest, or those asked as it was.
Runs counting(const Runs& having, const std::string& task, bool repeats, ResultArm& arm) {
  if (having.size() == 1) return having;
  if (!repeats) return {having.front()};
  Runs out = {having.front()};
  const TaskSummary* newest = summary_of(*having.front(), task);
  for (std::size_t i = 1; i < having.size(); ++i) {
    const TaskSummary* other = summary_of(*having[i], task);
    if (newest == nullptr || other == nullptr || asked_alike(*newest, *other)) {
      out.push_back(having[i]);
    } else {
      arm.notes.push_back(bilingual("{}: the run of {} was asked otherwise and is left out",
                                    "{}：{} 的运行提问方式不同，不计入", task,
                                    having[i]->result.file.filename().string()));
    }
  }
  return out;
}

// Whether the task is in several runs.
bool add_task(const std::string& task, const Runs& runs, bool repeats, ResultArm& arm) {
  Runs having;
  for (const RunFiles* run : runs) {
    if (summary_of(*run, task) != nullptr || run->samples.contains(task)) having.push_back(run);
  }
  std::vector<const TaskSummary*> summaries;
  for (const RunFiles* run : counting(having, task, repeats, arm)) {
    if (const TaskSummary* summary = summary_of(*run, task)) summaries.push_back(summary);
    const auto sample = run->samples.find(task);
    if (sample != run->samples.end()) arm.samples[task].push_back(sample->second);
  }
  if (!summaries.empty()) arm.tasks[task] = mean_of(summaries);
  return having.size() > 1;
}

void add_group(const std::string& group, const Runs& runs, bool repeats, ResultArm& arm) {
  std::vector<const TaskSummary*> summaries;
  for (const RunFiles* run : runs) {
    const auto it = run->result.groups.find(group);
    if (it == run->result.groups.end()) continue;
    if (summaries.empty() || (repeats && asked_alike(*summaries.front(), it->second))) {
      summaries.push_back(&it->second);
    }
  }
  arm.groups[group] = mean_of(summaries);
}

}  // namespace

ResultArm arm_of_runs(std::vector<RunFiles> files, bool repeats) {
  std::stable_sort(files.begin(), files.end(), [](const RunFiles& a, const RunFiles& b) {
    return a.result.date > b.result.date;
  });
  ResultArm arm;
  Runs runs;
  std::set<std::string> tasks;
  std::set<std::string> groups;
  for (const RunFiles& run : files) {
    runs.push_back(&run);
    if (arm.model.empty()) arm.model = run.result.model;
    for (const auto& [task, summary] : run.result.tasks) tasks.insert(task);
    for (const auto& [task, file] : run.samples) tasks.insert(task);
    for (const auto& [group, summary] : run.result.groups) groups.insert(group);
    for (const Text& note : run.result.notes) {
      if (std::find(arm.notes.begin(), arm.notes.end(), note) == arm.notes.end()) {
        arm.notes.push_back(note);
      }
    }
  }
  std::vector<std::string> several;
  for (const std::string& task : tasks) {
    if (add_task(task, runs, repeats, arm)) several.push_back(task);
  }
  if (!several.empty() && !repeats) {
    arm.notes.push_back(bilingual("in several files, of which the newest counts: {}",
                                  "在多个文件中，以最新的为准：{}", some_of(several)));
  }
  for (const std::string& group : groups) add_group(group, runs, repeats, arm);
  return arm;
}

}  // namespace assay

// The table of benchmarks. Another one is a file beside these, declared in benchmarks.h and named
// here.
#include "task/benchmarks.h"

namespace assay {

const std::vector<Task>& all_tasks() {
  static const std::vector<Task> tasks = {
      aime24_task(), math500_task(),       gsm8k_task(),   mmlu_pro_task(),  gpqa_diamond_task(),
      hle_task(),    livecodebench_task(), scicode_task(), humaneval_task(), mbpp_task(),
  };
  return tasks;
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  names.reserve(all_tasks().size());
  for (const Task& task : all_tasks()) names.push_back(task.name);
  return names;
}

const Task* find_task(const std::string& name) {
  for (const Task& task : all_tasks()) {
    if (task.name == name) return &task;
  }
  return nullptr;
}

const Task* find_task_of_either(const std::string& name) {
  for (const Task& task : all_tasks()) {
    if (!name.empty() && task.lm_eval.name == name) return &task;
  }
  return find_task(name);
}

std::vector<KnownBenchmark> known_benchmarks() {
  std::vector<KnownBenchmark> known;
  for (const Task& task : all_tasks()) {
    known.push_back({.name = task.name,
                     .generative = task.kind != TaskKind::loglikelihood,
                     .generates_with = task.generates_with,
                     .lm_eval = task.lm_eval.name});
  }
  return known;
}

}  // namespace assay

#include "plan/traps.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"

namespace assay {
namespace {

// True for tasks whose documents assay chooses. For all other tasks lm-eval chooses them.
bool chosen_by_assay(const std::string& lm_eval_task, const std::vector<KnownBenchmark>& known) {
  return std::ranges::find(known, lm_eval_task, &KnownBenchmark::lm_eval) != known.end();
}

bool is_greedy(const TaskSpec& task) {
  return task.sampling.value("temperature", 0.0) == 0;
}

void add_lm_eval_traps(const Plan& plan, const TaskSpec& task,
                       const std::vector<KnownBenchmark>& known, std::vector<std::string>& traps) {
  if (plan.until != Until::limits) {
    traps.push_back(fmt::format(
        "task {}: lm-eval asks it as a whole, so it stays at its limit{}", task.name,
        plan.until == Until::decided ? " and has no part in the pooled difference" : ""));
  }
  if (task.benchmark.starts_with("hendrycks_math")) {
    traps.push_back(fmt::format(
        "task {}: lm-eval compares the text between the first and the last $, never \\boxed{{…}}: "
        "right answers score 0. Run math500 natively: it gives this score and a robust one",
        task.name));
  }
  const bool token_named = task.lm_eval.contains("think_end_token");
  if (plan.chat.enable_thinking.value_or(false) && task.max_gen_toks && !token_named) {
    traps.push_back(fmt::format(
        "task {}: lm-eval's stop strings also end a model that is still thinking. Add lm_eval: "
        "{{think_end_token: \"</think>\"}}",
        task.name));
  }
  if (task.limit && !chosen_by_assay(task.benchmark, known)) {
    traps.push_back(
        fmt::format("task {}: its limit goes to lm-eval, which takes {} documents of each subtask",
                    task.name, *task.limit));
  }
}

}  // namespace

bool thinks_by_default(std::string_view model) {
  std::string name(model);
  for (char& c : name) c = to_lower(c);
  return name.find("qwen3") != std::string::npos && name.find("instruct") == std::string::npos &&
         name.find("coder") == std::string::npos;
}

std::vector<std::string> plan_traps(const Plan& plan, const std::vector<KnownBenchmark>& known) {
  std::vector<std::string> traps;
  const bool qwen3 = std::ranges::any_of(
      plan.variants, [](const VariantSpec& variant) { return thinks_by_default(variant.model); });
  const bool thinks = plan.chat.enable_thinking.value_or(qwen3);
  const auto generates = [](const TaskSpec& task) { return task.max_gen_toks.has_value(); };
  if (qwen3 && plan.chat.apply_template && !plan.chat.enable_thinking &&
      std::any_of(plan.tasks.begin(), plan.tasks.end(), generates)) {
    traps.emplace_back(
        "chat.enable_thinking is not said, and Qwen3 thinks by default: stop strings of lm-eval's "
        "such as \"Question:\" then count in its thoughts, too. Write true or false");
  }
  std::vector<std::string> greedy;
  for (const TaskSpec& task : plan.tasks) {
    if (task.harness == Harness::lm_eval) add_lm_eval_traps(plan, task, known, traps);
    if (task.repeats_auto && !answers_differ(task)) {
      traps.push_back(fmt::format(
          "task {}: repeats: auto asks each item once, as another answer would be the same. {}",
          task.name,
          generates(task) ? "Add sampling with a temperature, or leave repeats out"
                          : "It is scored by log-likelihoods: leave repeats out"));
    }
    if (!generates(task) || !is_greedy(task)) continue;
    if (task.repeats > 1) {
      traps.push_back(
          fmt::format("task {}: {} greedy answers to one item are the same answer. Add sampling, "
                      "or leave repeats out",
                      task.name, task.repeats));
    }
    if (qwen3 && thinks) greedy.push_back(task.name);
  }
  if (!greedy.empty()) {
    traps.push_back(fmt::format(
        "{}: Qwen3's card advises against greedy decoding while it thinks: it may repeat itself "
        "without end. Add sampling: {{temperature: 0.6, top_p: 0.95, top_k: 20}}",
        join(greedy, ", ")));
  }
  return traps;
}

}  // namespace assay

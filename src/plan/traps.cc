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
                       const std::vector<KnownBenchmark>& known, std::vector<Text>& traps) {
  if (plan.until != Until::limits) {
    Text no_part;
    if (plan.until == Until::decided) {
      no_part = {" and has no part in the pooled difference", "，也不计入合并差值"};
    }
    traps.push_back(bilingual("task {}: lm-eval asks it as a whole, so it stays at its limit{}",
                              "任务 {}：lm-eval 把它作为整体来问，因此停在其 limit{}", task.name,
                              no_part));
  }
  if (task.benchmark.starts_with("hendrycks_math")) {
    traps.push_back(bilingual(
        "task {}: lm-eval compares the text between the first and the last $, never \\boxed{{…}}: "
        "right answers score 0. Run math500 natively: it gives this score and a robust one",
        "任务 {}：lm-eval 比较第一个与最后一个 $ 之间的文本，从不看 \\boxed{{…}}：正确的回答得 0 "
        "分。"
        "请原生运行 math500：它给出这一得分，还有一个稳健的得分",
        task.name));
  }
  const bool token_named = task.lm_eval.contains("think_end_token");
  if (plan.chat.enable_thinking.value_or(false) && task.max_gen_toks && !token_named) {
    traps.push_back(bilingual(
        "task {}: lm-eval's stop strings also end a model that is still thinking. Add lm_eval: "
        "{{think_end_token: \"</think>\"}}",
        "任务 {}：lm-eval 的停止字符串会打断还在思考的模型。请加上 lm_eval: "
        "{{think_end_token: \"</think>\"}}",
        task.name));
  }
  if (task.limit && !chosen_by_assay(task.benchmark, known)) {
    traps.push_back(bilingual(
        "task {}: its limit goes to lm-eval, which takes {} documents of each subtask",
        "任务 {}：它的 limit 交给 lm-eval，每个子任务都取 {} 个文档", task.name, *task.limit));
  }
}

}  // namespace

bool thinks_by_default(std::string_view model) {
  std::string name(model);
  for (char& c : name) c = to_lower(c);
  return name.find("qwen3") != std::string::npos && name.find("instruct") == std::string::npos &&
         name.find("coder") == std::string::npos;
}

std::vector<Text> plan_traps(const Plan& plan, const std::vector<KnownBenchmark>& known) {
  std::vector<Text> traps;
  const bool qwen3 = std::ranges::any_of(
      plan.variants, [](const VariantSpec& variant) { return thinks_by_default(variant.model); });
  const bool thinks = plan.chat.enable_thinking.value_or(qwen3);
  const auto generates = [](const TaskSpec& task) { return task.max_gen_toks.has_value(); };
  if (qwen3 && plan.chat.apply_template && !plan.chat.enable_thinking &&
      std::any_of(plan.tasks.begin(), plan.tasks.end(), generates)) {
    traps.emplace_back(
        "chat.enable_thinking is not said, and Qwen3 thinks by default: stop strings of lm-eval's "
        "such as \"Question:\" then count in its thoughts, too. Write true or false",
        "没有写 chat.enable_thinking，而 Qwen3 默认会思考：lm-eval 的停止字符串（例如 "
        "\"Question:\"）"
        "在思考中也会生效。请写 true 或 false");
  }
  std::vector<std::string> greedy;
  for (const TaskSpec& task : plan.tasks) {
    if (task.harness == Harness::lm_eval) add_lm_eval_traps(plan, task, known, traps);
    if (task.repeats_auto && !answers_differ(task)) {
      traps.push_back(bilingual(
          "task {}: repeats: auto asks each item once, as another answer would be the same. {}",
          "任务 {}：repeats: auto 每题只问一次，因为再答一次也一样。{}", task.name,
          generates(task) ? Text("Add sampling with a temperature, or leave repeats out",
                                 "请加上带 temperature 的 sampling，或去掉 repeats")
                          : Text("It is scored by log-likelihoods: leave repeats out",
                                 "它按对数似然评分：请去掉 repeats")));
    }
    if (!generates(task) || !is_greedy(task)) continue;
    if (task.repeats > 1) {
      traps.push_back(
          bilingual("task {}: {} greedy answers to one item are the same answer. Add sampling, "
                    "or leave repeats out",
                    "任务 {}：同一题的 {} 次贪心解码是同一个回答。请加上 sampling，或去掉 repeats",
                    task.name, task.repeats));
    }
    if (qwen3 && thinks) greedy.push_back(task.name);
  }
  if (!greedy.empty()) {
    traps.push_back(bilingual(
        "{}: Qwen3's card advises against greedy decoding while it thinks: it may repeat itself "
        "without end. Add sampling: {{temperature: 0.6, top_p: 0.95, top_k: 20}}",
        "{}：Qwen3 的模型卡不建议在思考时用贪心解码：可能无休止地重复。请加上 sampling: "
        "{{temperature: 0.6, top_p: 0.95, top_k: 20}}",
        join(greedy, ", ")));
  }
  return traps;
}

}  // namespace assay

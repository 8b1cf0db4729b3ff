#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/language.h"
#include "base/text.h"
#include "plan/endpoint.h"
#include "run/parity.h"
#include "run/unit.h"
#include "task/prompt.h"

namespace assay {
namespace {

Text why_not(const TaskSpec& spec) {
  const Task* task = find_task_of_either(spec.benchmark);
  if (task == nullptr) return {"assay has no such task of its own", "assay 自己没有这个任务"};
  if (task->lm_eval.name.empty()) {
    return {"lm-eval 0.4.13 has no such task", "lm-eval 0.4.13 没有这个任务"};
  }
  if (!task->lm_eval.has_metric) {
    return bilingual("lm-eval's {} asks and scores otherwise than ours",
                     "lm-eval 的 {} 提问与评分的方式与我们的不同", task->lm_eval.name);
  }
  if (!task->generates_with.empty() &&
      spec.options.value(task->generates_with, Json(false)) == true) {
    return {"lm-eval 0.4.13 has no such way of asking it", "lm-eval 0.4.13 没有这种提问方式"};
  }
  return {};
}

TaskSpec native_twin(const TaskSpec& spec) {
  TaskSpec out = spec;
  out.harness = Harness::native;
  const Task& task = *find_task_of_either(spec.benchmark);
  out.benchmark = task.name;
  out.repeats = 1;
  out.repeats_auto = false;
  out.lm_eval = Json::object();
  if (spec.lm_eval.contains("fewshot_as_multiturn")) {
    out.options["fewshot_as_multiturn"] = spec.lm_eval["fewshot_as_multiturn"];
  }
  const std::string& seed = task.lm_eval.seed_option;
  if (!seed.empty() && spec.lm_eval.contains("seed")) out.options[seed] = spec.lm_eval["seed"];
  return out;
}

TaskSpec lm_eval_twin_of(const TaskSpec& native, const TaskSpec& written) {
  TaskSpec out = native;
  out.name = lm_eval_twin(native.name);
  out.harness = Harness::lm_eval;
  const LmEvalTask& theirs = find_task(native.benchmark)->lm_eval;
  out.benchmark = theirs.name;
  out.options = Json::object();
  out.lm_eval = written.lm_eval;
  if (native.options.contains("fewshot_as_multiturn")) {
    out.lm_eval["fewshot_as_multiturn"] = native.options["fewshot_as_multiturn"];
  }
  if (native.options.contains(theirs.seed_option)) {
    out.lm_eval["seed"] = native.options[theirs.seed_option];
  }
  return out;
}

}  // namespace

std::string lm_eval_twin(const std::string& task) {
  return task + ".lm_eval";
}

Result<ParityPlan> parity_plan(const Plan& plan, const std::string& variant, int limit) {
  if (plan.engine.kind == kEndpointKind) {
    return usage_error(
        {"parity cannot be verified over an endpoint", "无法在端点上验证一致性"},
        {"lm-eval's own code needs the engine that assay starts itself",
         "lm-eval 自己的代码需要由 assay 启动的引擎"},
        bilingual("verify it with an engine of kind {}", "用 kind 为 {} 的引擎验证", kVllmKind));
  }
  ParityPlan out{plan, {}};
  out.plan.tasks.clear();
  out.plan.budget_s = 0;
  out.plan.fidelity.items = 0;
  out.plan.compare.noise_floor = false;
  out.plan.chat.stop_strings = HeadingStops::engine;  // as lm-eval asks
  if (!variant.empty()) {
    std::erase_if(out.plan.variants, [&](const VariantSpec& v) { return v.name != variant; });
    if (out.plan.variants.empty()) {
      return usage_error(
          bilingual("the plan has no variant {}", "计划里没有变体 {}", variant),
          {"none is called so", "没有一个叫这个名字"},
          {"see `assay check` for the variants' names", "变体的名称见 `assay check`"});
    }
    out.plan.variants.front().baseline = true;
  }
  for (const TaskSpec& spec : plan.tasks) {
    if (const Text why = why_not(spec); !why.empty()) {
      out.left_out.push_back({.name = spec.name, .left_out = why});
      continue;
    }
    TaskSpec native = native_twin(spec);
    if (limit > 0 && native.ids.empty()) {
      auto& count = native.first ? native.first : native.limit;
      count = std::min(count.value_or(limit), limit);
    }
    out.plan.tasks.push_back(native);
    out.plan.tasks.push_back(lm_eval_twin_of(native, spec));
  }
  if (out.plan.tasks.empty()) {
    std::vector<Text> reasons;
    for (const ParityTask& task : out.left_out) {
      reasons.push_back(bilingual("{}: {}", "{}：{}", task.name, task.left_out));
    }
    return usage_error({"there is nothing to compare", "没有可比较的"}, listed(reasons, "; ", "；"),
                       {"add aime24, math500, mmlu_pro or gpqa_diamond to the plan",
                        "在计划中加入 aime24、math500、mmlu_pro 或 gpqa_diamond"});
  }
  return out;
}

}  // namespace assay

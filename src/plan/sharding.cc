#include "plan/sharding.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "base/language.h"
#include "base/text.h"

namespace assay {
namespace {

std::unexpected<Error> lacks(const Text& what) {
  return usage_error(
      bilingual("the plan has no {}", "计划里没有{}", what),
      {"a shard answers for some of it", "分片只负责其中一部分"},
      {"`assay check` lists the plan's variants and tasks", "计划的变体和任务见 `assay check`"});
}

// A candidate's looks are at its answers and the baseline's, all tasks together, as they come.
Status check_looks(const Plan& plan, const ShardPart& part) {
  if (plan.until != Until::decided) return {};
  if (!part.has_whole_variants()) {
    return usage_error({"a plan with `until: decided` has no shards of single tasks or repeats",
                        "`until: decided` 的计划不能按单个任务或重复分片"},
                       {"each look is at a variant's answers to all tasks",
                        "每次检验看的是一个变体对所有任务的回答"},
                       {"make each variant one shard, or write `until: limits`",
                        "每个变体作一个分片，或写 `until: limits`"});
  }
  if (names_judge(plan)) {
    return usage_error({"a plan with `until: decided` and a judge cannot run in shards",
                        "`until: decided` 且有裁判模型的计划不能分片运行"},
                       {"its looks need what the judge says, and no shard asks the judge",
                        "它的检验需要裁判模型的判断，而分片不询问裁判模型"},
                       {"write `until: limits`, or run it on one machine",
                        "写 `until: limits`，或在一台机器上运行"});
  }
  return {};
}

Status check_tasks(const Plan& plan, const ShardPart& part) {
  for (const std::string& name : part.tasks) {
    if (std::ranges::find(plan.tasks, name, &TaskSpec::name) == plan.tasks.end()) {
      return lacks(bilingual("task '{}'", "任务 '{}'", name));
    }
  }
  return {};
}

Status check_repeats(const Plan& plan, const ShardPart& part) {
  if (part.repeats.empty()) return {};
  if (std::ranges::any_of(plan.tasks, &TaskSpec::repeats_auto)) {
    return usage_error(
        {"a plan with `repeats: auto` has no shards of single repeats",
         "`repeats: auto` 的计划不能按单个重复分片"},
        {"how often its items are asked is found while it runs", "题目问几次在运行时才知道"},
        {"write a number of repeats, or leave '#' out", "写出重复次数，或去掉 '#'"});
  }
  const int most = most_repeats(plan);
  for (const int repeat : part.repeats) {
    if (repeat >= most) {
      return lacks(bilingual("repeat {}: its tasks have {}, counted from 0",
                             "重复 {}：它的任务有 {} 次，从 0 数起", repeat, most));
    }
  }
  return {};
}

Status check_variants(const Plan& plan, const ShardPart& part) {
  bool baseline = false;
  for (const std::string& name : part.variants) {
    const auto found = std::ranges::find(plan.variants, name, &VariantSpec::name);
    if (found == plan.variants.end()) return lacks(bilingual("variant '{}'", "变体 '{}'", name));
    baseline = baseline || found->baseline;
  }
  if (part.has_whole_variants() || !baseline || part.variants.size() == 1) return {};
  return usage_error(
      bilingual("the shard {} has a part of the baseline beside others",
                "分片 {} 在别的变体之外还含有基线的一部分", name_of(part)),
      {"the others need more of the baseline's answers than this part of them",
       "其他变体需要的基线回答多于这一部分"},
      {"run the baseline's shards first, each by itself, then the others' with --baseline-from",
       "先单独运行基线的各分片，再用 --baseline-from 运行其他的"});
}

// Neighbours, in groups as equal as can be.
template <typename T>
std::vector<std::vector<T>> grouped(const std::vector<T>& all, int wanted) {
  const std::size_t groups = std::min(all.size(), static_cast<std::size_t>(std::max(1, wanted)));
  if (groups < 2) return {{}};
  std::vector<std::vector<T>> out;
  out.reserve(groups);
  for (std::size_t g = 0; g < groups; ++g) {
    const auto at = [&](std::size_t group) {
      return all.begin() + static_cast<std::ptrdiff_t>(group * all.size() / groups);
    };
    out.emplace_back(at(g), at(g + 1));
  }
  return out;
}

// Whether it asks anything: a task may have fewer repeats than others.
bool asks_anything(const Plan& plan, const ShardPart& part) {
  if (part.has_whole_variants()) return true;
  return std::ranges::any_of(plan.tasks, [&](const TaskSpec& task) {
    if (!part.has_task(task.name)) return false;
    for (int repeat = 0; repeat < task.repeats; ++repeat) {
      if (part.has_repeat(repeat)) return true;
    }
    return false;
  });
}

}  // namespace

bool names_judge(const Plan& plan) {
  return std::ranges::any_of(plan.tasks,
                             [](const TaskSpec& task) { return task.options.contains("judge"); });
}

Status check_part(const Plan& plan, const ShardPart& part) {
  TRY(check_looks(plan, part));
  TRY(check_variants(plan, part));
  TRY(check_tasks(plan, part));
  return check_repeats(plan, part);
}

bool reads_back(const ShardPart& part, const Plan& plan) {
  return plan.fidelity.items > 0 && !plan.tasks.empty() && part.has_task(plan.tasks.front().name) &&
         part.has_repeat(0);
}

int most_repeats(const Plan& plan) {
  int most = 1;
  for (const TaskSpec& task : plan.tasks) most = std::max(most, task.repeats);
  return most;
}

Result<std::vector<ShardPart>> parts_of(const Plan& plan, const ShardGroups& groups) {
  std::vector<std::string> tasks;
  tasks.reserve(plan.tasks.size());
  for (const TaskSpec& task : plan.tasks) tasks.push_back(task.name);
  std::vector<int> repeats(static_cast<std::size_t>(most_repeats(plan)));
  std::iota(repeats.begin(), repeats.end(), 0);
  std::vector<ShardPart> own;
  std::vector<ShardPart> others;
  for (const VariantSpec& variant : plan.variants) {
    for (const auto& task_group : grouped(tasks, groups.tasks)) {
      for (const auto& repeat_group : grouped(repeats, groups.repeats)) {
        ShardPart part{{variant.name}, task_group, repeat_group};
        TRY(check_part(plan, part));
        if (asks_anything(plan, part)) (variant.baseline ? own : others).push_back(std::move(part));
      }
    }
  }
  own.insert(own.end(), others.begin(), others.end());
  return own;
}

}  // namespace assay

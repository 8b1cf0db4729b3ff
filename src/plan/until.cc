// How far a run goes: `until` and what `until: decided` goes by.
#include <fmt/format.h>

#include <algorithm>

#include "plan/plan_keys.h"
#include "plan/sections.h"

namespace assay {
namespace {

// The key's value, which must lie in (low, high); reserve may be its lower end, too.
Status read_between(const YamlMap& map, std::string_view key, double low, double high,
                    bool low_may_be, const Text& meaning, double& out) {
  TRY(map.read(key, out));
  if (out < high && (out > low || (low_may_be && out == low))) return {};
  return map.error(
      key,
      bilingual("{} must be {} {:g} and below {:g}", "{} 必须{} {:g} 且小于 {:g}", map.name_of(key),
                low_may_be ? Text("at least", "不小于") : Text("above", "大于"), low, high),
      bilingual("it is {}; here is {:g}", "它是{}；这里是 {:g}", meaning, out),
      {"leave the key out for its default", "不写这个键则用默认值"});
}

}  // namespace

Status read_until(const YamlMap& top, Plan& plan) {
  std::vector<std::pair<std::string, Until>> choices;
  choices.reserve(kUntils.size());
  for (const UntilName& entry : kUntils) choices.emplace_back(entry.name, entry.until);
  TRY(top.read_choice<Until>("until", plan.until, choices));
  if (plan.until == Until::limits || plan.budget_s > 0) return {};
  return top.error(
      "until", bilingual("until: {} without a budget", "until: {} 而没有预算", name_of(plan.until)),
      plan.until == Until::budget
          ? Text("the run would go on until the data end, whatever that costs",
                 "运行会一直进行到数据用完，不论代价")
          : Text("where two variants are hard to tell apart, it would go on until the data end, "
                 "whatever that costs",
                 "两个变体难以区分时，它会一直进行到数据用完，不论代价"),
      {"add 'budget: 3h' (or --set budget=3h), or write 'until: limits'",
       "加上 'budget: 3h'（或 --set budget=3h），或写 'until: limits'"});
}

Status read_decide(const YamlMap& top, DecideSpec& decide) {
  if (top.has("looks")) {
    const YamlMap looks =
        TRY(YamlMap::open(top.file(), top.value("looks"), "looks", key_names(PlanMap::looks)));
    TRY(read_between(looks, "reserve", 0, 0.05, true,
                     {"the part of an alpha of 0.05 that is kept for further rounds",
                      "0.05 的 alpha 中留给后续轮次的部分"},
                     decide.reserve));
  }
  TRY(read_between(top, "power", 0.5, 1, false,
                   {"the chance to show NON-INFERIOR for a variant that loses nothing",
                    "变体没有损失时证明 NON-INFERIOR 的机会"},
                   decide.power));
  if (!top.has("expected_discordance")) return {};
  return read_between(
      top, "expected_discordance", 0, 1, false,
      {"the share of items that is expected to flip either way", "预计任一方向翻转的题目比例"},
      decide.expected_discordance.emplace());
}

Status check_decided(const YamlMap& top, const Plan& plan) {
  if (plan.until != Until::decided) return {};
  const auto counts = [](const TaskSpec& task) {
    return task.harness == Harness::native && task.weight > 0;
  };
  if (std::ranges::none_of(plan.tasks, counts)) {
    return top.error(
        "until", {"until: decided has nothing to decide", "until: decided 没有可判定的"},
        {"no task with a weight has its items chosen by assay: lm-eval's own are asked as a whole",
         "没有一个带权重的任务由 assay 选题：lm-eval 自己的任务整个提问"},
        {"use `harness: native` for one of them, or write 'until: limits'",
         "给其中一个写 `harness: native`，或写 'until: limits'"});
  }
  for (const TaskSpec& task : plan.tasks) {
    if (task.ids.empty()) continue;
    return top.error(
        "until", {"until: decided with chosen items", "until: decided 用在了选定的题目上"},
        bilingual("task {} has `ids`: whoever chose them may know their scores, and a verdict on "
                  "them holds for them alone",
                  "任务 {} 写了 `ids`：选题的人可能知道它们的得分，结论也只对它们成立", task.name),
        {"use `limit` there, or write 'until: limits'", "那里用 `limit`，或写 'until: limits'"});
  }
  return {};
}

}  // namespace assay

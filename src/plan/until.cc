// How far a run goes: `until` and what `until: decided` goes by.
#include <fmt/format.h>

#include <algorithm>

#include "plan/plan_keys.h"
#include "plan/sections.h"

namespace assay {
namespace {

// The key's value, which must lie in (low, high); reserve may be its lower end, too.
Status read_between(const YamlMap& map, std::string_view key, double low, double high,
                    bool low_may_be, const char* meaning, double& out) {
  TRY(map.read(key, out));
  if (out < high && (out > low || (low_may_be && out == low))) return {};
  return map.error(key,
                   fmt::format("{} must be {} {:g} and below {:g}", map.name_of(key),
                               low_may_be ? "at least" : "above", low, high),
                   fmt::format("it is {}; here is {:g}", meaning, out),
                   "leave the key out for its default");
}

}  // namespace

Status read_until(const YamlMap& top, Plan& plan) {
  std::vector<std::pair<std::string, Until>> choices;
  choices.reserve(kUntils.size());
  for (const UntilName& entry : kUntils) choices.emplace_back(entry.name, entry.until);
  TRY(top.read_choice<Until>("until", plan.until, choices));
  if (plan.until == Until::limits || plan.budget_s > 0) return {};
  return top.error("until", fmt::format("until: {} without a budget", name_of(plan.until)),
                   plan.until == Until::budget
                       ? "the run would go on until the data end, whatever that costs"
                       : "where two variants are hard to tell apart, it would go on until the "
                         "data end, whatever that costs",
                   "add 'budget: 3h' (or --set budget=3h), or write 'until: limits'");
}

Status read_decide(const YamlMap& top, DecideSpec& decide) {
  if (top.has("looks")) {
    const YamlMap looks =
        TRY(YamlMap::open(top.file(), top.value("looks"), "looks", key_names(PlanMap::looks)));
    TRY(read_between(looks, "reserve", 0, 0.05, true,
                     "the part of an alpha of 0.05 that is kept for further rounds",
                     decide.reserve));
  }
  TRY(read_between(top, "power", 0.5, 1, false,
                   "the chance to show NON-INFERIOR for a variant that loses nothing",
                   decide.power));
  if (!top.has("expected_discordance")) return {};
  return read_between(top, "expected_discordance", 0, 1, false,
                      "the share of items that is expected to flip either way",
                      decide.expected_discordance.emplace());
}

Status check_decided(const YamlMap& top, const Plan& plan) {
  if (plan.until != Until::decided) return {};
  const auto counts = [](const TaskSpec& task) {
    return task.harness == Harness::native && task.weight > 0;
  };
  if (std::ranges::none_of(plan.tasks, counts)) {
    return top.error("until", "until: decided has nothing to decide",
                     "no task with a weight has its items chosen by assay: lm-eval's own are asked "
                     "as a whole",
                     "use `harness: native` for one of them, or write 'until: limits'");
  }
  for (const TaskSpec& task : plan.tasks) {
    if (task.ids.empty()) continue;
    return top.error("until", "until: decided with chosen items",
                     fmt::format("task {} has `ids`: whoever chose them may know their scores, and "
                                 "a verdict on them holds for them alone",
                                 task.name),
                     "use `limit` there, or write 'until: limits'");
  }
  return {};
}

}  // namespace assay

#include "plan/growth.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>
#include <vector>

namespace assay {
namespace {

// How many items a limit lets through; without one, all.
int most_of(const std::optional<int>& limit) {
  return limit.value_or(std::numeric_limits<int>::max());
}

template <typename Named>
bool has(const std::vector<Named>& list, const std::string& name) {
  return std::ranges::find(list, name, &Named::name) != list.end();
}

// Takes away what `before` does not have, so that the rest can be compared with it.
class Reduction {
 public:
  Reduction(const FrozenPlan& before, const FrozenPlan& now) : before_(before), now_(now) {}

  FrozenPlan run(Growth& growth) {
    variants(growth);
    fidelity(growth);
    order();
    tasks(growth);
    items(growth);
    repeats(growth);
    until(growth);
    return std::move(now_);
  }

 private:
  void variants(Growth& growth) {
    const auto is_new = [&](const auto& variant) {
      return !has(before_.plan.variants, variant.name);
    };
    for (const VariantSpec& variant : now_.plan.variants) {
      if (is_new(variant)) {
        growth.what.push_back(bilingual("variant {} is new", "新增变体 {}", variant.name));
      }
    }
    std::erase_if(now_.plan.variants, is_new);
    std::erase_if(now_.variants, is_new);
  }

  // The folder's part of the order, by the places that tasks have there; what follows is new.
  void order() {
    if (!before_.looks || !now_.looks) return;
    FrozenLooks& looks = *now_.looks;
    if (looks.order.size() > before_.looks->order.size()) {
      looks.order.resize(before_.looks->order.size());
    }
    looks.declared_items = before_.looks->declared_items;
    for (std::size_t& task : looks.order) {
      const auto there = std::ranges::find(before_.tasks, now_.tasks[task].name, &FrozenTask::name);
      task = static_cast<std::size_t>(there - before_.tasks.begin());  // a new one: beyond them all
    }
  }

  void tasks(Growth& growth) {
    const auto is_new = [&](const auto& task) { return !has(before_.plan.tasks, task.name); };
    for (const TaskSpec& task : now_.plan.tasks) {
      if (is_new(task)) {
        growth.what.push_back(bilingual("task {} is new, beside the primary question",
                                        "新增任务 {}，不计入主要问题", task.name));
      }
    }
    std::erase_if(now_.plan.tasks, is_new);
    std::erase_if(now_.tasks, is_new);
  }

  void items(Growth& growth) {
    for (TaskSpec& spec : now_.plan.tasks) {
      const auto old = std::ranges::find(before_.plan.tasks, spec.name, &TaskSpec::name);
      const bool larger = most_of(spec.limit) > most_of(old->limit) ||
                          most_of(spec.at_most) > most_of(old->at_most);
      if (!larger || spec.limit_per != LimitPer::task || !spec.ids.empty()) continue;
      // More items would come before repeats that are answered already.
      if (old->repeats_auto) continue;
      spec.limit = old->limit;
      spec.at_most = old->at_most;
      growth.what.push_back(bilingual("task {} has more items", "任务 {} 的题更多", spec.name));
      growth.sample = true;
    }
    for (FrozenTask& task : now_.tasks) {
      const auto old = std::ranges::find(before_.tasks, task.name, &FrozenTask::name);
      if (old == before_.tasks.end()) continue;
      if (task.items.size() > old->items.size()) task.items.resize(old->items.size());
      task.least_items = old->least_items;
      task.weighed_items = old->weighed_items;
    }
  }

  // An item's first answer is the same however often it is asked.
  void repeats(Growth& growth) {
    for (std::size_t t = 0; t < now_.plan.tasks.size(); ++t) {
      TaskSpec& spec = now_.plan.tasks[t];
      const auto old = std::ranges::find(before_.plan.tasks, spec.name, &TaskSpec::name);
      if (!spec.repeats_auto || old->repeats_auto || old->repeats != 1) continue;
      spec.repeats_auto = false;
      now_.tasks[t].passes = 1;
      growth.what.push_back(
          bilingual("task {} goes on in repeats", "任务 {} 继续重复作答", spec.name));
      growth.sample = true;
    }
  }

  void until(Growth& growth) {
    if (before_.plan.until != Until::limits || now_.plan.until == Until::limits) return;
    growth.what.push_back("until: " + name_of(now_.plan.until));
    growth.sample = true;
    now_.plan.until = before_.plan.until;
    now_.plan.decide = before_.plan.decide;
    now_.looks.reset();
  }

  void fidelity(Growth& growth) {
    FidelitySpec& spec = now_.plan.fidelity;
    const FidelitySpec& old = before_.plan.fidelity;
    if (spec.items <= old.items) return;
    growth.what.push_back(bilingual("{} outputs are read back in place of {}",
                                    "回读 {} 条输出，原为 {} 条", spec.items, old.items));
    spec.items = old.items;
  }

  const FrozenPlan& before_;
  FrozenPlan now_;
};

template <typename Named>
std::string name_at(const std::vector<Named>& list, std::string_view index) {
  std::size_t place = list.size();
  std::from_chars(index.data(), index.data() + index.size(), place);
  return place < list.size() ? list[place].name : "";
}

// "variants[1].fingerprint" as "variants[1].fingerprint (fp8)".
std::string with_name(const std::string& value, const FrozenPlan& frozen) {
  const bool of_plan = value.starts_with("plan.");
  const std::string_view path = std::string_view(value).substr(of_plan ? 5 : 0);
  std::string name;
  if (path.starts_with("variants[")) {
    name = of_plan ? name_at(frozen.plan.variants, path.substr(9))
                   : name_at(frozen.variants, path.substr(9));
  } else if (path.starts_with("tasks[")) {
    name = of_plan ? name_at(frozen.plan.tasks, path.substr(6))
                   : name_at(frozen.tasks, path.substr(6));
  }
  return name.empty() ? value : fmt::format("{} ({})", value, name);
}

// Whoever stopped asking by looks has seen scores: one more look at full alpha is not to be had.
Text reason_of(const std::string& value, const FrozenPlan& before) {
  if (value != "plan.until" || before.plan.until != Until::decided) return {};
  return {"; its looks may have spent all of alpha, so no other end leaves it as it was declared",
          "；它的中期检验可能已用完 alpha，换别的结束方式就不再是当初声明的那样"};
}

}  // namespace

Result<Growth> growth_of(const FrozenPlan& before, const FrozenPlan& now) {
  Growth growth;
  const FrozenPlan same = Reduction(before, now).run(growth);
  if (frozen_hash(same) == frozen_hash(before)) return growth;
  const auto found = first_difference(before, same);
  return usage_error({"the output folder belongs to another plan", "输出目录属于另一份计划"},
                     found
                         ? bilingual("{} is {} there and {} here{}", "{} 那里是 {}，这里是 {}{}",
                                     with_name(found->value, before), found->one, found->other,
                                     reason_of(found->value, before))
                         : Text("its frozen plan differs from this one", "它的冻结计划与这份不同"),
                     {"choose another folder with --out, or run the plan it was made with",
                      "用 --out 另选目录，或运行它原来的计划"});
}

void make_secondary(const FrozenPlan& first, FrozenPlan& now) {
  for (FrozenTask& task : now.tasks) {
    if (!has(first.tasks, task.name)) task.weight = 0;
  }
  for (TaskSpec& task : now.plan.tasks) {
    if (!has(first.plan.tasks, task.name)) task.weight = 0;
  }
}

}  // namespace assay

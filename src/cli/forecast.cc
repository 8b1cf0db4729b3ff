#include "cli/forecast.h"

#include <algorithm>
#include <limits>

#include "run/budget.h"
#include "run/candidate_looks.h"
#include "stats/looks.h"

namespace assay {
namespace {

std::vector<ItemRef> order_of(const Plan& plan, const std::vector<GrowingTask>& tasks) {
  if (plan.until != Until::limits) return growing_order(tasks);
  std::vector<std::size_t> least;
  least.reserve(tasks.size());
  for (const GrowingTask& task : tasks) least.push_back(task.least);
  return interleave(least);
}

// The growing order, each entry by its task.
std::vector<std::size_t> task_order(const std::vector<GrowingTask>& tasks) {
  std::vector<std::size_t> order;
  for (const ItemRef& ref : growing_order(tasks)) order.push_back(ref.task);
  return order;
}

// Seconds of a turn that are left for work when every variant has loaded.
double turn_s(const Plan& plan, const ExpectedSpeed& speed, int turns) {
  if (plan.budget_s <= 0) return std::numeric_limits<double>::infinity();
  const double loads_s = static_cast<double>(plan.variants.size()) * speed.load_s;
  return std::max(0.0,
                  variant_share_s(plan.budget_s - loads_s, turns, report_reserve_s(plan.budget_s)));
}

}  // namespace

Forecast forecast_of(const Plan& plan, const std::vector<GrowingTask>& tasks,
                     const ExpectedSpeed& speed, int turns, std::size_t most) {
  Forecast out;
  out.entries.resize(tasks.size(), 0);
  const double most_tokens = turn_s(plan, speed, turns) * speed.tokens_per_s;
  std::vector<ItemRef> order = order_of(plan, tasks);
  order.resize(std::min(order.size(), most));
  std::size_t reached = 0;
  double grading = 0;  // in the tokens that the engine generates meanwhile
  for (const ItemRef& ref : order) {
    const GrowingTask& task = tasks[ref.task];
    if (std::max(out.tokens + task.cost, grading + task.grading) > most_tokens) break;
    out.tokens += task.cost;
    grading += task.grading;
    ++out.entries[ref.task];
    ++reached;
  }
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    out.items.push_back(std::min(out.entries[t], static_cast<std::int64_t>(tasks[t].items)));
  }
  out.work_s = std::max(out.tokens, grading) / speed.tokens_per_s;
  out.all = reached == order.size();
  return out;
}

LooksForecast looks_needed(const Plan& plan, const std::vector<GrowingTask>& tasks,
                           const std::vector<LookTask>& look_tasks) {
  LooksForecast out;
  const std::vector<std::size_t> order = task_order(tasks);
  const LookSettings settings = look_settings_of(plan);
  const TargetAssumptions assume = target_assumptions_of(plan);
  out.target = target_in_order(settings, assume, order, look_tasks);
  const auto enough = smallest_margin_pp(settings, assume, order, look_tasks);
  if (enough != settings.margin_pp) out.margin_pp = enough.value_or(100);
  std::size_t limits = 0;
  for (const GrowingTask& task : tasks) limits += task.least;
  for (std::int64_t pairs = 0; out.items < order.size() && pairs < out.target; ++out.items) {
    pairs += look_tasks[order[out.items]].weight > 0 ? 1 : 0;
  }
  out.items = std::max(out.items, limits);  // which come first
  return out;
}

void set_reached(const Plan& plan, const std::vector<GrowingTask>& tasks,
                 const std::vector<std::int64_t>& entries, const std::vector<LookTask>& look_tasks,
                 LooksForecast& looks) {
  // The pairs of these entries are the first ones of the order.
  std::int64_t pairs = 0;
  for (std::size_t t = 0; t < entries.size(); ++t) {
    if (look_tasks[t].weight > 0) pairs += entries[t];
  }
  looks.pairs = std::min(pairs, looks.target);
  std::vector<std::size_t> order = task_order(tasks);
  std::erase_if(order, [&](std::size_t t) { return !(look_tasks[t].weight > 0); });
  order.resize(std::min(order.size(), static_cast<std::size_t>(looks.pairs)));
  LookSchedule schedule =
      look_schedule(look_settings_of(plan), std::max<std::int64_t>(1, looks.target));
  std::int64_t taken = 0;
  for (const Look& look : schedule.looks) taken = look.pairs < looks.pairs ? look.pairs : taken;
  schedule = closed_at(schedule, looks.pairs, taken);
  for (const Look& look : schedule.looks) {
    if (look.non_inferior_level > 0) looks.level = look.non_inferior_level;
  }
  const LooksPower power = power_in_order(schedule, target_assumptions_of(plan), order, look_tasks);
  looks.power = power.last;
  looks.power_of_all = power.all;
}

}  // namespace assay

#include "cli/forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "run/budget.h"
#include "run/candidate_looks.h"
#include "stats/looks.h"
#include "stats/power.h"

namespace assay {
namespace {

std::vector<ItemRef> order_of(const Plan& plan, const std::vector<GrowingTask>& tasks) {
  if (plan.until != Until::limits) return growing_order(tasks);
  std::vector<std::size_t> least;
  least.reserve(tasks.size());
  for (const GrowingTask& task : tasks) least.push_back(task.least);
  return interleave(least);
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
  out.items.resize(tasks.size(), 0);
  const double most_tokens = turn_s(plan, speed, turns) * speed.tokens_per_s;
  std::vector<ItemRef> order = order_of(plan, tasks);
  order.resize(std::min(order.size(), most));
  std::size_t reached = 0;
  for (const ItemRef& ref : order) {
    const double cost = tasks[ref.task].cost;
    if (out.tokens + cost > most_tokens) break;
    out.tokens += cost;
    ++out.items[ref.task];
    ++reached;
  }
  out.work_s = out.tokens / speed.tokens_per_s;
  out.all = reached == order.size();
  return out;
}

LooksForecast looks_needed(const Plan& plan, const std::vector<GrowingTask>& tasks,
                           const std::vector<LookTask>& look_tasks) {
  LooksForecast out;
  std::vector<std::size_t> order;
  for (const ItemRef& ref : growing_order(tasks)) order.push_back(ref.task);
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

void set_reached(const Plan& plan, const std::vector<std::int64_t>& items,
                 const std::vector<LookTask>& look_tasks, LooksForecast& looks) {
  double weights = 0;
  double squares = 0;
  std::int64_t pairs = 0;
  for (std::size_t t = 0; t < items.size(); ++t) {
    const double weight = look_tasks[t].weight;
    if (!(weight > 0)) continue;
    pairs += items[t];
    weights += weight;
    squares += items[t] > 0 ? weight * weight / static_cast<double>(items[t])
                            : std::numeric_limits<double>::infinity();
  }
  looks.pairs = std::min(pairs, looks.target);
  LookSchedule schedule =
      look_schedule(look_settings_of(plan), std::max<std::int64_t>(1, looks.target));
  std::int64_t taken = 0;
  for (const Look& look : schedule.looks) taken = look.pairs < looks.pairs ? look.pairs : taken;
  schedule = closed_at(schedule, looks.pairs, taken);
  for (const Look& look : schedule.looks) {
    if (look.non_inferior_level > 0) looks.level = look.non_inferior_level;
  }
  const double design_effect = static_cast<double>(pairs) * squares / (weights * weights);
  if (looks.pairs == 0 || !std::isfinite(design_effect)) return;
  looks.power = power_of_non_inferior(pairs, plan.compare.margin_pp / 100,
                                      {.discordance = plan.decide.discordance(),
                                       .alpha = looks.level,
                                       .design_effect = design_effect});
}

}  // namespace assay

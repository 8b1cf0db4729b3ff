#include "cli/forecast.h"

#include <algorithm>
#include <limits>

#include "run/budget.h"

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
                     const ExpectedSpeed& speed, int turns) {
  Forecast out;
  out.items.resize(tasks.size(), 0);
  const double most_tokens = turn_s(plan, speed, turns) * speed.tokens_per_s;
  const std::vector<ItemRef> order = order_of(plan, tasks);
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

}  // namespace assay

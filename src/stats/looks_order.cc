// Looks where pairs of several tasks come in one order.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "stats/looks.h"

namespace assay {
namespace {

// N * sum of w_t^2 / n_t over (sum of w_t)^2 for the first N pairs of the order, N from 1; 0 as
// long as one of the tasks with a weight has none.
std::vector<double> design_effects(std::span<const std::size_t> order,
                                   std::span<const LookTask> tasks) {
  double total = 0;
  int without = 0;  // tasks that have no pair yet
  for (const LookTask& task : tasks) {
    total += task.weight;
    without += task.weight > 0 ? 1 : 0;
  }
  std::vector<double> counts(tasks.size(), 0);
  std::vector<double> out;
  double squares = 0;
  for (const std::size_t task : order) {
    const double weight = tasks[task].weight;
    if (!(weight > 0)) continue;
    double& n = counts[task];
    if (n > 0) squares -= weight * weight / n;
    without -= n > 0 ? 0 : 1;
    n += 1;
    squares += weight * weight / n;
    const auto pairs = static_cast<double>(out.size() + 1);
    out.push_back(without > 0 ? 0 : pairs * squares / (total * total));
  }
  return out;
}

}  // namespace

std::int64_t target_in_order(const LookSettings& settings, const TargetAssumptions& assume,
                             std::span<const std::size_t> order, std::span<const LookTask> tasks) {
  const std::vector<double> effects = design_effects(order, tasks);
  const auto all = static_cast<std::int64_t>(effects.size());
  // Pairs that a design effect as that of the first n asks for; more than all where none are
  // enough.
  const auto needed = [&](std::int64_t n) {
    TargetAssumptions own = assume;
    own.design_effect = effects[static_cast<std::size_t>(n - 1)];
    return own.design_effect > 0 ? first_target(settings, own).value_or(all + 1) : all + 1;
  };
  const auto first = std::ranges::find_if(effects, [](double effect) { return effect > 0; });
  std::int64_t low = std::distance(effects.begin(), first);  // too few
  std::int64_t high = low + 1;
  while (high <= all) {  // upward, as far as the design effect there asks for
    const std::int64_t asked = needed(high);
    if (asked <= high) break;
    low = high;
    high = asked;
  }
  if (high > all && (all == 0 || needed(all) > all)) return all;
  high = std::min(high, all);
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (needed(middle) <= middle ? high : low) = middle;
  }
  return high;
}

std::optional<double> smallest_margin_pp(LookSettings settings, const TargetAssumptions& assume,
                                         std::span<const std::size_t> order,
                                         std::span<const LookTask> tasks) {
  const std::vector<double> effects = design_effects(order, tasks);
  if (effects.empty() || effects.back() <= 0) return std::nullopt;
  TargetAssumptions own = assume;
  own.design_effect = effects.back();
  const auto all = static_cast<std::int64_t>(effects.size());
  for (double margin_pp = settings.margin_pp; margin_pp < 100;
       margin_pp = std::round(margin_pp * 10 + 1) / 10) {
    settings.margin_pp = margin_pp;
    const auto needed = first_target(settings, own);
    if (needed && *needed <= all) return margin_pp;
  }
  return std::nullopt;
}

namespace {

double floor_of(const TaskOutcomes& baseline, double otherwise) {
  double sum = 0;
  double n = 0;
  for (const ItemOutcome& item : baseline) {
    if (item.scored == 0) continue;
    if (item.options < 1) return otherwise;
    sum += 1.0 / item.options;
    ++n;
  }
  return n > 0 ? sum / n : otherwise;
}

ItemOutcome outcome_of(const SideOutcomes& side, std::size_t task, std::size_t item) {
  return task < side.size() && item < side[task].size() ? side[task][item] : ItemOutcome();
}

}  // namespace

LookInput look_input(std::span<const LookTask> tasks, std::span<const std::size_t> order,
                     const SideOutcomes& baseline, const SideOutcomes& candidate) {
  LookInput out;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    PoolTask& task = out.tasks.emplace_back(tasks[t].name, tasks[t].weight);
    task.floor = floor_of(t < baseline.size() ? baseline[t] : TaskOutcomes(), tasks[t].chance);
    if (tasks[t].weight > 0) out.expected.push_back(tasks[t].name);
  }
  std::vector<std::size_t> next(tasks.size(), 0);
  for (const std::size_t t : order) {
    const std::size_t item = next[t]++;
    const ItemOutcome base = outcome_of(baseline, t, item);
    const ItemOutcome other = outcome_of(candidate, t, item);
    if (std::min(base.settled, other.settled) < tasks[t].repeats) break;
    ++out.items;
    if (!(tasks[t].weight > 0) || base.scored == 0 || other.scored == 0) continue;
    out.order.push_back(
        {t,
         {base.sum / base.scored, other.sum / other.scored, std::max(base.scored, other.scored)}});
  }
  return out;
}

std::optional<LookSchedule> next_round(const LookSchedule& schedule, std::int64_t taken,
                                       const BlindedSpread& spread, double power,
                                       std::int64_t most) {
  const bool half = schedule.generation == 0 && taken >= schedule.target / 2;
  const bool ended = next_look(schedule, taken) == nullptr;
  if (!half && !ended) return std::nullopt;
  const auto needed = next_target(
      schedule, taken,
      {.power = power, .discordance = spread.discordance, .design_effect = spread.design_effect});
  if (!needed || std::min(*needed, most) <= schedule.target) return std::nullopt;
  return extended(schedule, std::min(*needed, most), taken);
}

}  // namespace assay

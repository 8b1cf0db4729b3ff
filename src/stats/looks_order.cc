// Looks where pairs of several tasks come in one order.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>

#include "stats/item_pair.h"
#include "stats/look_walk.h"
#include "stats/looks.h"
#include "stats/normal.h"
#include "stats/power.h"
#include "values/item_pass.h"

namespace assay {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
constexpr double kLeastDiscordance = 1e-9;  // in place of 0, of which no variance is left

// What the first pairs of an order come to, for items whose every answer flips alike by chance.
struct Prefix {
  std::int64_t items = 0;
  double design_effect = 0;  // items * sum of w_t^2 / n_t over (sum of w_t)^2; 0: a task has none
  double discordance = 1;    // of the items' means, in parts of that of one answer
};

bool has_passes(std::span<const LookTask> tasks) {
  return std::ranges::any_of(tasks, [](const LookTask& task) { return task.distinct > 0; });
}

// Of the first N pairs, N from 1.
std::vector<Prefix> prefixes(std::span<const std::size_t> order, std::span<const LookTask> tasks) {
  double total = 0;
  int without = 0;  // tasks that have no pair yet
  for (const LookTask& task : tasks) {
    total += task.weight;
    without += task.weight > 0 ? 1 : 0;
  }
  const bool repeated = has_passes(tasks);
  std::vector<double> items(tasks.size(), 0);
  std::vector<double> answers(tasks.size(), 0);
  std::vector<Prefix> out;
  Prefix so_far;
  double by_items = 0;    // sum of w_t^2 / items
  double by_answers = 0;  // sum of w_t^2 / answers
  for (const std::size_t t : order) {
    const double weight = tasks[t].weight;
    if (!(weight > 0)) continue;
    const double square = weight * weight;
    if (answers[t] > 0) {
      by_items -= square / items[t];
      by_answers -= square / answers[t];
    } else {
      --without;
    }
    answers[t] += 1;
    if (tasks[t].distinct == 0 || items[t] < static_cast<double>(tasks[t].distinct)) {
      items[t] += 1;
      ++so_far.items;
    }
    by_items += square / items[t];
    by_answers += square / answers[t];
    if (without == 0) {
      so_far.design_effect = static_cast<double>(so_far.items) * by_items / (total * total);
    }
    if (repeated) so_far.discordance = std::min(1.0, by_answers / by_items);
    out.push_back(so_far);
  }
  return out;
}

// `assume` where these pairs are all there are.
TargetAssumptions at(const Prefix& prefix, TargetAssumptions assume) {
  assume.design_effect = prefix.design_effect;
  assume.discordance *= prefix.discordance;
  return assume;
}

}  // namespace

std::int64_t target_in_order(const LookSettings& settings, const TargetAssumptions& assume,
                             std::span<const std::size_t> order, std::span<const LookTask> tasks) {
  const std::vector<Prefix> first = prefixes(order, tasks);
  const auto all = static_cast<std::int64_t>(first.size());
  const bool repeated = has_passes(tasks);
  // Items that a design effect and a discordance as those of the first n pairs ask for; more than
  // all where none are enough.
  const auto needed = [&](std::int64_t n) {
    const Prefix& prefix = first[static_cast<std::size_t>(n - 1)];
    if (!(prefix.design_effect > 0)) return all + 1;
    return first_target(settings, at(prefix, assume)).value_or(all + 1);
  };
  const auto enough = [&](std::int64_t n) {
    return needed(n) <= first[static_cast<std::size_t>(n - 1)].items;
  };
  const auto begin =
      std::ranges::find_if(first, [](const Prefix& prefix) { return prefix.design_effect > 0; });
  std::int64_t low = std::distance(first.begin(), begin);  // too few
  std::int64_t high = low + 1;
  while (high <= all && !enough(high)) {  // upward, as far as is asked for there
    low = high;
    high = repeated ? (high == all ? all + 1 : std::min(2 * high, all)) : needed(high);
  }
  if (high > all && (all == 0 || !enough(all))) return all;
  high = std::min(high, all);
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

namespace {

// Of one look: the power of its NON-INFERIOR alone (0: not asked), and where the standardised
// estimate passes its bounds: NON-INFERIOR above, a WORSE that decides, with the estimate beyond
// the margin, below.
struct LookPower {
  double alone = 0;
  WalkLook bounds;
};

LookPower power_at(const Look& look, const Prefix& prefix, double margin,
                   const TargetAssumptions& own) {
  const double effective_items = static_cast<double>(prefix.items) / own.design_effect;
  const double deviation = std::sqrt(own.discordance / effective_items);
  LookPower out{0, {1 / (deviation * deviation), -kNever, kNever}};
  if (look.worse_level > 0) {
    out.bounds.low = std::min(normal_quantile(look.worse_level), -margin / deviation);
  }
  if (look.non_inferior_level > 0) {
    out.alone = power_of_non_inferior(prefix.items, margin,
                                      {.discordance = own.discordance,
                                       .alpha = look.non_inferior_level,
                                       .design_effect = own.design_effect});
    out.bounds.high = -normal_quantile(out.alone);
  }
  return out;
}

}  // namespace

LooksPower power_in_order(const LookSchedule& schedule, const TargetAssumptions& assume,
                          std::span<const std::size_t> order, std::span<const LookTask> tasks) {
  const std::vector<Prefix> first = prefixes(order, tasks);
  const auto whole =
      std::ranges::find_if(first, [](const Prefix& prefix) { return prefix.design_effect > 0; });
  LooksPower out;
  std::vector<WalkLook> looks;
  for (const Look& look : schedule.looks) {
    const auto place = std::max(whole - first.begin(), look.pairs - 1);
    if (place >= std::ssize(first)) break;
    const Prefix& prefix = first[static_cast<std::size_t>(place)];
    TargetAssumptions own = at(prefix, assume);
    own.discordance = std::max(own.discordance, kLeastDiscordance);
    LookPower power = power_at(look, prefix, schedule.settings.margin_pp / 100, own);
    if (look.non_inferior_level > 0) out.last = power.alone;
    if (!looks.empty()) {
      power.bounds.information = std::max(power.bounds.information, looks.back().information);
    }
    looks.push_back(power.bounds);
  }
  out.all = chance_to_end_high(looks);
  return out;
}

std::optional<double> smallest_margin_pp(LookSettings settings, const TargetAssumptions& assume,
                                         std::span<const std::size_t> order,
                                         std::span<const LookTask> tasks) {
  const std::vector<Prefix> first = prefixes(order, tasks);
  if (first.empty() || first.back().design_effect <= 0) return std::nullopt;
  const TargetAssumptions own = at(first.back(), assume);
  for (double margin_pp = settings.margin_pp; margin_pp < 100;
       margin_pp = std::round(margin_pp * 10 + 1) / 10) {
    settings.margin_pp = margin_pp;
    const auto needed = first_target(settings, own);
    if (needed && *needed <= first.back().items) return margin_pp;
  }
  return std::nullopt;
}

namespace {

double floor_of(const TaskOutcomes& baseline, double otherwise) {
  double sum = 0;
  double n = 0;
  for (const ItemOutcome& item : baseline) {
    const auto is_scored = [](const RepeatScore& one) { return one.score.has_value(); };
    if (std::ranges::none_of(item.settled, is_scored)) continue;
    if (item.options < 1) return otherwise;
    sum += 1.0 / item.options;
    ++n;
  }
  return n > 0 ? sum / n : otherwise;
}

// Those of an entry's answers that are settled.
std::span<const RepeatScore> settled_of(const SideOutcomes& side, const LookTask& task,
                                        std::size_t t, const ItemPass& place) {
  if (t >= side.size() || place.item >= side[t].size()) return {};
  const std::vector<RepeatScore>& all = side[t][place.item].settled;
  const int first = static_cast<int>(place.pass) * task.repeats;
  const auto from = [&](int repeat) {
    return std::ranges::lower_bound(all, repeat, {}, &RepeatScore::repeat);
  };
  return {from(first), from(first + task.repeats)};
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
    const std::size_t entry = next[t]++;
    const LookTask& task = tasks[t];
    const ItemPass place =
        task.distinct > 0 ? item_pass(entry, task.distinct) : ItemPass{.item = entry};
    const auto base = settled_of(baseline, task, t, place);
    const auto other = settled_of(candidate, task, t, place);
    if (std::cmp_less(std::min(base.size(), other.size()), task.repeats)) break;
    ++out.items;
    const auto pair = pair_of(base, other);
    if (pair && task.weight > 0) out.order.push_back({t, place.item, *pair});
  }
  return out;
}

namespace {

// How far an order with passes has to go; beyond it where that is not enough.
std::optional<std::int64_t> next_target_in_order(const LookSchedule& schedule, std::int64_t taken,
                                                 const TargetAssumptions& assume,
                                                 std::span<const std::size_t> order,
                                                 std::span<const LookTask> tasks) {
  const std::vector<Prefix> first = prefixes(order, tasks);
  const auto all = static_cast<std::int64_t>(first.size());
  if (taken < 1 || taken > all) return std::nullopt;
  const auto prefix = [&](std::int64_t pairs) -> const Prefix& {
    return first[static_cast<std::size_t>(pairs - 1)];
  };
  TargetAssumptions once = assume;  // of one answer
  once.discordance = std::min(1.0, assume.discordance / prefix(taken).discordance);
  const auto needed = [&](std::int64_t pairs) {
    return next_target(schedule, taken, at(prefix(pairs), once));
  };
  const auto most = needed(all);
  if (!most) return std::nullopt;
  if (*most > prefix(all).items) return all + 1;
  std::int64_t low = taken;
  std::int64_t high = all;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (needed(middle).value_or(all + 1) <= prefix(middle).items ? high : low) = middle;
  }
  return high;
}

}  // namespace

std::optional<LookSchedule> next_round(const LookSchedule& schedule, std::int64_t taken,
                                       const BlindedSpread& spread, double power, std::int64_t most,
                                       std::span<const std::size_t> order,
                                       std::span<const LookTask> tasks) {
  const bool half = schedule.generation == 0 && taken >= schedule.target / 2;
  const bool ended = next_look(schedule, taken) == nullptr;
  if (!half && !ended) return std::nullopt;
  const TargetAssumptions assume{
      .power = power, .discordance = spread.discordance, .design_effect = spread.design_effect};
  const auto needed = has_passes(tasks)
                          ? next_target_in_order(schedule, taken, assume, order, tasks)
                          : next_target(schedule, taken, assume);
  if (!needed || std::min(*needed, most) <= schedule.target) return std::nullopt;
  return extended(schedule, std::min(*needed, most), taken);
}

}  // namespace assay

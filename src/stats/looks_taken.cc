#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>

#include "stats/comparison_parts.h"
#include "stats/item_pair.h"
#include "stats/looks.h"
#include "stats/stratified.h"

namespace assay {

using namespace internal;

namespace {

// A close call is simulated with this many draws over its level at the least, so that the level is
// known to 16 % (one standard error).
constexpr double kDrawsTimesLevel = 40;
// But never with more: that many take a pool of seven tasks some 7 s. They are what the eighth look
// for WORSE needs at an alpha of 0.05; growth and answers given anew make levels far smaller. A
// simulated p counts its own data set as one, so fewer draws can only keep a claim from being made.
constexpr double kMostDraws = 204'800;

CompareOptions at_level(CompareOptions options, const LookSettings& settings, double level) {
  options.alpha = level;
  options.confidence = 1 - 2 * level;
  options.margin_pp = settings.margin_pp;
  options.family = 1;
  const auto draws = static_cast<int>(std::min(kMostDraws, std::ceil(kDrawsTimesLevel / level)));
  if (options.pool_resamples > 0) options.pool_resamples = std::max(options.pool_resamples, draws);
  options.bootstrap.resamples = std::max(options.bootstrap.resamples, draws);
  return options;
}

// What the report's family of comparisons finds by find_gains, of this candidate's tasks alone.
bool mark_gains(std::vector<PoolTask>& tasks, const CompareOptions& options) {
  std::vector<PairedComparison> rows;
  for (const PoolTask& task : tasks) rows.push_back(compare_pairs(task.pairs, options));
  std::vector<PairedComparison*> members;
  for (PairedComparison& row : rows) members.push_back(&row);
  find_gains(members, options);
  bool any = false;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    tasks[t].gain = tasks[t].gain || rows[t].p_gain_adjusted < kGainAlpha;
    any = any || tasks[t].gain;
  }
  return any;
}

PooledComparison pool_at(std::vector<PoolTask>& tasks, const CompareOptions& options) {
  PooledComparison pooled = pool(tasks, options);
  const bool claimed = pooled.overall.p_non_inferior < options.alpha;
  return claimed && mark_gains(tasks, options) ? pool(tasks, options) : pooled;
}

bool is_sound(const PairedComparison& c) {
  return c.verdict != Verdict::invalid && c.verdict != Verdict::not_available;
}

// The upper end and WORSE of a comparison at another level.
void take_worse_side(PairedComparison& c, const PairedComparison& other) {
  c.p_worse = other.p_worse;
  c.upper_bound_pp = other.upper_bound_pp;
  c.interval_high_pp = other.interval_high_pp;
  c.smallest_detectable_pp = other.smallest_detectable_pp;
  if (is_sound(c) && !is_sound(other)) {
    c.verdict = other.verdict;
    c.reason = other.reason;
  }
}

Verdict verdict_of(bool worse, bool non_inferior) {
  if (worse && non_inferior) return Verdict::worse_within_margin;
  if (worse) return Verdict::worse;
  return non_inferior ? Verdict::non_inferior : Verdict::inconclusive;
}

std::string why_not_taken(const Look& look, const CountedPairs& counted,
                          std::span<const std::string> expected) {
  if (counted.pairs != look.pairs) {
    return fmt::format("{} pairs of {}", counted.pairs, look.pairs);
  }
  const std::vector<PoolTask>& tasks = counted.tasks;
  std::string without;
  for (const std::string& name : expected) {
    const bool has_pairs = std::any_of(tasks.begin(), tasks.end(), [&](const PoolTask& task) {
      return task.name == name && !task.pairs.empty();
    });
    if (!has_pairs) without += (without.empty() ? "no pairs yet of " : ", ") + name;
  }
  return without;
}

}  // namespace

BlindedSpread blinded_spread(std::span<const PoolTask> tasks) {
  BlindedSpread spread;
  double largest = 0;
  for (const PoolTask& task : tasks) {
    if (!task.pairs.empty()) largest = std::max(largest, task.weight);
  }
  double total = 0;
  double weights = 0;
  double squares = 0;
  for (const PoolTask& task : tasks) {
    if (task.pairs.empty() || !(task.weight > 0)) continue;
    const double weight = task.weight / largest;
    const auto n = static_cast<double>(task.pairs.size());
    double square = 0;
    for (const PairedScore& pair : task.pairs) {
      square += (pair.candidate - pair.baseline) * (pair.candidate - pair.baseline);
    }
    spread.pairs += static_cast<std::int64_t>(task.pairs.size());
    total += weight;
    weights += weight * weight / n;
    squares += weight * weight / n * (square / n);
  }
  if (spread.pairs == 0) return spread;
  spread.discordance = squares / weights;
  spread.design_effect = static_cast<double>(spread.pairs) * weights / (total * total);
  return spread;
}

CountedPairs first_pairs(std::span<const PoolTask> tasks, std::span<const OrderedPair> order,
                         std::int64_t pairs) {
  CountedPairs out{.tasks = {tasks.begin(), tasks.end()}};
  for (PoolTask& task : out.tasks) {
    task.pairs.clear();
    task.baseline_at_least.reset();  // it was of all pairs
    task.gain = false;
  }
  const auto most =
      std::min(order.size(), static_cast<std::size_t>(std::max<std::int64_t>(0, pairs)));
  std::vector<std::unordered_map<std::size_t, std::size_t>> place_of(tasks.size());  // of an item
  for (const OrderedPair& next : order.first(most)) {
    std::vector<PairedScore>& of_task = out.tasks[next.task].pairs;
    const auto [place, is_new] = place_of[next.task].emplace(next.item, of_task.size());
    if (is_new) {
      of_task.push_back(next.pair);
    } else {
      of_task[place->second] = together(of_task[place->second], next.pair);
    }
  }
  out.pairs = static_cast<std::int64_t>(most);
  return out;
}

double adjusted_for_looks(double p, double level, double alpha) {
  return level > 0 ? std::min(1.0, p * (alpha / level)) : 1;
}

LookOutcome evaluate(const LookSchedule& schedule, const Look& look, CountedPairs counted,
                     std::span<const std::string> expected, CompareOptions options) {
  LookOutcome outcome{look, {}, false, false, false, why_not_taken(look, counted, expected)};
  if (!outcome.not_taken.empty()) return outcome;
  std::vector<PoolTask>& tasks = counted.tasks;
  const bool asks_worse = look.worse_level > 0;
  const bool asks_non_inferior = look.non_inferior_level > 0;
  const double low = asks_non_inferior ? look.non_inferior_level : look.worse_level;
  const double high = asks_worse ? look.worse_level : look.non_inferior_level;
  outcome.comparison = pool_at(tasks, at_level(options, schedule.settings, low));
  PairedComparison& c = outcome.comparison.overall;
  if (low != high) {
    take_worse_side(c, pool(tasks, at_level(options, schedule.settings, high)).overall);
  }
  c.interval_confidence = 1 - low - high;
  if (!is_sound(c)) return outcome;
  const double alpha = schedule.settings.alpha;
  c.p_worse_adjusted = adjusted_for_looks(c.p_worse, look.worse_level, alpha);
  c.p_non_inferior_adjusted = adjusted_for_looks(c.p_non_inferior, look.non_inferior_level, alpha);
  outcome.worse = asks_worse && c.p_worse < look.worse_level;
  outcome.non_inferior = asks_non_inferior && c.p_non_inferior < look.non_inferior_level;
  c.verdict = verdict_of(outcome.worse, outcome.non_inferior);
  say_obstacle(c);
  const bool beyond = c.diff_pp < -schedule.settings.margin_pp;
  outcome.decided = outcome.non_inferior || (outcome.worse && beyond);
  return outcome;
}

std::string_view looks_end_name(LooksEnd end) {
  switch (end) {
    case LooksEnd::not_ended:
      return "not_ended";
    case LooksEnd::non_inferior:
      return "non_inferior";
    case LooksEnd::worse:
      return "worse";
    case LooksEnd::target:
      return "target";
  }
  return "not_ended";
}

const LookOutcome* LooksResult::last() const {
  for (auto look = looks.rbegin(); look != looks.rend(); ++look) {
    if (look->not_taken.empty()) return &*look;
  }
  return nullptr;
}

LooksResult take_looks(const LookSchedule& schedule, std::span<const PoolTask> tasks,
                       std::span<const OrderedPair> order, std::span<const std::string> expected,
                       const CompareOptions& options) {
  LooksResult result;
  bool worse = false;
  bool non_inferior = false;
  for (const Look& look : schedule.looks) {
    if (look.pairs > static_cast<std::int64_t>(order.size())) break;
    result.looks.push_back(
        evaluate(schedule, look, first_pairs(tasks, order, look.pairs), expected, options));
    const LookOutcome& outcome = result.looks.back();
    worse = worse || outcome.worse;
    non_inferior = non_inferior || outcome.non_inferior;
    if (outcome.decided) {
      result.end = outcome.non_inferior ? LooksEnd::non_inferior : LooksEnd::worse;
      break;
    }
    if (look.pairs == schedule.target) result.end = LooksEnd::target;
  }
  const LookOutcome* last = result.last();
  if (last == nullptr) return result;
  const PairedComparison& c = last->comparison.overall;
  result.verdict = is_sound(c) ? verdict_of(worse, non_inferior) : c.verdict;
  return result;
}

}  // namespace assay

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "stats/comparison.h"
#include "stats/comparison_parts.h"
#include "stats/stratified.h"

namespace assay {

using namespace internal;

namespace {

// A task whose baseline scores nothing cannot show a loss.
bool scores_nothing(const PoolTask& task) {
  return std::all_of(task.pairs.begin(), task.pairs.end(),
                     [](const PairedScore& pair) { return pair.baseline == 0; });
}

// The pool without those tasks; none when all of it would stay, or nothing.
std::optional<PairedComparison> without_floors(const std::vector<PoolTask>& tasks,
                                               const std::vector<std::string>& floors,
                                               std::size_t pooled, const CompareOptions& options) {
  if (floors.empty() || floors.size() == pooled) return std::nullopt;
  std::vector<PoolTask> rest;
  std::copy_if(tasks.begin(), tasks.end(), std::back_inserter(rest),
               [](const PoolTask& task) { return !scores_nothing(task); });
  return pool(rest, options).overall;
}

// Items needed are those of the comparison that holds less.
void explain_floors(PairedComparison& c, const PairedComparison& rest,
                    const std::vector<std::string>& floors) {
  if (c.verdict != Verdict::inconclusive) return;
  c.reason = "must hold without " + join(floors, ", ") + ", where the baseline scores nothing";
  if (rest.p_non_inferior < c.p_non_inferior) return;
  c.items_needed = rest.items_needed;
  c.items_needed_at_observed = rest.items_needed_at_observed;
}

// Close calls are settled by the statistic's own distribution; far from alpha it changes nothing.
void set_pooled_p(PairedComparison& c, const std::vector<Stratum>& strata,
                  const CompareOptions& options) {
  const double margin = options.margin_pp / kPercent;
  c.p_non_inferior = stratified_p_above(strata, -margin);
  c.p_worse = stratified_p_below(strata, 0);
  if (options.pool_resamples < 1 || c.n > kMostSimulatedItems) return;
  const NullSimulation simulation{options.pool_resamples, options.bootstrap.seed};
  const auto close = [&](double p) { return p < options.alpha && p >= options.alpha / 10; };
  if (close(c.p_non_inferior)) {
    c.p_non_inferior =
        larger(c.p_non_inferior, stratified_simulated_p_above(strata, -margin, simulation));
  }
  if (close(c.p_worse)) {
    c.p_worse = larger(c.p_worse, stratified_simulated_p_below(strata, 0, simulation));
  }
}

void add_counts(PairedCounts& sum, const PairedCounts& more) {
  sum.both_right += more.both_right;
  sum.flips_to_wrong += more.flips_to_wrong;
  sum.flips_to_right += more.flips_to_right;
  sum.both_wrong += more.both_wrong;
}

void set_invalid(PairedComparison& c, const std::vector<std::string>& flags) {
  if (flags.empty()) return;
  c.verdict = Verdict::invalid;
  c.reason.clear();
  for (const std::string& flag : flags) c.reason += (c.reason.empty() ? "" : ", ") + flag;
}

void add_weighted_means(PairedComparison& c, const PoolTask& task, double weight) {
  PairedComparison part;
  set_means(part, task.pairs);
  c.baseline_mean += weight * part.baseline_mean;
  c.candidate_mean += weight * part.candidate_mean;
}

// What weights are divided by before they are added, as their sum may not fit a double.
double largest_weight(const std::vector<PoolTask>& tasks) {
  double largest = 0;
  for (const PoolTask& task : tasks) largest = std::max(largest, task.weight);
  return largest;
}

// Returns the design effect: the variance of the pooled estimate against that of a plain mean of as
// many items.
double set_discordance(PairedComparison& c, const std::vector<PooledShare>& shares,
                       const std::vector<Stratum>& strata) {
  double weights = 0;
  double squares = 0;
  for (std::size_t i = 0; i < strata.size(); ++i) {
    const double w2_n = shares[i].weight * shares[i].weight / strata[i].n();
    weights += w2_n;
    squares += w2_n * strata[i].mean_square();
  }
  c.discordance = squares / weights;
  return static_cast<double>(c.n) * weights;
}

}  // namespace

PooledComparison pool(const std::vector<PoolTask>& tasks, const CompareOptions& options) {
  PooledComparison pooled;
  std::vector<Stratum> strata;
  PairedCounts counts;
  std::vector<std::string> invalid;
  std::vector<std::string> floors;
  const double largest = largest_weight(tasks);
  for (const PoolTask& task : tasks) {
    if (!task.invalid.empty() && task.weight > 0) {
      invalid.push_back(task.invalid + ": " + task.name);
      pooled.left_out.push_back(task.name);
      continue;
    }
    if (!all_valid(task.pairs)) {
      return {not_available(task.name + ": a score outside 0 to 1"), {}, {}};
    }
    if (task.pairs.empty() || !(task.weight > 0)) {
      pooled.left_out.push_back(task.name);
      continue;
    }
    const double weight = task.weight / largest;
    const Stratum stratum = make_stratum(weight, differences(task.pairs));
    pooled.tasks.push_back({task.name, weight, static_cast<std::int64_t>(task.pairs.size()),
                            kPercent * stratum.mean()});
    strata.push_back(stratum);
    if (scores_nothing(task)) floors.push_back(task.name);
    add_counts(counts, outcome_counts(task.pairs));
    add_weighted_means(pooled.overall, task, weight);
  }
  PairedComparison& c = pooled.overall;
  if (strata.empty()) {
    c = not_available("no item scored on both sides");
    set_invalid(c, invalid);
    return pooled;
  }
  double total_weight = 0;
  for (const PooledShare& share : pooled.tasks) total_weight += share.weight;
  for (PooledShare& share : pooled.tasks) share.weight /= total_weight;
  c.baseline_mean /= total_weight;
  c.candidate_mean /= total_weight;
  c.n = counts.n();
  set_counts(c, counts);
  c.method = Method::stratified_score;
  c.mean_diff_pp = kPercent * stratified_difference(strata);
  c.diff_pp = c.mean_diff_pp;
  set_interval(c, stratified_interval(strata, options.confidence),
               {stratified_lower(strata, options.alpha), stratified_upper(strata, options.alpha)});
  set_pooled_p(c, strata, options);
  const auto rest = without_floors(tasks, floors, strata.size(), options);
  if (rest) {
    c.p_non_inferior = larger(c.p_non_inferior, rest->p_non_inferior);
    c.lower_bound_pp = smaller(c.lower_bound_pp, rest->lower_bound_pp);
  }
  finish(c, set_discordance(c, pooled.tasks, strata), options);
  if (rest) explain_floors(c, *rest, floors);
  set_invalid(c, invalid);
  return pooled;
}

}  // namespace assay

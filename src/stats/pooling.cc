#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "stats/comparison.h"
#include "stats/comparison_parts.h"
#include "stats/sensitivity.h"
#include "stats/stratified.h"

namespace assay {

using namespace internal;

namespace {

// A task that counts in the pool.
struct Member {
  const PoolTask* task;
  Stratum stratum;
  bool sensitive;  // a loss of the margin could show
};

double baseline_at_least(const PoolTask& task, const CompareOptions& options) {
  if (task.baseline_at_least) return *task.baseline_at_least;
  std::vector<double> baseline;
  baseline.reserve(task.pairs.size());
  for (const PairedScore& pair : task.pairs) baseline.push_back(pair.baseline);
  return score_at_least(baseline, options.bootstrap);
}

bool is_sensitive(const PoolTask& task, const CompareOptions& options) {
  return has_sensitivity(baseline_at_least(task, options), task.floor,
                         options.margin_pp / kPercent);
}

// Whether a simulated p takes seconds at the most: its time grows with the differences that are not
// alike, of which right/wrong items have three a task.
bool is_quickly_simulated(const std::vector<Stratum>& strata) {
  std::size_t values = 0;
  for (const Stratum& stratum : strata) values += stratum.values.size();
  return values <= kMostSimulatedValues;
}

// Close calls are settled by the statistic's own distribution; far from alpha it changes nothing.
void set_pooled_p(PairedComparison& c, const std::vector<Stratum>& strata,
                  const CompareOptions& options) {
  const double margin = options.margin_pp / kPercent;
  c.p_non_inferior = stratified_p_above(strata, -margin);
  c.p_worse = stratified_p_below(strata, 0);
  if (options.pool_resamples < 1 || !is_quickly_simulated(strata)) return;
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

// The pool's figures, from its members alone.
PairedComparison compare_members(const std::vector<Member>& members,
                                 std::vector<PooledShare>& shares, const CompareOptions& options) {
  PairedComparison c;
  PairedCounts counts;
  std::vector<Stratum> strata;
  double total_weight = 0;
  for (const Member& member : members) total_weight += member.stratum.weight;
  for (const Member& member : members) {
    const double weight = member.stratum.weight / total_weight;
    shares.push_back({member.task->name, weight,
                      static_cast<std::int64_t>(member.task->pairs.size()),
                      kPercent * member.stratum.mean()});
    strata.push_back(member.stratum);
    add_counts(counts, outcome_counts(member.task->pairs));
    add_weighted_means(c, *member.task, weight);
  }
  if (members.size() == 1) {
    CompareOptions of_task = options;
    of_task.floor = members.front().task->floor;
    return compare_pairs(members.front().task->pairs, of_task);
  }
  c.n = counts.n();
  set_counts(c, counts);
  c.method = Method::stratified_score;
  c.mean_diff_pp = kPercent * stratified_difference(strata);
  c.diff_pp = c.mean_diff_pp;
  set_interval(c, stratified_interval(strata, options.confidence),
               {stratified_lower(strata, options.alpha), stratified_upper(strata, options.alpha)},
               options.confidence);
  set_pooled_p(c, strata, options);
  finish(c, set_discordance(c, shares, strata), options);
  return c;
}

// NON-INFERIOR must hold over the sensitive members alone, too: p, bound and items needed are those
// of the comparison that holds less.
void hold_over_sensitive(PooledComparison& pooled, const std::vector<Member>& sensitive,
                         const CompareOptions& options) {
  std::vector<PooledShare> shares;
  const PairedComparison rest = compare_members(sensitive, shares, options);
  PairedComparison& c = pooled.overall;
  if (rest.p_non_inferior < c.p_non_inferior) return;
  c.p_non_inferior = larger(c.p_non_inferior, rest.p_non_inferior);
  c.lower_bound_pp = smaller(c.lower_bound_pp, rest.lower_bound_pp);
  c.items_needed = rest.items_needed;
  c.items_needed_at_observed = rest.items_needed_at_observed;
  if (c.p_non_inferior < options.alpha || c.obstacle != Obstacle::none) return;
  c.obstacle = Obstacle::insensitive_tasks;
  c.obstacle_text = "must hold without " + join(pooled.insensitive, ", ") + " (" +
                    std::string(kNoSensitivity) + ")";
}

// `declared`: the weight of all tasks of the pool, in the members' scale.
void ask_for_sensitivity(PooledComparison& pooled, const std::vector<Member>& members,
                         double declared, const CompareOptions& options) {
  std::vector<Member> sensitive;
  double weight = 0;
  for (const Member& member : members) {
    if (!member.sensitive) {
      pooled.insensitive.push_back(member.task->name);
      continue;
    }
    sensitive.push_back(member);
    weight += member.stratum.weight;
  }
  PairedComparison& c = pooled.overall;
  if (sensitive.empty()) {
    bar(c, Obstacle::no_sensitivity, std::string(kNoSensitivity));
    c.items_needed.reset();
    c.smallest_detectable_pp.reset();
  } else if (weight < kSensitiveShare * declared) {
    bar(c, Obstacle::no_sensitivity,
        std::string(kNoSensitivity) + " in tasks of half the declared weight");
  } else if (sensitive.size() < members.size()) {
    hold_over_sensitive(pooled, sensitive, options);
  }
}

bool any_gain(const std::vector<Member>& members) {
  return std::any_of(members.begin(), members.end(),
                     [](const Member& member) { return member.task->gain; });
}

}  // namespace

PooledComparison pool(const std::vector<PoolTask>& tasks, const CompareOptions& options) {
  PooledComparison pooled;
  std::vector<Member> members;
  std::vector<std::string> invalid;
  double declared = 0;
  const double largest = largest_weight(tasks);
  for (const PoolTask& task : tasks) {
    if (task.weight > 0) declared += task.weight / largest;
    if (!task.invalid.empty() && task.weight > 0) {
      invalid.push_back(task.invalid + ": " + task.name);
      pooled.left_out.push_back(task.name);
      continue;
    }
    if (!all_valid(task.pairs)) {
      return {not_available(task.name + ": a score outside 0 to 1"), {}, {}, {}};
    }
    if (task.pairs.empty() || !(task.weight > 0)) {
      pooled.left_out.push_back(task.name);
      continue;
    }
    members.push_back({&task, make_stratum(task.weight / largest, differences(task.pairs)),
                       is_sensitive(task, options)});
  }
  PairedComparison& c = pooled.overall;
  if (members.empty()) {
    c = not_available("no item scored on both sides");
  } else {
    c = compare_members(members, pooled.tasks, options);
    ask_for_sensitivity(pooled, members, declared, options);
    if (any_gain(members)) {
      bar(c, Obstacle::gain, std::string(kGainBeyondBelief));
      c.items_needed.reset();
    }
    settle(c, options);
  }
  set_invalid(c, invalid);
  return pooled;
}

}  // namespace assay

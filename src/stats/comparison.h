// A baseline and a candidate on the same items: everything a report prints about them.
// Numbers ending in _pp are percentage points, candidate minus baseline; p-values are
// probabilities.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "stats/bootstrap.h"
#include "stats/paired.h"
#include "stats/proportion.h"
#include "stats/verdict.h"

namespace assay {

// One item scored on both sides. Repeats are averaged before they come here: an item is one pair
// however often it was run.
struct PairedScore {
  double baseline = 0;   // in [0, 1]
  double candidate = 0;  // in [0, 1]
  int repeats = 1;       // scores averaged on each side; of other tools' results the larger number
};

struct CompareOptions {
  double margin_pp = 3;      // > 0
  double floor = 0;          // the score of guessing, in [0, 1): of a pool each task has its own
  double alpha = 0.05;       // one-sided
  double confidence = 0.95;  // of the two-sided interval shown
  double power = 0.8;        // of smallest_detectable_pp and items_needed
  int family = 1;            // tests that share alpha: those two figures are at alpha / family
  // Up to this many pairs a right/wrong comparison's p-values are also computed exactly, and the
  // larger of exact and asymptotic counts (stats/exact.h says why). 0: asymptotic always.
  std::int64_t exact_max_n = 200'000;
  BootstrapOptions bootstrap = {};
  // Data sets drawn to confirm a pooled claim (stats/stratified.h); the seed is the bootstrap's.
  // 0: asymptotic always.
  int pool_resamples = 4000;
};

enum class Method {
  none,              // nothing to compare
  tango,             // right/wrong items: Tango's score interval
  tango_majority,    // the same on each item's majority outcome (score above 1/2)
  bootstrap,         // graded or repeated items: BCa over items
  stratified_score,  // pooled over tasks; graded items the bootstrap is of no use for
  newcombe,          // two independent samples: not paired
};
// "tango", "tango_majority", "bootstrap", "stratified_score", "newcombe_unpaired", "none".
[[nodiscard]] std::string_view method_name(Method method);

// How the reason of an INVALID comparison begins whose p, bound or interval is no number.
constexpr std::string_view kNotANumber = "not a number";

// The level of a gain beyond belief: H0: the true gain is the margin or less.
constexpr double kGainAlpha = 0.01;
// What part of the declared weight must lie on tasks that could show a loss.
constexpr double kSensitiveShare = 0.5;

// How the reason of an INCONCLUSIVE comparison begins that has this obstacle.
constexpr std::string_view kNoSensitivity = "no sensitivity";
constexpr std::string_view kGainBeyondBelief = "gain beyond belief";

// What keeps a comparison from being NON-INFERIOR whatever its bounds say. WORSE stays possible.
enum class Obstacle {
  none,
  no_sensitivity,     // the baseline scores so little that a loss of the margin could not show
  insensitive_tasks,  // of a pool: it must hold without the tasks that have no sensitivity, too
  gain,               // gain beyond belief: broken on one side, more likely than better
};

// "none", "no_sensitivity", "insensitive_tasks", "gain".
[[nodiscard]] std::string_view obstacle_name(Obstacle obstacle);

struct PairedComparison {
  std::int64_t n = 0;  // pairs; for an unpaired comparison the smaller of the two samples
  Method method = Method::none;
  double baseline_mean = 0;  // mean score, in [0, 1]
  double candidate_mean = 0;
  // What the interval is about: the difference of the mean scores, but with tango_majority the
  // difference of the majority outcomes; mean_diff_pp is that of the mean scores always.
  double diff_pp = 0;
  double mean_diff_pp = 0;
  double interval_low_pp = -100;  // two-sided, at interval_confidence
  double interval_high_pp = 100;
  double interval_confidence = 0.95;  // CompareOptions::confidence
  double lower_bound_pp = -100;       // one-sided 1 - alpha bounds, before any Holm adjustment
  double upper_bound_pp = 100;        // below 0 exactly when p_worse < alpha
  // Of the items' outcomes (a graded item counts as right above 1/2).
  std::int64_t flips_to_wrong = 0;
  std::int64_t flips_to_right = 0;
  std::int64_t both_right = 0;
  std::int64_t both_wrong = 0;
  std::optional<double> mcnemar_p;  // exact, two-sided; none when unpaired
  std::optional<double> mcnemar_mid_p;
  double p_worse = 1;         // one-sided, H0: the candidate is at least as good
  double p_non_inferior = 1;  // one-sided, H0: it is worse by the margin or more
  double p_gain = 1;          // one-sided, H0: it is better by the margin at most
  // Lower one-sided 95 % bound of the baseline's score, and the score of guessing. Not of pools.
  double baseline_at_least = 0;
  double floor = 0;
  Obstacle obstacle = Obstacle::none;
  std::string obstacle_text;
  // p_non_inferior before the obstacle made it 1; that of insensitive_tasks makes it no 1.
  double p_non_inferior_without_obstacle = 1;
  // After adjust_family; until then the same as the two above. The verdict goes by these.
  double p_worse_adjusted = 1;
  double p_non_inferior_adjusted = 1;
  double p_gain_adjusted = 1;  // after find_gains
  // Mean squared difference of an item: for right/wrong items the share that flips either way.
  double discordance = 0;
  std::optional<double> smallest_detectable_pp;  // a drop, as a positive number
  // Items (in all, not in addition) that settle the question with CompareOptions::power at the
  // observed discordance: taking the models as truly alike, or, where n is that many already,
  // taking the observed difference as the true one (items_needed_at_observed). None: no number
  // of items is likely to.
  std::optional<std::int64_t> items_needed;
  bool items_needed_at_observed = false;
  Verdict verdict = Verdict::not_available;
  // INVALID: the flag, or the figures that are no numbers; N/A: why; INCONCLUSIVE: the obstacle in
  // words, mostly empty.
  std::string reason;
};

// Of a task whose baseline scores so little that no loss of the margin could show: "scores 0.7 %,
// 0.1 % at least; from 3.0 % on a loss of 3 points could show". Empty: of any other, and of pools.
[[nodiscard]] std::string low_baseline_text(const PairedComparison& c, double margin_pp);

// Method: tango when every item is right or wrong once. When an item carries several scores or a
// fraction: bootstrap, whose claims must also hold by the score test of stats/stratified.h, and
// whose bounds and interval are the outer ones of the two, as resampling alone never imagines a
// flip it has not seen. Instead of it tango_majority with fewer than 20 items or when no item
// differs (the scores must bear the claim out too), and stratified_score alone with more than
// 20,000 items or when every item differs by the same amount. N/A without pairs, or with a score
// that is not in [0, 1]. INVALID, here and below, when a p, a bound or the interval is no number.
// Never NON-INFERIOR, here and below, without sensitivity: when the lower one-sided 95 % bound of
// the baseline's score (Wilson's; of graded items the bootstrap's) is floor + margin or less, the
// test could not have shown the loss it is to rule out (stats/sensitivity.h).
[[nodiscard]] PairedComparison compare_pairs(const std::vector<PairedScore>& pairs,
                                             const CompareOptions& options);

// From the table alone: what compare_pairs does with right/wrong items.
[[nodiscard]] PairedComparison compare_counts(const PairedCounts& counts,
                                              const CompareOptions& options);

// Two runs whose samples cannot be paired: Newcombe's interval. flips and McNemar stay empty.
[[nodiscard]] PairedComparison compare_unpaired(const Proportion& baseline,
                                                const Proportion& candidate,
                                                const CompareOptions& options);

// Sets verdict INVALID with the flag that forces it. N/A stays N/A.
void mark_invalid(PairedComparison& comparison, std::string flag);

// Whose gain is beyond belief: H0 "the true gain is the margin or less" rejected at kGainAlpha,
// Holm over all of them (tasks x variants). Sets p_gain_adjusted and, where so, the obstacle. N/A
// and INVALID ones do not count.
void find_gains(std::span<PairedComparison* const> comparisons, const CompareOptions& options);

// Holm over the family (tasks x variants), for each of the two claims on its own; sets the adjusted
// p-values and the verdicts anew. N/A members do not count; INVALID ones keep their place, with
// p 1. The only task of a pool is not in the family: it repeats the primary question, and its row
// is the pool's `overall`.
void adjust_family(std::span<PairedComparison* const> family, const CompareOptions& options);

// Two independent samples of one task.
struct UnpairedScores {
  Proportion baseline;
  Proportion candidate;
};

struct PoolTask {
  std::string name;
  double weight = 1;  // relative; >= 0
  std::vector<PairedScore> pairs;
  std::string invalid;  // a flag that makes this task INVALID: its pairs do not count
  double floor = 0;     // the score of guessing
  bool gain = false;    // find_gains has found one: the pool cannot be NON-INFERIOR either
  // Lower bound of the baseline's score, where its own comparison has found it already.
  std::optional<double> baseline_at_least = std::nullopt;
  // For compare_family (stats/family.h): no pairs, so not pooled; and a margin of its own.
  std::optional<UnpairedScores> unpaired = std::nullopt;
  std::optional<double> margin_pp = std::nullopt;
};

struct PooledShare {
  std::string name;
  double weight = 0;  // of the pool, summing to 1 over the tasks in it
  std::int64_t n = 0;
  double diff_pp = 0;  // of the mean scores
};

struct PooledComparison {
  // n, flips and McNemar are sums over the tasks; means and differences are weighted.
  PairedComparison overall;
  std::vector<PooledShare> tasks;
  std::vector<std::string> left_out;     // no pairs, weight 0, or INVALID
  std::vector<std::string> insensitive;  // of `tasks`: those without sensitivity
};

// The primary comparison: the weighted mean of the tasks' differences, by the stratified score
// method of stats/stratified.h. A claim whose asymptotic p is between alpha / 10 and alpha must
// also hold by the simulated p. A pool of one task is compare_pairs of that task. NON-INFERIOR must
// hold, too, over the tasks with sensitivity alone, weights rescaled (the others cannot show a loss
// and would only dilute one), and these must carry kSensitiveShare of the weight of all tasks
// given, those without pairs included. Items are the units; repeats were averaged before. With an
// INVALID
// task of any weight the figures are those of the sound tasks and the verdict is INVALID: what was
// declared before the run was the pool of all of them.
[[nodiscard]] PooledComparison pool(const std::vector<PoolTask>& tasks,
                                    const CompareOptions& options);

}  // namespace assay

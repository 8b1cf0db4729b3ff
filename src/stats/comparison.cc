#include "stats/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stats/comparison_parts.h"
#include "stats/exact.h"
#include "stats/holm.h"
#include "stats/paired.h"
#include "stats/sensitivity.h"
#include "stats/stratified.h"

namespace assay {

using namespace internal;

namespace {

constexpr std::size_t kFewestClusters = 20;

bool is_binary(const PairedScore& pair) {
  const auto whole = [](double score) { return score == 0 || score == 1; };
  return pair.repeats <= 1 && whole(pair.baseline) && whole(pair.candidate);
}

// p-values, interval and bounds of a right/wrong table.
void set_tango(PairedComparison& c, const PairedCounts& counts, const CompareOptions& options) {
  const double margin = options.margin_pp / kPercent;
  c.diff_pp = kPercent * counts.difference();
  c.discordance = static_cast<double>(counts.discordant()) / static_cast<double>(counts.n());
  set_interval(c, tango_interval(counts, options.confidence),
               {tango_lower(counts, options.alpha), tango_upper(counts, options.alpha)},
               options.confidence);
  c.p_non_inferior = tango_p_above(counts, -margin);
  c.p_worse = tango_p_below(counts, 0);
  c.p_gain = tango_p_above(counts, margin);
  if (counts.n() > options.exact_max_n) return;
  // Only a claim the asymptotic p would make needs the exact one's consent; Holm only enlarges
  // them.
  if (c.p_non_inferior < options.alpha) {
    c.p_non_inferior = larger(c.p_non_inferior, exact_p_above(counts, -margin));
  }
  if (c.p_worse < options.alpha) c.p_worse = larger(c.p_worse, exact_p_below(counts, 0));
  if (c.p_gain < kGainAlpha) c.p_gain = larger(c.p_gain, exact_p_above(counts, margin));
}

// Widens what the score test set to what the bootstrap allows too. False without variance.
bool widen_by_bootstrap(PairedComparison& c, const std::vector<double>& values,
                        const CompareOptions& options) {
  std::vector<Cluster> clusters;
  clusters.reserve(values.size());
  for (const double value : values) clusters.push_back({value, 1});
  const auto d = bootstrap_mean(clusters, options.bootstrap);
  if (!d) return false;
  const Interval boot = bca_interval(*d, options.confidence);
  c.interval_low_pp = smaller(c.interval_low_pp, kPercent * boot.low);
  c.interval_high_pp = larger(c.interval_high_pp, kPercent * boot.high);
  c.lower_bound_pp = smaller(c.lower_bound_pp, kPercent * bca_lower(*d, options.alpha));
  c.upper_bound_pp = larger(c.upper_bound_pp, kPercent * bca_upper(*d, options.alpha));
  c.p_non_inferior = larger(c.p_non_inferior, bca_p_above(*d, -options.margin_pp / kPercent));
  c.p_worse = larger(c.p_worse, bca_p_below(*d, 0));
  c.p_gain = larger(c.p_gain, bca_p_above(*d, options.margin_pp / kPercent));
  return true;
}

// The claims by the score test on the graded differences.
void confirm_by_score(PairedComparison& c, const std::vector<Stratum>& stratum,
                      const CompareOptions& options) {
  const double margin = options.margin_pp / kPercent;
  c.p_non_inferior = larger(c.p_non_inferior, stratified_p_above(stratum, -margin));
  c.p_worse = larger(c.p_worse, stratified_p_below(stratum, 0));
  c.p_gain = larger(c.p_gain, stratified_p_above(stratum, margin));
}

void set_graded(PairedComparison& c, const std::vector<PairedScore>& pairs,
                const PairedCounts& outcomes, const CompareOptions& options) {
  const std::vector<double> values = differences(pairs);
  const std::vector<Stratum> stratum{make_stratum(1, values)};
  const bool all_alike = stratum.front().values.size() == 1 && values.front() == 0;
  if (pairs.size() < kFewestClusters || all_alike) {
    // Outcomes alone would not see every item drop from 0.9 to 0.6: the scores must agree.
    c.method = Method::tango_majority;
    set_tango(c, outcomes, options);
    confirm_by_score(c, stratum, options);
    return;
  }
  c.method = Method::stratified_score;
  c.diff_pp = c.mean_diff_pp;
  c.discordance = stratum.front().mean_square();
  c.p_non_inferior = 0;
  c.p_worse = 0;
  c.p_gain = 0;
  confirm_by_score(c, stratum, options);
  set_interval(c, stratified_interval(stratum, options.confidence),
               {stratified_lower(stratum, options.alpha), stratified_upper(stratum, options.alpha)},
               options.confidence);
  // The same drop on every item leaves the bootstrap nothing to resample.
  if (c.n <= kMostResampledItems && widen_by_bootstrap(c, values, options)) {
    c.method = Method::bootstrap;
  }
}

}  // namespace

std::string_view method_name(Method method) {
  switch (method) {
    case Method::none:
      return "none";
    case Method::tango:
      return "tango";
    case Method::tango_majority:
      return "tango_majority";
    case Method::bootstrap:
      return "bootstrap";
    case Method::stratified_score:
      return "stratified_score";
    case Method::newcombe:
      return "newcombe_unpaired";
  }
  return "none";
}

std::string_view obstacle_name(Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::none:
      return "none";
    case Obstacle::no_sensitivity:
      return "no_sensitivity";
    case Obstacle::insensitive_tasks:
      return "insensitive_tasks";
    case Obstacle::gain:
      return "gain";
  }
  return "none";
}

std::string low_baseline_text(const PairedComparison& c, double margin_pp) {
  const double margin = margin_pp / kPercent;
  if (c.obstacle != Obstacle::no_sensitivity || c.method == Method::stratified_score ||
      has_sensitivity(c.baseline_at_least, c.floor, margin)) {
    return "";
  }
  return fmt::format(
      "scores {:.1f} %, {:.1f} % at least; from {:.1f} % on a loss of {} points could "
      "show",
      c.baseline_mean * kPercent, c.baseline_at_least * kPercent, (c.floor + margin) * kPercent,
      margin_pp);
}

PairedComparison compare_pairs(const std::vector<PairedScore>& pairs,
                               const CompareOptions& options) {
  if (pairs.empty()) return not_available("no item scored on both sides");
  if (!all_valid(pairs)) return not_available("a score outside 0 to 1");
  PairedComparison c;
  set_means(c, pairs);
  const PairedCounts counts = outcome_counts(pairs);
  set_counts(c, counts);
  if (std::all_of(pairs.begin(), pairs.end(), is_binary)) {
    c.method = Method::tango;
    set_tango(c, counts, options);
  } else {
    set_graded(c, pairs, counts, options);
  }
  std::vector<double> baseline;
  baseline.reserve(pairs.size());
  for (const PairedScore& pair : pairs) baseline.push_back(pair.baseline);
  c.baseline_at_least = score_at_least(baseline, options.bootstrap);
  bar_without_sensitivity(c, options);
  finish(c, 1, options);
  return c;
}

PairedComparison compare_counts(const PairedCounts& counts, const CompareOptions& options) {
  const std::int64_t n = counts.n();
  if (n == 0) return not_available("no item scored on both sides");
  PairedComparison c;
  c.n = n;
  c.baseline_mean =
      static_cast<double>(counts.both_right + counts.flips_to_wrong) / static_cast<double>(n);
  c.candidate_mean =
      static_cast<double>(counts.both_right + counts.flips_to_right) / static_cast<double>(n);
  c.mean_diff_pp = kPercent * counts.difference();
  set_counts(c, counts);
  c.method = Method::tango;
  set_tango(c, counts, options);
  c.baseline_at_least =
      score_at_least({c.baseline_mean * static_cast<double>(n), static_cast<double>(n)});
  bar_without_sensitivity(c, options);
  finish(c, 1, options);
  return c;
}

PairedComparison compare_unpaired(const Proportion& baseline, const Proportion& candidate,
                                  const CompareOptions& options) {
  if (!(baseline.n >= 1) || !(candidate.n >= 1)) return not_available("no item scored on a side");
  PairedComparison c;
  c.baseline_mean = baseline.successes / baseline.n;
  c.candidate_mean = candidate.successes / candidate.n;
  if (!valid_score(c.baseline_mean) || !valid_score(c.candidate_mean)) {
    return not_available("a score outside 0 to 1");
  }
  c.n = static_cast<std::int64_t>(std::min(baseline.n, candidate.n));
  c.method = Method::newcombe;
  c.mean_diff_pp = kPercent * (c.candidate_mean - c.baseline_mean);
  c.diff_pp = c.mean_diff_pp;
  // Two independent answers differ this often.
  c.discordance =
      c.baseline_mean * (1 - c.candidate_mean) + c.candidate_mean * (1 - c.baseline_mean);
  set_interval(c, newcombe_interval(baseline, candidate, options.confidence),
               newcombe_interval(baseline, candidate, 1 - 2 * options.alpha), options.confidence);
  c.p_non_inferior = newcombe_p_above(baseline, candidate, -options.margin_pp / kPercent);
  c.p_worse = newcombe_p_below(baseline, candidate, 0);
  c.p_gain = newcombe_p_above(baseline, candidate, options.margin_pp / kPercent);
  c.baseline_at_least = score_at_least(baseline);
  bar_without_sensitivity(c, options);
  finish(c, 1, options);
  return c;
}

void mark_invalid(PairedComparison& comparison, std::string flag) {
  if (comparison.verdict == Verdict::not_available) return;
  comparison.verdict = Verdict::invalid;
  comparison.reason = std::move(flag);
}

void find_gains(std::span<PairedComparison* const> comparisons, const CompareOptions& options) {
  std::vector<PairedComparison*> members;
  std::vector<double> p_values;
  for (PairedComparison* c : comparisons) {
    if (c->verdict == Verdict::not_available || c->verdict == Verdict::invalid) continue;
    members.push_back(c);
    p_values.push_back(c->p_gain);
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  for (std::size_t i = 0; i < members.size(); ++i) {
    PairedComparison& c = *members[i];
    c.p_gain_adjusted = adjusted[i];
    if (!(c.p_gain_adjusted < kGainAlpha)) continue;
    bar(c, Obstacle::gain, std::string(kGainBeyondBelief));
    c.items_needed.reset();
    settle(c, options);
  }
}

void adjust_family(std::span<PairedComparison* const> family, const CompareOptions& options) {
  std::vector<PairedComparison*> members;
  std::vector<double> worse;
  std::vector<double> non_inferior;
  for (PairedComparison* member : family) {
    if (member->verdict == Verdict::not_available) continue;
    if (member->verdict != Verdict::invalid) refuse_no_numbers(*member);
    const bool sound = member->verdict != Verdict::invalid;
    members.push_back(member);
    worse.push_back(sound ? member->p_worse : 1);
    non_inferior.push_back(sound ? member->p_non_inferior : 1);
  }
  const std::vector<double> worse_adjusted = holm_adjusted(worse);
  const std::vector<double> non_inferior_adjusted = holm_adjusted(non_inferior);
  for (std::size_t i = 0; i < members.size(); ++i) {
    PairedComparison& c = *members[i];
    c.p_worse_adjusted = worse_adjusted[i];
    c.p_non_inferior_adjusted = non_inferior_adjusted[i];
    if (c.verdict == Verdict::invalid) continue;
    c.verdict = decide({true, true, c.p_non_inferior_adjusted, c.p_worse_adjusted, options.alpha});
    say_obstacle(c);
  }
}

}  // namespace assay

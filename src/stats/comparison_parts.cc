#include "stats/comparison_parts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "stats/power.h"
#include "stats/sensitivity.h"

namespace assay::internal {
namespace {

// An interval at the level that decides must not deny what the p-values say of that level. One at
// another level (a simulation's) is left as it is.
void keep_interval_consistent(PairedComparison& c, const CompareOptions& options) {
  const double level = options.alpha / options.family;
  if (std::abs(c.interval_confidence - (1 - 2 * level)) > 1e-12) return;
  if (!(c.p_non_inferior < level)) {
    c.interval_low_pp = smaller(c.interval_low_pp, -options.margin_pp);
  }
  if (!(c.p_worse < level)) c.interval_high_pp = larger(c.interval_high_pp, 0.0);
}

bool right(double score) {
  return score > 0.5;
}

// What n items can show, and how many would.
void set_power(PairedComparison& c, double design_effect, const CompareOptions& options) {
  const PowerAssumptions assume{c.discordance, options.alpha / options.family, options.power,
                                design_effect};
  if (const auto drop = smallest_detectable_drop(c.n, assume)) {
    c.smallest_detectable_pp = kPercent * *drop;
  }
  const double margin = options.margin_pp / kPercent;
  c.items_needed = items_for_non_inferior(margin, 0, assume);
  const double observed = c.diff_pp / kPercent;
  if (c.items_needed && *c.items_needed <= c.n && observed != 0) {
    c.items_needed_at_observed = true;
    c.items_needed = items_for_non_inferior(margin, observed, assume);
    const auto worse = items_for_worse(observed, assume);
    if (worse && (!c.items_needed || *worse < *c.items_needed)) c.items_needed = worse;
  }
}

}  // namespace

bool valid_score(double score) {
  return score >= 0 && score <= 1;
}

bool all_valid(const std::vector<PairedScore>& pairs) {
  return std::all_of(pairs.begin(), pairs.end(), [](const PairedScore& pair) {
    return valid_score(pair.baseline) && valid_score(pair.candidate);
  });
}

std::vector<double> differences(const std::vector<PairedScore>& pairs) {
  std::vector<double> values;
  values.reserve(pairs.size());
  for (const PairedScore& pair : pairs) values.push_back(pair.candidate - pair.baseline);
  return values;
}

PairedCounts outcome_counts(const std::vector<PairedScore>& pairs) {
  PairedCounts counts;
  for (const PairedScore& pair : pairs) {
    const bool base = right(pair.baseline);
    const bool cand = right(pair.candidate);
    ++(base ? (cand ? counts.both_right : counts.flips_to_wrong)
            : (cand ? counts.flips_to_right : counts.both_wrong));
  }
  return counts;
}

PairedComparison not_available(std::string reason) {
  PairedComparison c;
  c.reason = std::move(reason);
  return c;
}

void set_means(PairedComparison& c, const std::vector<PairedScore>& pairs) {
  double base = 0;
  double cand = 0;
  for (const PairedScore& pair : pairs) {
    base += pair.baseline;
    cand += pair.candidate;
  }
  c.n = static_cast<std::int64_t>(pairs.size());
  c.baseline_mean = base / static_cast<double>(c.n);
  c.candidate_mean = cand / static_cast<double>(c.n);
  c.mean_diff_pp = kPercent * (c.candidate_mean - c.baseline_mean);
}

void set_counts(PairedComparison& c, const PairedCounts& counts) {
  c.both_right = counts.both_right;
  c.flips_to_wrong = counts.flips_to_wrong;
  c.flips_to_right = counts.flips_to_right;
  c.both_wrong = counts.both_wrong;
  c.mcnemar_p = mcnemar_exact_p(counts.flips_to_wrong, counts.flips_to_right);
  c.mcnemar_mid_p = mcnemar_mid_p(counts.flips_to_wrong, counts.flips_to_right);
}

void set_interval(PairedComparison& c, const Interval& two_sided, const Interval& one_sided,
                  double confidence) {
  c.interval_confidence = confidence;
  c.interval_low_pp = kPercent * two_sided.low;
  c.interval_high_pp = kPercent * two_sided.high;
  c.lower_bound_pp = kPercent * one_sided.low;
  c.upper_bound_pp = kPercent * one_sided.high;
}

double larger(double a, double b) {
  return a < b || std::isnan(b) ? b : a;
}

double smaller(double a, double b) {
  return a > b || std::isnan(b) ? b : a;
}

void refuse_no_numbers(PairedComparison& c) {
  std::string names;
  const auto check = [&names](const char* name, double& value, bool sound, double says_nothing) {
    if (sound) return;
    names += (names.empty() ? "" : ", ") + std::string(name);
    value = says_nothing;
  };
  for (const auto& [name, p] : {std::pair{"p_worse", &c.p_worse},
                                {"p_non_inferior", &c.p_non_inferior},
                                {"p_gain", &c.p_gain},
                                {"p_worse_adjusted", &c.p_worse_adjusted},
                                {"p_non_inferior_adjusted", &c.p_non_inferior_adjusted}}) {
    check(name, *p, *p >= 0 && *p <= 1, 1);
  }
  for (const auto& [name, low] :
       {std::pair{"interval_low_pp", &c.interval_low_pp}, {"lower_bound_pp", &c.lower_bound_pp}}) {
    check(name, *low, std::isfinite(*low), -kPercent);
  }
  for (const auto& [name, high] : {std::pair{"interval_high_pp", &c.interval_high_pp},
                                   {"upper_bound_pp", &c.upper_bound_pp}}) {
    check(name, *high, std::isfinite(*high), kPercent);
  }
  if (names.empty()) return;
  c.verdict = Verdict::invalid;
  c.reason = std::string(kNotANumber) + ": " + names;
}

void bar(PairedComparison& c, Obstacle obstacle, std::string reason) {
  if (c.obstacle != Obstacle::none) return;
  c.obstacle = obstacle;
  c.obstacle_text = std::move(reason);
  c.p_non_inferior_without_obstacle = c.p_non_inferior;
  c.p_non_inferior = larger(c.p_non_inferior, 1);
}

void bar_without_sensitivity(PairedComparison& c, const CompareOptions& options) {
  c.floor = options.floor;
  const double margin = options.margin_pp / kPercent;
  if (has_sensitivity(c.baseline_at_least, c.floor, margin)) return;
  bar(c, Obstacle::no_sensitivity, std::string(kNoSensitivity));
}

void say_obstacle(PairedComparison& c) {
  c.reason = c.verdict == Verdict::inconclusive ? c.obstacle_text : "";
}

void settle(PairedComparison& c, const CompareOptions& options) {
  if (c.verdict == Verdict::invalid) return;
  const double alpha = options.alpha;
  // A p made larger than the bound's own (exact, the outer of two methods, an obstacle) moves the
  // bound back to the threshold, so that bound and verdict never contradict each other.
  if (!(c.p_non_inferior < alpha)) c.lower_bound_pp = smaller(c.lower_bound_pp, -options.margin_pp);
  if (!(c.p_worse < alpha)) c.upper_bound_pp = larger(c.upper_bound_pp, 0.0);
  keep_interval_consistent(c, options);
  c.p_worse_adjusted = c.p_worse;
  c.p_non_inferior_adjusted = c.p_non_inferior;
  c.verdict = decide({c.n > 0, true, c.p_non_inferior, c.p_worse, alpha});
  say_obstacle(c);
  refuse_no_numbers(c);
}

void finish(PairedComparison& c, double design_effect, const CompareOptions& options) {
  if (c.obstacle != Obstacle::no_sensitivity) set_power(c, design_effect, options);
  settle(c, options);
}

}  // namespace assay::internal

// Graded and repeated items: simulated, through compare_pairs itself.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "sim.h"
#include "stats/comparison.h"

namespace assay::sim {
namespace {

// How an item's scores come about. `loss` is the true mean drop.
enum class Scenario {
  repeats,    // 4 samples a side; most items easy or hard, some in between
  fractions,  // one score in quarters; candidate's differ on a fifth of the items
  rare_drops  // one score in quarters, sides the same but for items the candidate fails outright
};

struct Setting {
  Scenario scenario;
  const char* name;
  double loss;
};

// Chance that an item is answered: half near certain one way or the other, half anywhere.
double ability(Uniform& uniform) {
  const double kind = uniform();
  if (kind < 0.30) return 0.95;
  if (kind < 0.45) return 0.05;
  return 0.05 + 0.9 * uniform();
}

double share_of_four(double p, Uniform& uniform) {
  int passed = 0;
  for (int i = 0; i < 4; ++i) passed += uniform() < p ? 1 : 0;
  return passed / 4.0;
}

PairedScore draw_item(const Setting& setting, Uniform& uniform) {
  const double p = ability(uniform);
  switch (setting.scenario) {
    case Scenario::repeats: {
      // The loss falls on every item alike; abilities stay at or above 5 %.
      const double base = share_of_four(p, uniform);
      return {base, share_of_four(p - setting.loss, uniform), 4};
    }
    case Scenario::fractions: {
      // Up and down by a half on 10 % of items each; the loss shifts the two.
      const double base = 0.25 + 0.5 * std::round(uniform());
      const double u = uniform();
      const double down = 0.10 + setting.loss;
      const double up = 0.10 - setting.loss;
      const double step = u < down ? -0.5 : (u < down + up ? 0.5 : 0);
      // A step of one half from 0.25 up or 0.75 down stays inside; the others meet the edge.
      if (base + step > 1 || base + step < 0) return {base - step / 2, base + step / 2, 1};
      return {base, base + step, 1};
    }
    case Scenario::rare_drops: {
      const double base = 0.75;
      return {base, uniform() < setting.loss / base ? 0.0 : base, 4};
    }
  }
  return {};
}

struct Rates {
  double coverage = 0;
  double worse = 0;
  double non_inferior = 0;
  double discordance = 0;  // mean over the runs
  // What BCa says on its own, without the score test's consent.
  double bca_coverage = 0;
  double bca_worse = 0;
  double bca_non_inferior = 0;
};

// An item set without variance leaves BCa with a point: no claim is counted for it.
void add_bca_alone(Rates& rates, const std::vector<PairedScore>& pairs,
                   const BootstrapOptions& options, double truth) {
  std::vector<Cluster> clusters;
  clusters.reserve(pairs.size());
  for (const PairedScore& pair : pairs) clusters.push_back({pair.candidate - pair.baseline, 1});
  const auto d = bootstrap_mean(clusters, options);
  if (!d) return;
  const Interval interval = bca_interval(*d, 0.95);
  if (interval.low <= truth && truth <= interval.high) rates.bca_coverage += 1;
  if (bca_p_below(*d, 0) < kAlpha) rates.bca_worse += 1;
  if (bca_p_above(*d, -kMargin) < kAlpha) rates.bca_non_inferior += 1;
}

Rates simulate(const Setting& setting, int n, int runs, int resamples, std::uint64_t seed) {
  Uniform uniform(seed);
  Rates rates;
  CompareOptions options;
  options.bootstrap.resamples = resamples;
  std::vector<PairedScore> pairs(static_cast<std::size_t>(n));
  for (int run = 0; run < runs; ++run) {
    for (PairedScore& pair : pairs) pair = draw_item(setting, uniform);
    options.bootstrap.seed = seed * 1000003 + static_cast<std::uint64_t>(run);
    const PairedComparison c = compare_pairs(pairs, options);
    const double truth = -100 * setting.loss;
    if (c.interval_low_pp <= truth + 1e-9 && truth - 1e-9 <= c.interval_high_pp)
      rates.coverage += 1;
    if (c.p_worse < kAlpha) rates.worse += 1;
    if (c.p_non_inferior < kAlpha) rates.non_inferior += 1;
    rates.discordance += c.discordance;
    add_bca_alone(rates, pairs, options.bootstrap, -setting.loss);
  }
  for (double* rate : {&rates.coverage, &rates.worse, &rates.non_inferior, &rates.discordance,
                       &rates.bca_coverage, &rates.bca_worse, &rates.bca_non_inferior}) {
    *rate /= runs;
  }
  return rates;
}

}  // namespace

std::vector<Check> graded_items(bool quick) {
  const std::vector<Setting> settings{
      {Scenario::repeats, "4 repeats, no difference", 0},
      {Scenario::repeats, "4 repeats, -3 points", kMargin},
      {Scenario::fractions, "fractions, no difference", 0},
      {Scenario::fractions, "fractions, -3 points", kMargin},
      {Scenario::rare_drops, "rare outright failures, -3 points", kMargin},
  };
  const std::vector<int> sizes =
      quick ? std::vector<int>{30, 100} : std::vector<int>{20, 30, 50, 100, 200};
  const int runs = quick ? 500 : 4000;
  const int resamples = quick ? 500 : 1000;
  fmt::print("\n### Graded and repeated items ({} simulated runs a cell, {} resamples)\n\n", runs,
             resamples);
  fmt::print(
      "| items are | n | coverage % | WORSE % | NON-INFERIOR % | BCa alone: coverage % | WORSE % | "
      "NON-INFERIOR % |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n");
  double coverage_sum = 0;
  double coverage_least = 1;
  double worse_most = 0;
  double non_inferior_most = 0;
  int cells = 0;
  std::uint64_t seed = 1;
  for (const Setting& setting : settings) {
    for (const int n : sizes) {
      const Rates r = simulate(setting, n, runs, resamples, seed++);
      fmt::print("| {} | {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.1f} |\n",
                 setting.name, n, 100 * r.coverage, 100 * r.worse, 100 * r.non_inferior,
                 100 * r.bca_coverage, 100 * r.bca_worse, 100 * r.bca_non_inferior);
      if (n * r.discordance >= 5) {
        coverage_sum += r.coverage;
        ++cells;
      }
      coverage_least = std::min(coverage_least, r.coverage);
      if (setting.loss == 0) worse_most = std::max(worse_most, r.worse);
      if (setting.loss > 0) non_inferior_most = std::max(non_inferior_most, r.non_inferior);
    }
  }
  // Rates are simulated: three standard errors of a 5 % rate are allowed on top.
  const double slack = 3 * std::sqrt(0.05 * 0.95 / runs);
  return {
      {"graded: mean coverage, 5 or more discordant items expected", coverage_sum / cells, 0.94,
       0.97},
      {"graded: least coverage of any cell", coverage_least, 0.94 - slack, 1},
      {"graded: most false WORSE of any cell", worse_most, 0, kAlpha + slack},
      {"graded: most false NON-INFERIOR of any cell", non_inferior_most, 0, kAlpha + slack},
  };
}

}  // namespace assay::sim

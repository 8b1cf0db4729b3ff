// Whole benchmarks, alone and pooled with small ones: simulated, through compare_pairs and pool.
// That every figure is a number, and that a task alone and its pool are one test, is checked too.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sim.h"
#include "stats/comparison.h"

namespace assay::sim {
namespace {

struct Setting {
  const char* name;
  bool graded;  // a flip moves the score by a half, else from right to wrong or back
  double discordance;
  double loss;  // of the mean score
};

std::vector<PairedScore> draw(const Setting& setting, int n, Uniform& uniform) {
  const double step = setting.graded ? 0.5 : 1;
  const double down = 0.5 * (setting.discordance + setting.loss / step);
  std::vector<PairedScore> pairs;
  pairs.reserve(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    const double u = uniform();
    if (u < down) {
      pairs.push_back({1, 1 - step});
    } else if (u < setting.discordance) {
      pairs.push_back({1 - step, 1});
    } else {
      pairs.push_back({1, 1});
    }
  }
  return pairs;
}

bool all_numbers(const PairedComparison& c) {
  if (c.verdict == Verdict::invalid || c.verdict == Verdict::not_available) return false;
  for (const double value : {c.interval_low_pp, c.interval_high_pp, c.lower_bound_pp,
                             c.upper_bound_pp, c.p_worse, c.p_non_inferior}) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

struct Found {
  double runs = 0;
  double numbers = 0;  // runs whose figures are all numbers, of the pool and of every task
  double covered = 0;
  double worse = 0;
  double non_inferior = 0;
  double furthest_pp = 0;  // between the bounds of a right/wrong task and of its pool
};

Found simulate(const Setting& setting, const std::vector<int>& sizes, int runs, bool quick,
               std::uint64_t seed) {
  Uniform uniform(seed);
  CompareOptions options;
  options.exact_max_n = 0;  // the asymptotic p on both sides of "alone or pooled"
  options.bootstrap.resamples = quick ? 100 : 400;
  options.pool_resamples = quick ? 100 : 1000;
  Found found;
  for (int run = 0; run < runs; ++run) {
    options.bootstrap.seed = seed * 1000003 + static_cast<std::uint64_t>(run);
    std::vector<PoolTask> tasks;
    std::vector<PairedComparison> alone;
    for (const int n : sizes) {
      tasks.push_back({"task", 1, draw(setting, n, uniform), ""});
      alone.push_back(compare_pairs(tasks.back().pairs, options));
    }
    const PairedComparison c = pool(tasks, options).overall;
    const double truth = -100 * setting.loss;
    found.runs += 1;
    if (all_numbers(c) && std::all_of(alone.begin(), alone.end(), all_numbers)) found.numbers += 1;
    if (c.interval_low_pp <= truth + 1e-9 && truth - 1e-9 <= c.interval_high_pp) found.covered += 1;
    if (c.p_worse < kAlpha) found.worse += 1;
    if (c.p_non_inferior < kAlpha) found.non_inferior += 1;
    if (setting.graded || sizes.size() > 1) continue;
    for (const double apart : {c.interval_low_pp - alone[0].interval_low_pp,
                               c.interval_high_pp - alone[0].interval_high_pp}) {
      found.furthest_pp = std::max(found.furthest_pp, std::abs(apart));
    }
  }
  return found;
}

}  // namespace

std::vector<Check> large_tasks(bool quick) {
  const std::vector<std::vector<int>> plans{
      {844}, {1319}, {5000}, {20000}, {12032, 30, 50, 20}, {20000, 1319, 198, 30}};
  const std::vector<Setting> settings{
      {"right/wrong, 5 % flips, no difference", false, 0.05, 0},
      {"right/wrong, 10 % flips, -3 points", false, 0.10, kMargin},
      {"halves, 10 % change, no difference", true, 0.10, 0},
      {"halves, 10 % change, -3 points", true, 0.10, kMargin},
  };
  const int runs = quick ? 25 : 1000;
  fmt::print("\n### Large tasks, alone and pooled ({} simulated runs a cell)\n\n", runs);
  fmt::print(
      "| items | truth | coverage % | WORSE % | NON-INFERIOR % |\n| --- | --- | --- | --- | --- "
      "|\n");
  Found all;
  double false_worse = 0;
  double false_non_inferior = 0;
  std::uint64_t seed = 1000;
  for (const std::vector<int>& sizes : plans) {
    for (const Setting& setting : settings) {
      const Found f = simulate(setting, sizes, runs, quick, seed++);
      std::string items;
      for (const int n : sizes) items += fmt::format("{}{}", items.empty() ? "" : ", ", n);
      fmt::print("| {} | {} | {:.1f} | {:.1f} | {:.1f} |\n", items, setting.name,
                 100 * f.covered / f.runs, 100 * f.worse / f.runs, 100 * f.non_inferior / f.runs);
      all.runs += f.runs;
      all.numbers += f.numbers;
      all.covered += f.covered;
      all.furthest_pp = std::max(all.furthest_pp, f.furthest_pp);
      if (setting.loss == 0) false_worse += f.worse;
      if (setting.loss > 0) false_non_inferior += f.non_inferior;
    }
  }
  const double slack = 3 * std::sqrt(0.05 * 0.95 / all.runs);
  const double half_slack = 3 * std::sqrt(0.05 * 0.95 / (all.runs / 2));
  return {
      {"large: runs whose every figure is a number", all.numbers / all.runs, 1, 1},
      {"large: right/wrong intervals alone and pooled, furthest apart (of 1 point)",
       all.furthest_pp, 0, 1e-6},
      {"large: mean coverage", all.covered / all.runs, 0.95 - slack, 0.97 + slack},
      {"large: mean false WORSE", false_worse / (all.runs / 2), 0, kAlpha + half_slack},
      {"large: mean false NON-INFERIOR", false_non_inferior / (all.runs / 2), 0,
       kAlpha + half_slack},
  };
}

}  // namespace assay::sim

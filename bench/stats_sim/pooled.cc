// The pooled difference of seven tasks of unequal size, equal weights: simulated.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "sim.h"
#include "stats/stratified.h"

namespace assay::sim {
namespace {

constexpr std::size_t kTasks = 7;

struct Plan {
  const char* name;
  std::array<int, kTasks> items;
};

// Discordance and true difference of each task.
struct Truth {
  const char* name;
  std::array<double, kTasks> discordance;
  std::array<double, kTasks> difference;

  [[nodiscard]] double pooled() const {
    double sum = 0;
    for (const double d : difference) sum += d;
    return sum / kTasks;
  }
};

std::array<double, kTasks> all(double value) {
  std::array<double, kTasks> values{};
  values.fill(value);
  return values;
}

// Discordant pairs expected, were they spread over a plain sample as precise as the pool.
double effective_flips(const Plan& plan, const Truth& truth) {
  double weights = 0;
  double squares = 0;
  for (std::size_t t = 0; t < kTasks; ++t) {
    weights += 1.0 / (kTasks * kTasks * static_cast<double>(plan.items[t]));
    squares += truth.discordance[t] / (kTasks * kTasks * static_cast<double>(plan.items[t]));
  }
  return squares / weights / weights;
}

struct Rates {
  double coverage = 0;
  double worse = 0;
  double non_inferior = 0;
};

// A claim as `pool` makes it: close calls need the simulated p as well. Where the claim would be
// right that changes little and costs hours, so there the asymptotic p stands alone.
bool claims(const std::vector<Stratum>& strata, double delta, bool below, bool false_claim,
            const NullSimulation& simulation) {
  const double p = below ? stratified_p_below(strata, delta) : stratified_p_above(strata, delta);
  if (p >= kAlpha) return false;
  if (!false_claim || p < kAlpha / 10) return true;
  return (below ? stratified_simulated_p_below(strata, delta, simulation)
                : stratified_simulated_p_above(strata, delta, simulation)) < kAlpha;
}

Rates simulate(const Plan& plan, const Truth& truth, int runs, int resamples, std::uint64_t seed) {
  Uniform uniform(seed);
  Rates rates;
  const double pooled = truth.pooled();
  for (int run = 0; run < runs; ++run) {
    std::vector<Stratum> strata;
    for (std::size_t t = 0; t < kTasks; ++t) {
      const double p_down = 0.5 * (truth.discordance[t] - truth.difference[t]);
      std::array<double, 3> counts{};
      for (int i = 0; i < plan.items[t]; ++i) {
        const double u = uniform();
        counts[u < p_down ? 0 : (u < truth.discordance[t] ? 2 : 1)] += 1;
      }
      Stratum stratum{1, {}};
      for (std::size_t k = 0; k < 3; ++k) {
        if (counts[k] > 0) stratum.values.emplace_back(static_cast<double>(k) - 1, counts[k]);
      }
      strata.push_back(std::move(stratum));
    }
    if (std::abs(stratified_statistic(strata, pooled)) <= kZ95) rates.coverage += 1;
    const NullSimulation simulation{resamples, seed * 1000003 + static_cast<std::uint64_t>(run)};
    if (claims(strata, 0, true, pooled >= 0, simulation)) rates.worse += 1;
    if (claims(strata, -kMargin, false, pooled <= -kMargin + 1e-12, simulation)) {
      rates.non_inferior += 1;
    }
  }
  rates.coverage /= runs;
  rates.worse /= runs;
  rates.non_inferior /= runs;
  return rates;
}

}  // namespace

std::vector<Check> pooled_tasks(bool quick) {
  const std::vector<Plan> plans{{"30, 50, 200, 100, 50, 20, 20", {30, 50, 200, 100, 50, 20, 20}},
                                {"15, 25, 60, 40, 20, 10, 10", {15, 25, 60, 40, 20, 10, 10}}};
  const std::vector<Truth> truths{
      {"10 % flips, no difference", all(0.10), all(0)},
      {"3 % flips, no difference", all(0.03), all(0)},
      {"20 % flips, no difference", all(0.20), all(0)},
      {"flips in three tasks only, no difference", {0.2, 0, 0, 0.1, 0, 0.3, 0}, all(0)},
      {"10 % flips, -3 points everywhere", all(0.10), all(-kMargin)},
      {"3 % flips, all of them losses", all(kMargin), all(-kMargin)},
      {"20 % flips, -3 points everywhere", all(0.20), all(-kMargin)},
      {"all the loss in the two smallest tasks (-10.5 points each)",
       {0.05, 0.05, 0.05, 0.05, 0.05, 0.105, 0.105},
       {0, 0, 0, 0, 0, -0.105, -0.105}},
      {"all the loss in one small task (-21 points), no other flip",
       {0, 0, 0, 0, 0, 0, 0.21},
       {0, 0, 0, 0, 0, 0, -0.21}},
      {"all the loss in the largest task (-21 points)",
       {0.05, 0.05, 0.25, 0.05, 0.05, 0.05, 0.05},
       {0, 0, -0.21, 0, 0, 0, 0}},
      {"10 % flips, -6 points everywhere", all(0.10), all(-0.06)},
  };
  const int runs = quick ? 400 : 8000;
  const int resamples = quick ? 300 : 1000;
  fmt::print("\n### Pooled difference of seven tasks ({} simulated runs a cell)\n\n", runs);
  fmt::print(
      "| items | truth | coverage % | WORSE % | NON-INFERIOR % |\n| --- | --- | --- | --- | --- "
      "|\n");
  double coverage_sum = 0;
  double coverage_least = 1;
  double worse_most = 0;
  double non_inferior_most = 0;
  int cells = 0;
  std::uint64_t seed = 100;
  for (const Plan& plan : plans) {
    for (const Truth& truth : truths) {
      const Rates rates = simulate(plan, truth, runs, resamples, seed++);
      fmt::print("| {} | {} | {:.1f} | {:.1f} | {:.1f} |\n", plan.name, truth.name,
                 100 * rates.coverage, 100 * rates.worse, 100 * rates.non_inferior);
      if (effective_flips(plan, truth) >= 5) {
        coverage_sum += rates.coverage;
        ++cells;
      }
      coverage_least = std::min(coverage_least, rates.coverage);
      const double pooled = truth.pooled();
      if (pooled == 0) worse_most = std::max(worse_most, rates.worse);
      if (pooled <= -kMargin + 1e-12)
        non_inferior_most = std::max(non_inferior_most, rates.non_inferior);
    }
  }
  const double slack = 3 * std::sqrt(0.05 * 0.95 / runs);
  return {
      {"pooled: mean coverage, 5 or more discordant pairs expected", coverage_sum / cells, 0.94,
       0.97},
      {"pooled: least coverage of any cell", coverage_least, 0.94 - slack, 1},
      {"pooled: most false WORSE of any cell", worse_most, 0, kAlpha + slack},
      {"pooled: most false NON-INFERIOR of any cell", non_inferior_most, 0, kAlpha + slack},
  };
}

}  // namespace assay::sim

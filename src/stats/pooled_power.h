// What the pooled verdict of a plan can show, before anything is rented.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "values/weights.h"

namespace assay {

struct PlannedTask {
  std::string name;
  double factor = 1;       // the plan's own weight of it; 0 leaves it out
  std::int64_t items = 0;  // that are answered; 0 leaves it out
  // By which rules weigh it: what the plan may reach, where that is more; 0: its items.
  std::int64_t may_reach = 0;
  // Answers to each item, which flip by chance and are averaged, where that counts (`repeats:
  // auto`).
  double repeats = 1;
};

struct PooledPower {
  WeightRule weights = WeightRule::equal;
  double discordance = 0;            // share of items that flip either way, in every task
  double non_inferior = 0;           // probability of NON-INFERIOR when the two are truly alike
  std::optional<double> detectable;  // smallest loss called WORSE 80 times in 100; a fraction
};

// For each rule of kWeightRules and each of the discordances; margin as a fraction, alpha
// one-sided. The formulas of stats/power.h with the design effect N * sum of w_t^2 / n_t. Empty
// without items.
[[nodiscard]] std::vector<PooledPower> pooled_power(std::span<const PlannedTask> tasks,
                                                    std::span<const double> discordances,
                                                    double margin, double alpha);

// The task that makes most of the pooled difference's variance, and its share of it, when all tasks
// flip alike. Empty without items.
struct LargestVariance {
  std::string task;
  double share = 0;
};
[[nodiscard]] LargestVariance largest_variance(std::span<const PlannedTask> tasks,
                                               WeightRule weights);

}  // namespace assay

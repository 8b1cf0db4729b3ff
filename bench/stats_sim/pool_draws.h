// Right/wrong data sets of several tasks, as the pools of stats_sim draw them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nel_gate.h"
#include "sim.h"
#include "stats/comparison.h"
#include "stats/stratified.h"

namespace assay::sim {

struct Shape {
  const char* name;
  std::vector<std::int64_t> items;  // of each task
  bool categories;                  // to nel gate: of one benchmark, else benchmarks of their own
};

[[nodiscard]] std::vector<Shape> pool_shapes(bool quick);

using Draw = std::vector<Flips>;  // one a task

// A draw as the statistics take it, weights one a task; tasks without items are left out of strata.
[[nodiscard]] std::vector<Stratum> strata_of(const Draw& draw, std::span<const double> weights);
// Of a baseline that answers 7 items of 10, or as few more or fewer as the flips ask for.
[[nodiscard]] std::vector<PoolTask> pool_tasks_of(const Draw& draw,
                                                  std::span<const double> weights);

// The same data sets, one after the other, for the same seed. Every task has this discordance and
// this true difference.
class Draws {
 public:
  Draws(const Shape& shape, double discordance, double difference, std::uint64_t seed);
  [[nodiscard]] const Draw& next();

 private:
  std::vector<std::vector<double>> flip_sums_;  // of each task's binomial distribution of flips
  double to_wrong_;                             // of the flips
  Uniform uniform_;
  Draw draw_;
};

// The seed of a column of a table: of what is false there, of which shape, of which discordance.
[[nodiscard]] std::uint64_t draws_seed(double difference, std::size_t shape, std::size_t column);

// Whether nel gate passes a data set: every benchmark, or the one with categories.
class NelVerdict {
 public:
  explicit NelVerdict(const Shape& shape);
  [[nodiscard]] bool passes(const Draw& draw) const;

 private:
  bool categories_;
  std::vector<double> quantiles_;
};

// Data sets and what nel_gate.h says of them, as JSON lines for bench/nel_gate/agree.py.
void print_nel_draws();

}  // namespace assay::sim

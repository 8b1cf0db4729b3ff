// What the simulations of looks count.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "flip_walk.h"
#include "look_policies.h"
#include "sim.h"

namespace assay::sim {

// How one run went. Claims at any look count.
struct LooksRun {
  std::int64_t pairs = 0;
  bool worse = false;
  bool non_inferior = false;
  bool decided = false;
  bool misses_low = false;   // the truth lies below the interval of the last look
  bool misses_high = false;  // above it
};

// One row of a table.
struct LooksCell {
  Truth truth;
  Sizes sizes;
  std::uint64_t seed = 0;
  double first_task_apart = 0;  // of a pool: how much better its first task does than the mean
  bool has_power = true;        // the power that the target is for is promised
  // What is found, of this many runs.
  int runs = 0;
  int worse = 0;
  int non_inferior = 0;
  int undecided = 0;
  int misses_low = 0;
  int misses_high = 0;
  std::vector<std::int64_t> pairs = {};
  int asked = 0;  // looks that `evaluate` itself was asked about
  int agreed = 0;

  void add(const LooksRun& run);
  [[nodiscard]] double share(int LooksCell::* count) const;
  [[nodiscard]] std::int64_t median() const;
  [[nodiscard]] double mean() const;
};

// Every cell has a seed of its own, so the figures do not depend on the number of threads.
void for_each_cell(std::vector<LooksCell>& cells, const std::function<void(LooksCell&)>& simulate);
void print_cells(const std::vector<LooksCell>& cells);
[[nodiscard]] std::vector<Check> looks_checks(const std::string& what,
                                              const std::vector<LooksCell>& cells);

}  // namespace assay::sim

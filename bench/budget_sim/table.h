// What many plans come to: sums, one table, and the promises that docs/budget.md gives.
#pragma once

#include <vector>

#include "play.h"

namespace assay::sim {

struct Played {
  World world;
  Outcome real;
  Outcome knowing;
};

// Prints the table. False: a promise is broken.
[[nodiscard]] bool report(const std::vector<Played>& plans, bool quick);

}  // namespace assay::sim

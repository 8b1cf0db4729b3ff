// How far a budget reaches, before anything is rented.
#pragma once

#include <cstdint>
#include <vector>

#include "data/sampling.h"
#include "plan/plan.h"

namespace assay {

// What somebody expects of a machine.
struct ExpectedSpeed {
  double tokens_per_s = 0;  // output tokens of all requests together
  double load_s = 0;        // of one variant
};

struct Forecast {
  std::vector<std::int64_t> items;  // of each task, that every variant answers
  double tokens = 0;                // of a variant, at most
  double work_s = 0;                // of a variant for these, at most; its load is not in it
  bool all = false;                 // that the run may reach
};

// Every answer is taken to be as long as max_gen_toks lets it, so a run gets further than this
// rather than less far. The items stand in the run's own order (docs/plan.md, "How far a run
// goes"; data/sampling.h). Grading, a judge and reading back are not counted. `turns`: equal shares
// of the budget, a variant's each, and one more for a second pass.
[[nodiscard]] Forecast forecast_of(const Plan& plan, const std::vector<GrowingTask>& tasks,
                                   const ExpectedSpeed& speed, int turns);

}  // namespace assay

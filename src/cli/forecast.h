// How far a budget reaches, before anything is rented.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "data/sampling.h"
#include "plan/plan.h"
#include "values/looks.h"

namespace assay {

// What somebody expects of a machine.
struct ExpectedSpeed {
  double tokens_per_s = 0;  // output tokens of all requests together
  double load_s = 0;        // of one variant
};

// `until: decided`: what the looks of a variant without loss would come to.
struct LooksForecast {
  std::int64_t target = 0;  // pairs that the power wanted needs
  std::int64_t pairs = 0;   // that the budget reaches, at most the target
  std::size_t items = 0;    // entries of the run's order, that hold the target's pairs
  double level = 0;         // of the last look that asks for NON-INFERIOR, at `pairs`
  double power = 0;         // of that look, at the discordance expected
  double power_of_all = 0;  // of all the looks: a WORSE may end it before (stats/looks.h)
  // Where the data are too few for the power wanted of all looks: the smallest margin that they are
  // enough for.
  std::optional<double> margin_pp;
};

struct Forecast {
  std::vector<std::int64_t> items;  // of each task, that every variant answers
  // Entries of the order, of each task: its items, and with `repeats: auto` each further pass of
  // one.
  std::vector<std::int64_t> entries;
  double tokens = 0;  // of a variant's engine, at most: prices of items (growing_task)
  // Of a variant for these, at most, its load not in it: the engine's time, or that of the graders
  // beside it where the plan says what they take and that is more.
  double work_s = 0;
  bool all = false;  // that the run may reach
};

// Every answer is taken to be as long as max_gen_toks lets it, so a run gets further than this
// rather than less far. The items stand in the run's own order (docs/plan.md, "How far a run
// goes"; data/sampling.h). A judge and reading back are not counted. `turns`: equal shares
// of the budget, a variant's each, and one more for a second pass.
// `most`: entries of the order, at the most.
[[nodiscard]] Forecast forecast_of(const Plan& plan, const std::vector<GrowingTask>& tasks,
                                   const ExpectedSpeed& speed, int turns,
                                   std::size_t most = std::numeric_limits<std::size_t>::max());

// How far the looks need to go; tasks of weight 0 or without items have no part in them.
[[nodiscard]] LooksForecast looks_needed(const Plan& plan, const std::vector<GrowingTask>& tasks,
                                         const std::vector<LookTask>& look_tasks);
// Sets what a forecast of so many entries by task, the first ones of the order, comes to.
void set_reached(const Plan& plan, const std::vector<GrowingTask>& tasks,
                 const std::vector<std::int64_t>& entries, const std::vector<LookTask>& look_tasks,
                 LooksForecast& looks);

}  // namespace assay

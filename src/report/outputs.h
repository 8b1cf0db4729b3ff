// Every variant's output of every item, and how fast it answered: both come from its stored
// answers, and those of a large run are read once.
#pragma once

#include "base/result.h"
#include "plan/frozen.h"
#include "report/item_scores.h"
#include "report/values.h"
#include "store/store.h"

namespace assay {

// Fills items and texts, and the traffic of each variant. `report` has its variants, and the tasks
// of `frozen`.
[[nodiscard]] Status read_outputs(const Store& store, const FrozenPlan& frozen,
                                  const AllScores& scores, RunReport& report);

}  // namespace assay

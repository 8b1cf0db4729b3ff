// How much of a difference is chance: the baseline's answers beside each other.
#pragma once

#include "base/result.h"
#include "report/item_scores.h"
#include "report/values.h"
#include "store/store.h"

namespace assay {

// With repeats: Cell's own_disagreement, disagreement and what goes with them.
void measure_repeats(RunReport& report, const AllScores& scores);

// With a second pass: the noise floor of each task and of all (docs/noise_floor.md).
[[nodiscard]] Status measure_noise_floor(const Store& store, const AllScores& scores,
                                         RunReport& report);

}  // namespace assay

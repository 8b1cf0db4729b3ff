// Which items a task runs and in which order: seeded, stratified, the same for every variant.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "values/item.h"

namespace assay {

// The order of DESIGN: within a stratum items are sorted by SHA-256(seed, item id); item j of a
// stratum of n gets rank (j + 0.5) / n; the task's order is by rank, then hash. A prefix of it is a
// stratified sample. Selection follows spec: ids, first, limit (per task or per stratum) or all.
// Errors (usage): an id that is not there, a duplicate id.
[[nodiscard]] Result<std::vector<Item>> select_items(std::vector<Item> items, const TaskSpec& spec,
                                                     std::uint64_t seed);

}  // namespace assay

// A plan in shards: what can be one, and who reads the baseline's outputs back (docs/cluster.md).
#pragma once

#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "values/shard_part.h"

namespace assay {

// Whether `part` can be a shard of the plan. Usage errors: what the plan does not have; with
// `until: decided` a part of a variant, whose looks are at all its answers, or a judge, whose
// verdicts they would need; a part of the baseline and one of another variant together, since the
// other needs more of the baseline's answers.
[[nodiscard]] Status check_part(const Plan& plan, const ShardPart& part);

// Whether answers of the plan are put to a judge, which no shard asks.
[[nodiscard]] bool names_judge(const Plan& plan);

// Of all shards of a variant one reads the baseline's outputs back: the one that asks the first
// repeat of the plan's first task. Of variants whose outputs are not read back none does.
[[nodiscard]] bool reads_back(const ShardPart& part, const Plan& plan);

// The most answers that a task of the plan asks for, by `repeats`.
[[nodiscard]] int most_repeats(const Plan& plan);

// Into how many groups each variant's tasks and repeats are divided.
struct ShardGroups {
  int tasks = 1;
  int repeats = 1;
};

// The shards of a plan divided so, the baseline's first, then those of the other variants in the
// plan's order. Each group holds neighbours, and no more groups are made than there are tasks and
// repeats; a group that nothing is in makes no shard. Errors: check_part's.
[[nodiscard]] Result<std::vector<ShardPart>> parts_of(const Plan& plan, const ShardGroups& groups);

}  // namespace assay

// Many variants: which to serve.
#pragma once

#include "report/item_scores.h"
#include "report/table.h"
#include "report/values.h"

namespace assay {

// From so many arms on they are ranked. Of three the comparisons with the baseline say it all.
inline constexpr std::size_t kManyArms = 4;

// Compares all pairs of variants that have a sound verdict, and the baseline, over the items that
// each of them was scored on, weighted as the pooled difference is. After the comparisons. Nothing
// where there are few, or where looks decided how many items each answered.
void rank_arms(const AllScores& scores, RunReport& report);

// The variants in the order in which one would serve them: a loss of the margin ruled out, then
// not known, then a loss shown, then no verdict; each by speed, emulated ones last.
[[nodiscard]] std::vector<std::size_t> serving_order(const RunReport& report);

[[nodiscard]] Table arm_section(const RunReport& report);

}  // namespace assay

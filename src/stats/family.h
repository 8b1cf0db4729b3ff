// Several candidates against one baseline over several tasks: one primary question a candidate, and
// a family of secondary ones that share alpha.
#pragma once

#include <span>
#include <vector>

#include "stats/comparison.h"

namespace assay {

// One candidate. The caller fills `tasks`, but for PoolTask::gain.
struct CandidateComparison {
  std::vector<PoolTask> tasks;
  std::vector<PairedComparison> rows;  // one a task
  PooledComparison pooled;
};

// Sets rows and pools of all candidates.
//   primary     the pool, at options.alpha; its interval at 1 - 2 alpha is the one that decides
//   by task     verdicts by Holm over tasks x candidates; interval, items needed and smallest
//               detectable drop at alpha / m, m the family
// The only task of a pool with the policy's own margin is the primary question: its row repeats the
// pool and is no member of the family. Returns m, at least 1: rows with pairs, INVALID ones too.
int compare_family(std::span<CandidateComparison> candidates, const CompareOptions& options);

}  // namespace assay

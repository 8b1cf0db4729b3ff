// Several candidates against one baseline over several tasks: one primary question a candidate, and
// a family of secondary ones that share alpha.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "stats/comparison.h"

namespace assay {

// Where the primary question was asked by looks (stats/looks.h): the last one's levels, 0 where it
// does not ask a claim, and what it found.
struct LastLook {
  double worse_level = 0;
  double non_inferior_level = 0;
  PooledComparison pooled;
};

// One candidate. The caller fills `tasks`, but for PoolTask::gain, and `look`; its tasks then hold
// the pairs of that look.
struct CandidateComparison {
  std::vector<PoolTask> tasks;
  std::vector<PairedComparison> rows;  // one a task
  PooledComparison pooled;
  std::optional<LastLook> look = std::nullopt;
};

// Sets rows and pools of all candidates.
//   primary     the pool, at options.alpha; its interval at 1 - 2 alpha is the one that decides
//   by task     verdicts by Holm over tasks x candidates; interval, items needed and smallest
//               detectable drop at alpha / m, m the family
// A candidate's tasks end with its last look: their p-values are adjusted for its level
// (adjusted_for_looks) before Holm, their figures at alpha / m are at its smaller level / m, and
// the pool is what the look found. The only task of a pool with the policy's own margin is the
// primary question: its row repeats the pool and is no member of the family. Returns m, at least 1:
// rows with pairs, INVALID ones too.
int compare_family(std::span<CandidateComparison> candidates, const CompareOptions& options);

}  // namespace assay

#include "stats/family.h"

#include <algorithm>
#include <utility>

#include "stats/looks.h"

namespace assay {
namespace {

bool has_pairs(const PoolTask& task) {
  return task.unpaired ? task.unpaired->baseline.n >= 1 && task.unpaired->candidate.n >= 1
                       : !task.pairs.empty();
}

bool in_pool(const PoolTask& task) {
  return task.weight > 0 && !task.unpaired && !task.pairs.empty();
}

// Whose row the pool repeats; nullptr: no such task.
const PoolTask* only_task(const CandidateComparison& candidate) {
  const PoolTask* only = nullptr;
  for (const PoolTask& task : candidate.tasks) {
    if (task.weight > 0 && !task.invalid.empty()) return nullptr;
    if (!in_pool(task)) continue;
    if (only != nullptr) return nullptr;
    only = &task;
  }
  return only != nullptr && !only->margin_pp ? only : nullptr;
}

int family_size(std::span<const CandidateComparison> candidates) {
  std::ptrdiff_t size = 0;
  for (const CandidateComparison& candidate : candidates) {
    size += std::count_if(candidate.tasks.begin(), candidate.tasks.end(), has_pairs);
    if (only_task(candidate) != nullptr) --size;
  }
  return static_cast<int>(std::max<std::ptrdiff_t>(1, size));
}

// What a candidate's tasks are compared at: alpha, or after looks the smaller level of the last.
CompareOptions options_of(const CandidateComparison& candidate, CompareOptions options) {
  if (!candidate.look) return options;
  for (const double level : {candidate.look->worse_level, candidate.look->non_inferior_level}) {
    if (level > 0) options.alpha = std::min(options.alpha, level);
  }
  return options;
}

void adjust_for_looks(CandidateComparison& candidate, double alpha) {
  if (!candidate.look) return;
  for (PairedComparison& row : candidate.rows) {
    row.p_worse = adjusted_for_looks(row.p_worse, candidate.look->worse_level, alpha);
    row.p_non_inferior =
        adjusted_for_looks(row.p_non_inferior, candidate.look->non_inferior_level, alpha);
  }
}

CompareOptions at_level(CompareOptions options, int family) {
  options.family = family;
  options.confidence = 1 - 2 * options.alpha / family;
  return options;
}

void compare_tasks(CandidateComparison& candidate, const CompareOptions& options) {
  for (PoolTask& task : candidate.tasks) {
    CompareOptions own = options;
    own.margin_pp = task.margin_pp.value_or(options.margin_pp);
    own.floor = task.floor;
    PairedComparison row =
        task.unpaired ? compare_unpaired(task.unpaired->baseline, task.unpaired->candidate, own)
                      : compare_pairs(task.pairs, own);
    if (!task.unpaired) task.baseline_at_least = row.baseline_at_least;
    if (!task.invalid.empty()) mark_invalid(row, task.invalid);
    if (row.verdict == Verdict::invalid) task.invalid = row.reason;
    candidate.rows.push_back(std::move(row));
  }
}

}  // namespace

int compare_family(std::span<CandidateComparison> candidates, const CompareOptions& options) {
  const int size = family_size(candidates);
  std::vector<PairedComparison*> all;
  for (CandidateComparison& candidate : candidates) {
    compare_tasks(candidate, at_level(options_of(candidate, options), size));
    adjust_for_looks(candidate, options.alpha);
    for (PairedComparison& row : candidate.rows) all.push_back(&row);
  }
  find_gains(all, options);
  std::vector<PairedComparison*> family;
  for (CandidateComparison& candidate : candidates) {
    for (std::size_t t = 0; t < candidate.tasks.size(); ++t) {
      candidate.tasks[t].gain = candidate.rows[t].obstacle == Obstacle::gain;
    }
    const PoolTask* only = only_task(candidate);
    candidate.pooled =
        candidate.look ? candidate.look->pooled : pool(candidate.tasks, at_level(options, 1));
    for (std::size_t t = 0; t < candidate.tasks.size(); ++t) {
      if (&candidate.tasks[t] == only) {
        candidate.pooled.overall.p_gain_adjusted = candidate.rows[t].p_gain_adjusted;
        candidate.rows[t] = candidate.pooled.overall;
      } else {
        family.push_back(&candidate.rows[t]);
      }
    }
  }
  adjust_family(family, options);
  return size;
}

}  // namespace assay

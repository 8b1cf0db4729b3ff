// What looks need of a store: what became of each item, and the schedules as they stand.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "store/store.h"
#include "values/looks.h"

namespace assay {

// By variant; a variant without scores is missing. What a later run of the same plan would still
// answer or grade is not settled: `not run`, `not scored (budget)`, an interrupted grading, and
// with `judge_to_come` what waits for a judge. What was set aside (an engine error, a sandbox
// fault) is settled without a score.
[[nodiscard]] Result<std::map<std::string, SideOutcomes>> read_outcomes(
    const Store& store, std::span<const LookTask> tasks, bool judge_to_come);

// A candidate's looks where they are no longer as first frozen.
struct KeptLooks {
  LookSchedule schedule;
  // Why the looks still to come became one: "budget" or "data" ended, or a further "round" was not
  // worth its loads; empty: they did not.
  std::string closed_by;
};
[[nodiscard]] Result<std::optional<KeptLooks>> kept_looks(const Store& store,
                                                          const std::string& variant);
// On disk when it returns: the levels of a look must stand before its pairs are looked at.
[[nodiscard]] Status keep_looks(const std::string& variant, const KeptLooks& looks, Store& store);

}  // namespace assay

// From a validated plan to the finished report: what `run` and `pass1` share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "plan/plan.h"
#include "report/values.h"
#include "run/runner.h"
#include "store/store.h"
#include "values/shard_part.h"

namespace assay {

struct RunFlow {
  std::filesystem::path data;  // --data; may be empty
  std::filesystem::path out;
  std::filesystem::path from;  // --from: answers of another folder; may be empty
  StartOver start_over;
  bool quiet = false;
  RunScope scope = RunScope::whole;
  // Of scope shard: what it answers for, beside the baseline's answers of the folders named.
  ShardPart part;
  std::vector<std::filesystem::path> baseline_from;
};

// Runs what is missing into the store in `out`, which it gives: its lock is held while reports are
// written. ErrorKind::interrupted when a signal ended it; everything answered is kept.
[[nodiscard]] Result<Store> run_to_end(const Plan& plan, const RunFlow& flow,
                                       const Session& session);

// The same, and then all reports into `out`.
[[nodiscard]] Result<RunReport> run_to_report(const Plan& plan, const RunFlow& flow,
                                              const Session& session);

// Environment error where the baseline has no answer to any item: such a run decides nothing, and
// its end is none that a script should go on from. The reports are written, and say the same.
[[nodiscard]] Status baseline_answered(const RunReport& report);
// Nor one in which a variant failed and the others went on: the first one's error.
[[nodiscard]] Status no_variant_failed(const RunReport& report);

}  // namespace assay

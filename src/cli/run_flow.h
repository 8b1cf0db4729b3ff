// From a validated plan to the finished report: what `run` and `pass1` share.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "plan/plan.h"
#include "report/values.h"
#include "run/identity.h"

namespace assay {

struct RunFlow {
  std::filesystem::path data;  // --data; may be empty
  std::filesystem::path out;
  StartOver start_over;
  bool quiet = false;
};

// Runs what is missing and writes all reports into `out`. ErrorKind::interrupted when a signal
// ended it; everything answered is kept.
[[nodiscard]] Result<RunReport> run_to_report(const Plan& plan, const RunFlow& flow,
                                              const Session& session);

}  // namespace assay

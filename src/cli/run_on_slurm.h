// assay run --on slurm: a plan's variants as jobs (docs/cluster.md).
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cluster/sweep.h"
#include "plan/plan.h"

namespace assay {

struct SlurmOptions {
  std::string on;  // "slurm"; empty: here
  bool dry_run = false;
  std::string time;  // a duration
  JobLimits limits;
  ShardGroups groups;
};

void add_slurm_options(CLI::App& command, SlurmOptions& options);

// Submits what is not complete yet in the sweep's folder, or prints the scripts of it.
[[nodiscard]] Result<int> run_on_slurm(const Plan& plan, const PlanOptions& plan_options,
                                       const SlurmOptions& options, const Session& session);

}  // namespace assay

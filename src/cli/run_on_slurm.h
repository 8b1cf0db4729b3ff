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
};

void add_slurm_options(CLI::App& command, SlurmOptions& options);

// --on, which it returns, and those of what a job may use, which need it.
CLI::Option* add_job_options(CLI::App& command, std::string& on, JobLimits& limits);

// This program, with the plan and its options as a job sees them: paths whole.
[[nodiscard]] Result<JobCommand> job_command(const PlanOptions& options);

// Submits what is not complete yet in the sweep's folder, or prints the scripts of it.
[[nodiscard]] Result<int> run_on_slurm(const Plan& plan, const PlanOptions& plan_options,
                                       const SlurmOptions& options, const Session& session);

}  // namespace assay

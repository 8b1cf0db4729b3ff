// What the commands share that have --on: a job's limits, and how a job calls this program.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"
#include "cli/plan_options.h"
#include "cluster/sweep.h"

namespace assay {

// --on, which it returns, and those of what a job may use, which need it.
CLI::Option* add_job_options(CLI::App& command, std::string& on, JobLimits& limits);

// This program, with the plan and its options as a job sees them: paths whole.
[[nodiscard]] Result<JobCommand> job_command(const PlanOptions& options);

}  // namespace assay

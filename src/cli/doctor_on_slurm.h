// assay doctor --on slurm: the nodes on which a sweep's jobs would run (docs/cluster.md).
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cluster/sweep.h"

namespace assay {

struct NodeOptions {
  std::string on;  // "slurm"; empty: here
  int nodes = 1;
  JobLimits limits;
};

void add_node_options(CLI::App& command, NodeOptions& options);

// Runs assay doctor on as many nodes and prints what each says; nodes that say the same are named
// together. Exit code 3 where one misses something.
[[nodiscard]] Result<int> doctor_on_slurm(const PlanOptions& plan, const NodeOptions& options,
                                          bool json, const Session& session);

}  // namespace assay

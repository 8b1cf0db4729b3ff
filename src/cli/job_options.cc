#include "cli/job_options.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace assay {

Result<JobCommand> job_command(const PlanOptions& options) {
  std::error_code code;
  JobCommand command{.assay = std::filesystem::read_symlink("/proc/self/exe", code),
                     .plan = TRY(absolute_path(options.plan)),
                     .options = {}};
  if (!options.data.empty()) {
    command.options = {"--data", TRY(absolute_path(options.data)).string()};
  }
  for (const std::string& setting : options.set) {
    command.options.insert(command.options.end(), {"--set", setting});
  }
  if (!options.budget.empty()) {
    command.options.insert(command.options.end(), {"--budget", options.budget});
  }
  return command;
}

CLI::Option* add_job_options(CLI::App& command, std::string& on, JobLimits& limits) {
  CLI::Option* option = command.add_option("--on", on, "On a cluster: slurm (docs/cluster.md)")
                            ->check(CLI::IsMember({"slurm"}));
  const std::vector<CLI::Option*> only_there = {
      command.add_option("--partition", limits.partition, "With --on: Slurm's partition"),
      command.add_option("--account", limits.account, "With --on: Slurm's account"),
      command.add_option("--qos", limits.qos, "With --on: Slurm's quality of service"),
      command.add_option("--gpus-per-node", limits.gpus_per_node, "With --on: GPUs of a job")
          ->check(CLI::PositiveNumber),
      command.add_option("--cpus-per-task", limits.cpus_per_task, "With --on: cores of a job")
          ->check(CLI::PositiveNumber),
      command.add_option("--mem", limits.mem, "With --on: memory of a job, as 64G"),
      command.add_option("--sbatch", limits.more,
                         "With --on: a further option of sbatch (repeatable)"),
  };
  for (CLI::Option* other : only_there) other->needs(option);
  return option;
}

}  // namespace assay

#include "cli/run_on_slurm.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "cli/job_options.h"
#include "cluster/shard.h"
#include "cluster/slurm.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Whose shards have not ended yet.
std::vector<std::string> variants_to_run(const Plan& plan, const fs::path& folder) {
  std::vector<std::string> out;
  for (const VariantSpec& variant : plan.variants) {
    if (end_of_shard(folder / "shards" / variant.name).empty()) out.push_back(variant.name);
  }
  return out;
}

// A folder holds one sweep, and that runs once at a time.
Status refuse_second_sweep(const Plan& plan, const fs::path& folder, const Slurm& slurm) {
  const auto before = TRY(read_sweep(folder));
  if (!before) return {};
  if (before->plan_hash != sweep_hash(plan)) {
    return usage_error(folder.string() + " holds the sweep of another plan",
                       fmt::format("it is of the plan '{}', as it then was", before->plan),
                       "choose another folder with --out");
  }
  std::vector<std::string> ids;
  for (const SweepJob& job : before->jobs) ids.push_back(job.id);
  std::vector<std::string> going_on;
  for (const JobState& job : TRY(slurm.states(ids))) {
    if (goes_on(job) && std::ranges::find(going_on, job.id) == going_on.end()) {
      going_on.push_back(job.id);
    }
  }
  if (going_on.empty()) return {};
  return usage_error(folder.string() + " has jobs that go on", "jobs " + join(going_on, ", "),
                     "wait for them (assay status), or end them: assay cancel");
}

Status refuse_network_store(const fs::path& folder, const JobLimits& limits) {
  if (!limits.scratch.empty() || !TRY(on_network_file_system(nearest_existing(folder)))) return {};
  return usage_error(folder.string() + " lies on a network file system",
                     "its locks cannot be relied on while a run writes its store",
                     "name a folder on the nodes' own disks, to be brought here when a run ends: "
                     "--scratch '$TMPDIR'");
}

void print_scripts(const Sweep& sweep, const JobLimits& limits, const JobCommand& command) {
  for (const SweepJob& job : sweep.jobs) {
    std::string text = fmt::format("# {}\n{}\n", script_file(sweep, job).string(),
                                   sbatch_script(sweep, job, limits, command));
    if (job.kind == JobKind::candidates) {
      text += fmt::format("# {}\n{}\n", list_file(sweep, job).string(), list_of(job));
    }
    print_out(text);
  }
}

Status write_scripts(const Sweep& sweep, const JobLimits& limits, const JobCommand& command) {
  TRY(make_dirs(sweep.folder / "jobs"));
  TRY(make_dirs(sweep.folder / "shards"));
  for (const SweepJob& job : sweep.jobs) {
    TRY(write_file_atomic(script_file(sweep, job), sbatch_script(sweep, job, limits, command)));
    if (job.kind != JobKind::candidates) continue;
    TRY(write_file_atomic(list_file(sweep, job), list_of(job)));
  }
  return {};
}

// The candidates wait for a baseline that has ended well; the merge for all, however they ended.
std::string dependency_of(const Sweep& sweep, const SweepJob& job) {
  std::string out;
  for (const SweepJob& other : sweep.jobs) {
    if (job.kind == JobKind::candidates && other.kind == JobKind::baseline) {
      return "afterok:" + other.id;
    }
    if (job.kind == JobKind::merge && other.kind != JobKind::merge) {
      out += (out.empty() ? "afterany:" : ":") + other.id;
    }
  }
  return out;
}

// What is submitted is on disk before the next job is, so that `assay cancel` knows of it.
Status submit_all(Sweep& sweep, const Slurm& slurm) {
  for (SweepJob& job : sweep.jobs) {
    job.id = TRY(slurm.submit(script_file(sweep, job), dependency_of(sweep, job)));
    TRY(write_sweep(sweep));
    fmt::print("job {}: {}{}\n", job.id, job.name,
               job.variants.empty() ? "" : fmt::format(", {} variants", job.variants.size()));
  }
  return {};
}

}  // namespace

void add_slurm_options(CLI::App& command, SlurmOptions& options) {
  JobLimits& limits = options.limits;
  CLI::Option* on = add_job_options(command, options.on, limits);
  const std::vector<CLI::Option*> only_there = {
      command.add_flag("--dry-run", options.dry_run, "With --on: print the jobs' scripts alone"),
      command.add_option("--time", options.time,
                         "With --on: wall clock of a job, as 3h; default: the budget's"),
      command
          .add_option("--width", limits.width,
                      "With --on: variants that run at a time; default: all")
          ->check(CLI::PositiveNumber),
      command.add_option("--scratch", limits.scratch,
                         "With --on: a folder on the nodes in which stores are written "
                         "('$TMPDIR')"),
  };
  for (CLI::Option* option : only_there) option->needs(on);
}

Result<int> run_on_slurm(const Plan& plan, const PlanOptions& plan_options,
                         const SlurmOptions& options, const Session& session) {
  TRY(check_shardable(plan));
  JobLimits limits = options.limits;
  if (!options.time.empty()) limits.time_s = TRY(parse_duration(options.time));
  limits = TRY(with_time(limits, plan));
  const fs::path folder = TRY(output_folder(plan, plan_options));
  const JobCommand command = TRY(job_command(plan_options));
  Sweep sweep = sweep_of(plan, folder, variants_to_run(plan, folder));
  if (options.dry_run) {
    print_scripts(sweep, limits, command);
    return kExitDone;
  }
  TRY(refuse_network_store(folder, limits));
  const Slurm slurm(Deadline().or_stop(session.interrupted));
  TRY(slurm.check(limits.partition));
  TRY(refuse_second_sweep(plan, folder, slurm));
  TRY(write_scripts(sweep, limits, command));
  TRY(submit_all(sweep, slurm));
  fmt::print("state: assay status {0}\nreport, when all have ended: {1}\n", folder.string(),
             (folder / "report.html").string());
  return kExitDone;
}

}  // namespace assay

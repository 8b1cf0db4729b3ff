#include "cli/run_on_slurm.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/language.h"
#include "base/text.h"
#include "cli/job_options.h"
#include "cluster/shard.h"
#include "cluster/slurm.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::vector<ShardPart> not_ended(const Sweep& sweep) {
  std::vector<ShardPart> out;
  for (const ShardPart& shard : sweep.shards) {
    if (end_of_shard(shard_folder(sweep, shard)).empty()) out.push_back(shard);
  }
  return out;
}

// A folder holds one sweep, and that runs once at a time.
Status refuse_second_sweep(const Sweep& sweep, const Slurm& slurm) {
  const fs::path& folder = sweep.folder;
  const auto before = TRY(read_sweep(folder));
  if (!before) return {};
  if (before->plan_hash != sweep.plan_hash) {
    return usage_error(
        bilingual("{} holds the sweep of another plan", "{} 里是另一份计划的批量运行",
                  folder.string()),
        bilingual("it is of the plan '{}', as it then was", "它属于当时的计划 '{}'", before->plan),
        {"choose another folder with --out", "用 --out 另选目录"});
  }
  if (before->shards != sweep.shards) {
    return usage_error(
        bilingual("{} holds the same plan in other shards", "{} 里是同一份计划的另一种分片",
                  folder.string()),
        bilingual("it has {} of them, and these options make {}",
                  "它有 {} 个，而这些选项生成 {} 个", before->shards.size(), sweep.shards.size()),
        {"give --task-groups and --repeat-groups as before, or choose another folder with --out",
         "--task-groups 和 --repeat-groups 与先前一致，或用 --out 另选目录"});
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
  return usage_error(bilingual("{} has jobs that go on", "{} 有仍在进行的作业", folder.string()),
                     bilingual("jobs {}", "作业 {}", join(going_on, ", ")),
                     {"wait for them (assay status), or end them: assay cancel",
                      "等它们结束（assay status），或结束它们：assay cancel"});
}

Status refuse_network_store(const fs::path& folder, const JobLimits& limits) {
  if (!limits.scratch.empty() || !TRY(on_network_file_system(nearest_existing(folder)))) return {};
  return usage_error(
      bilingual("{} lies on a network file system", "{} 在网络文件系统上", folder.string()),
      {"its locks cannot be relied on while a run writes its store",
       "运行写存储时，那里的锁靠不住"},
      {"name a folder on the nodes' own disks, to be brought here when a run ends: --scratch "
       "'$TMPDIR'",
       "给出节点本地磁盘上的目录，运行结束时取回这里：--scratch '$TMPDIR'"});
}

void print_scripts(const Sweep& sweep, const JobLimits& limits, const JobCommand& command) {
  for (const SweepJob& job : sweep.jobs) {
    std::string text = fmt::format("# {}\n{}\n", script_file(sweep, job).string(),
                                   sbatch_script(sweep, job, limits, command));
    if (job.is_array()) {
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
    if (!job.is_array()) continue;
    TRY(write_file_atomic(list_file(sweep, job), list_of(job)));
  }
  return {};
}

// The candidates wait for a baseline all of whose shards have ended well, the judge for a merge
// that has; the merge for all before it, however they ended.
bool waits_for(JobKind kind, JobKind before) {
  switch (kind) {
    case JobKind::baseline:
      return false;
    case JobKind::candidates:
      return before == JobKind::baseline;
    case JobKind::merge:
      return true;
    case JobKind::judge:
      break;
  }
  return before == JobKind::merge;
}

std::string dependency_of(const Sweep& sweep, const SweepJob& job) {
  std::string ids;
  for (const SweepJob& other : sweep.jobs) {
    if (&other == &job) break;
    if (waits_for(job.kind, other.kind)) ids += ":" + other.id;
  }
  if (ids.empty()) return "";
  return (job.kind == JobKind::merge ? "afterany" : "afterok") + ids;
}

// What is submitted is on disk before the next job is, so that `assay cancel` knows of it.
Status submit_all(Sweep& sweep, const Slurm& slurm, const Session& session) {
  for (SweepJob& job : sweep.jobs) {
    job.id = TRY(slurm.submit(script_file(sweep, job), dependency_of(sweep, job)));
    TRY(write_sweep(sweep));
    const Text shards =
        job.shards.size() < 2 ? Text() : bilingual(", {} shards", "，{} 个分片", job.shards.size());
    print_out(session, bilingual("job {}: {}{}\n", "作业 {}：{}{}\n", job.id, job.name, shards));
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
          .add_option("--width", limits.width, "With --on: shards that run at a time; default: all")
          ->check(CLI::PositiveNumber),
      command
          .add_option("--task-groups", options.groups.tasks,
                      "With --on: jobs into which each variant's tasks are divided; default: 1")
          ->check(CLI::PositiveNumber),
      command
          .add_option("--repeat-groups", options.groups.repeats,
                      "With --on: jobs into which each task's repeats are divided; default: 1")
          ->check(CLI::PositiveNumber),
      command.add_option("--scratch", limits.scratch,
                         "With --on: a folder on the nodes in which stores are written "
                         "('$TMPDIR')"),
  };
  for (CLI::Option* option : only_there) option->needs(on);
}

Result<int> run_on_slurm(const Plan& plan, const PlanOptions& plan_options,
                         const SlurmOptions& options, const Session& session) {
  const std::vector<ShardPart> shards = TRY(parts_of(plan, options.groups));
  JobLimits limits = options.limits;
  if (!options.time.empty()) limits.time_s = TRY(parse_duration(options.time));
  limits = TRY(with_time(limits, plan));
  const fs::path folder = TRY(output_folder(plan, plan_options));
  const JobCommand command = TRY(job_command(plan_options));
  Sweep sweep = sweep_of(plan, folder, shards);
  add_jobs(plan, not_ended(sweep), sweep);
  if (options.dry_run) {
    print_scripts(sweep, limits, command);
    return kExitDone;
  }
  TRY(refuse_network_store(folder, limits));
  const Slurm slurm(Deadline().or_stop(session.listen()));
  TRY(slurm.check(limits.partition));
  TRY(refuse_second_sweep(sweep, slurm));
  TRY(write_scripts(sweep, limits, command));
  TRY(submit_all(sweep, slurm, session));
  print_out(session, bilingual("state: assay status {0}\nreport, when all have ended: {1}\n",
                               "状态：assay status {0}\n全部结束后的报告：{1}\n", folder.string(),
                               (folder / "report.html").string()));
  return kExitDone;
}

}  // namespace assay

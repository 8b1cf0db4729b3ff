// A plan as jobs of a cluster: the baseline's shards first, then a task of an array for each shard
// of another variant, then the merge (docs/cluster.md). Values alone: cluster/slurm.h talks to
// Slurm.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"
#include "plan/sharding.h"
#include "values/shard_part.h"

namespace assay {

enum class JobKind { baseline, candidates, merge, judge };

struct SweepJob {
  JobKind kind = JobKind::baseline;
  std::string name;               // "baseline", "candidates-1", "merge": of its files, too
  std::vector<ShardPart> shards;  // each a task of the array, in order; of the last two kinds none
  std::string id;                 // Slurm's; empty: not submitted

  // A baseline in one piece is a job by itself.
  [[nodiscard]] bool is_array() const {
    return kind == JobKind::candidates || (kind == JobKind::baseline && shards.size() > 1);
  }
  friend bool operator==(const SweepJob&, const SweepJob&) = default;
};

struct Sweep {
  std::filesystem::path folder;
  std::string plan;               // its name
  std::string plan_hash;          // of the plan as the first submission had it
  std::string baseline;           // which of its variants that is
  std::vector<ShardPart> shards;  // all of the plan's, each of one variant, the baseline's first
  std::vector<SweepJob> jobs;
};

// What a job may use; empty or 0: as the cluster has it.
struct JobLimits {
  std::string partition;
  std::string account;
  std::string qos;
  int gpus_per_node = 0;
  int cpus_per_task = 0;
  std::string mem;      // "64G"
  double time_s = 0;    // wall clock of each job that asks an engine
  int width = 0;        // tasks of an array that run at a time
  std::string scratch;  // a folder on the node, as a shell word: the store is written there
  std::vector<std::string> more;  // further options of sbatch, as they are
};

// How the jobs call assay.
struct JobCommand {
  std::filesystem::path assay;
  std::filesystem::path plan;
  std::vector<std::string> options;  // --data, --set and the like, to be quoted
};

// Longest array that Slurm takes unless it is told otherwise (MaxArraySize 1001).
inline constexpr std::size_t kMostTasks = 1000;
// Between the signal that a job's time ends and its end; Slurm sends it up to a minute early.
inline constexpr double kGraceS = 120;
// Kept beside a budget for finding models and data, and for writing what is graded.
inline constexpr double kBesideBudgetS = 600;

// SHA-256 of what the plan asks; where its results go is none of that.
[[nodiscard]] std::string sweep_hash(const Plan& plan);

// A plan in these shards (parts_of), and no job yet.
[[nodiscard]] Sweep sweep_of(const Plan& plan, const std::filesystem::path& folder,
                             std::vector<ShardPart> shards);
// Adds the jobs that these of its shards need, those that have ended being left out, the merge, and
// where the plan names a judge the job that asks it.
void add_jobs(const Plan& plan, const std::vector<ShardPart>& to_run, Sweep& sweep);

// The limits with a time where the plan's budget gives one. Usage errors: a time that the budget
// does not fit into, or that is hardly enough to load a model; other limits that are none.
[[nodiscard]] Result<JobLimits> with_time(const JobLimits& limits, const Plan& plan);

// A shard's folder, and the files of a job.
[[nodiscard]] std::filesystem::path shard_folder(const Sweep& sweep, const ShardPart& shard);
[[nodiscard]] std::filesystem::path script_file(const Sweep& sweep, const SweepJob& job);
// The shards of an array, one a line.
[[nodiscard]] std::filesystem::path list_file(const Sweep& sweep, const SweepJob& job);

// The job's script, and what its list_file holds.
[[nodiscard]] std::string sbatch_script(const Sweep& sweep, const SweepJob& job,
                                        const JobLimits& limits, const JobCommand& command);
[[nodiscard]] std::string list_of(const SweepJob& job);

// FOLDER/sweep.json: which jobs were submitted. Reading: nothing where none were; an error
// (environment) where the file is another.
[[nodiscard]] Status write_sweep(const Sweep& sweep);
[[nodiscard]] Result<std::optional<Sweep>> read_sweep(const std::filesystem::path& folder);

}  // namespace assay

// The text of a job's script.
#include <fmt/format.h>

#include <cmath>

#include "base/shell_word.h"
#include "cluster/sweep.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// %j: the job's number; %A and %a: the array's, and the task's place in it.
std::string log_pattern(const SweepJob& job) {
  return job.name + (job.is_array() ? ".%A_%a.log" : ".%j.log");
}

// "#SBATCH --partition=gpu"; nothing for what was not said.
void add_text(std::string& out, const char* option, const std::string& value) {
  if (!value.empty()) out += fmt::format("#SBATCH --{}={}\n", option, value);
}

void add_number(std::string& out, const char* option, long value) {
  if (value > 0) out += fmt::format("#SBATCH --{}={}\n", option, value);
}

std::string array_of(const SweepJob& job, const JobLimits& limits) {
  std::string out = fmt::format("0-{}", job.shards.size() - 1);
  if (limits.width > 0) out += fmt::format("%{}", limits.width);
  return out;
}

// What only jobs need that ask an engine.
void add_engine_limits(std::string& out, const SweepJob& job, const JobLimits& limits) {
  add_number(out, "gpus-per-node", limits.gpus_per_node);
  add_number(out, "cpus-per-task", limits.cpus_per_task);
  add_text(out, "mem", limits.mem);
  add_number(out, "time", static_cast<long>(std::ceil(limits.time_s / 60)));  // minutes
  if (limits.time_s > 0) {
    add_text(out, "signal", fmt::format("B:TERM@{:.0f}", kGraceS));
  }
  if (job.is_array()) add_text(out, "array", array_of(job, limits));
}

std::string head_of(const Sweep& sweep, const SweepJob& job, const JobLimits& limits) {
  std::string out = "#!/usr/bin/env bash\n";
  add_text(out, "job-name", fmt::format("assay-{}-{}", sweep.plan, job.name));
  add_text(out, "output", (sweep.folder / "jobs" / log_pattern(job)).string());
  add_text(out, "open-mode", "append");
  add_text(out, "partition", limits.partition);
  add_text(out, "account", limits.account);
  add_text(out, "qos", limits.qos);
  add_number(out, "nodes", 1);
  out += "#SBATCH --requeue\n";  // the same command goes on where it stopped
  if (job.kind != JobKind::merge) add_engine_limits(out, job, limits);
  for (const std::string& option : limits.more) out += "#SBATCH " + option + "\n";
  return out + "set -euo pipefail\n\n";
}

std::string words(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& word : all) out += " " + shell_word(word);
  return out;
}

std::string which_shard(const Sweep& sweep, const SweepJob& job) {
  if (!job.is_array()) {
    return fmt::format("shard={}\n", shell_word(name_of(job.shards.front())));
  }
  return fmt::format("shard=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {})\n",
                     shell_word(list_file(sweep, job).string()));
}

// A candidate's shard is told of all of the baseline's and takes what it needs.
std::string run_command_of(const Sweep& sweep, const SweepJob& job, const JobCommand& command) {
  std::string out = shell_word(command.assay.string()) + " run" + words({command.plan.string()}) +
                    words(command.options) + " --yes --quiet --shard \"$shard\"";
  if (job.kind == JobKind::baseline) return out;
  for (const ShardPart& shard : sweep.shards) {
    if (!shard.has_variant(sweep.baseline)) continue;
    out += " --baseline-from " + shell_word(shard_folder(sweep, shard).string());
  }
  return out;
}

// A run in the background has ended, however it ended. The trap hands on the signal that the time
// is over.
constexpr const char* kWait = R"sh(run=$!
trap 'kill -TERM "$run"' TERM
code=0
wait "$run" || code=$?
while kill -0 "$run" 2>/dev/null; do
  code=0
  wait "$run" || code=$?
done
)sh";

// The store is written on the node and brought to the shared folder when the run ends.
constexpr const char* kOnScratch = R"sh(work={0}/assay-{1}-"$shard"
mkdir -p "$work"
if [[ -d $folder ]]; then cp -a "$folder/." "$work/"; fi
bring() {{
  rm -rf "$folder.new" && cp -a "$work" "$folder.new" && rm -rf "$folder" &&
    mv "$folder.new" "$folder"
}}
{2} --out "$work" &
{3}bring
rm -rf "$work"
exit "$code"
)sh";

constexpr const char* kJudgeOnScratch = R"sh(work={0}/assay-{1}-judge
mkdir -p "$work"
cp -a {2}/store.sqlite {2}/logs "$work/"
{3} --out "$work" &
{4}cp -a "$work/store.sqlite" {2}/store.judged.sqlite
mv {2}/store.judged.sqlite {2}/store.sqlite
rm -f "$work"/store.sqlite*
cp -a "$work/." {2}/
rm -rf "$work"
exit "$code"
)sh";

std::string shard_script(const Sweep& sweep, const SweepJob& job, const JobLimits& limits,
                         const JobCommand& command) {
  std::string out = which_shard(sweep, job);
  out += fmt::format("folder={}/\"$shard\"\n", shell_word((sweep.folder / "shards").string()));
  const std::string run = run_command_of(sweep, job, command);
  if (limits.scratch.empty()) return out + "exec " + run + " --out \"$folder\"\n";
  return out + fmt::format(fmt::runtime(kOnScratch), limits.scratch, sweep.plan, run, kWait);
}

std::string merge_script(const Sweep& sweep, const JobCommand& command) {
  return "exec " + shell_word(command.assay.string()) + " merge " +
         shell_word((sweep.folder / "shards").string()) + " --out " +
         shell_word(sweep.folder.string()) + " --partial\n";
}

// With what the baseline's job may use, on the merged folder. Its store, too, is written on the
// node where there is a place for it.
std::string judge_script(const Sweep& sweep, const JobLimits& limits, const JobCommand& command) {
  const std::string folder = shell_word(sweep.folder.string());
  const std::string run = shell_word(command.assay.string()) + " run" +
                          words({command.plan.string()}) + words(command.options) +
                          " --yes --quiet --judge-only";
  if (limits.scratch.empty()) return "exec " + run + " --out " + folder + "\n";
  return fmt::format(fmt::runtime(kJudgeOnScratch), limits.scratch, sweep.plan, folder, run, kWait);
}

}  // namespace

std::string sbatch_script(const Sweep& sweep, const SweepJob& job, const JobLimits& limits,
                          const JobCommand& command) {
  const std::string head = head_of(sweep, job, limits);
  switch (job.kind) {
    case JobKind::merge:
      return head + merge_script(sweep, command);
    case JobKind::judge:
      return head + judge_script(sweep, limits, command);
    default:
      return head + shard_script(sweep, job, limits, command);
  }
}

}  // namespace assay

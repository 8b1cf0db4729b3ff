// The text of a job's script.
#include <fmt/format.h>

#include <cmath>

#include "base/hash.h"
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

// To the shell of a job that has the run in the background (kWait).
constexpr const char* kTimeEnds = "USR1";

// What only jobs need that ask an engine.
void add_engine_limits(std::string& out, const SweepJob& job, const JobLimits& limits) {
  add_number(out, "gpus-per-node", limits.gpus_per_node);
  add_number(out, "cpus-per-task", limits.cpus_per_task);
  add_text(out, "mem", limits.mem);
  add_number(out, "time", static_cast<long>(std::ceil(limits.time_s / 60)));  // minutes
  if (limits.time_s > 0) {
    const char* signal = limits.scratch.empty() ? "TERM" : kTimeEnds;
    add_text(out, "signal", fmt::format("B:{}@{:.0f}", signal, kGraceS));
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
  // What is in a log already has a block of the disk, in which an error finds room when it is full.
  return out + "set -euo pipefail\necho \"job $SLURM_JOB_ID on $SLURMD_NODENAME, $(date)\"\n\n";
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

// A run in the background has ended, however it ended. That the time ends only the shell is told,
// which hands it on; SIGTERM of a cancelled job goes to all of its processes, and a run that gets
// it twice ends without another word.
constexpr const char* kWait = R"sh(run=$!
trap 'kill -TERM "$run" || :' USR1
trap : TERM
code=0
wait "$run" || code=$?
while kill -0 "$run" 2>/dev/null; do
  code=0
  wait "$run" || code=$?
done
)sh";

// The store is written on the node and brought to the shared folder when the run ends. What a job
// that was killed left on this node is newer than what it took from there, and is kept unless
// another job has brought something since. A copy gets its name when it is whole, and none lies
// among the shards, where a merge would take it for one. The file "brought" tells what was brought
// by one job from what another brought, or wrote there itself.
constexpr const char* kOnScratch = R"sh(work={0}/assay-{1}-"$shard"
new={2}/bringing/"$shard"
mark() {{ echo "$SLURM_JOB_ID ${{SLURM_RESTART_COUNT:-0}} $(date +%s%N)" >"$1/brought"; }}
there() {{ cat "$folder/brought" 2>/dev/null || echo none; }}
mkdir -p {0} {2}/bringing
if [[ ! -d $folder && -d $new ]]; then mv "$new" "$folder"; fi
if [[ -d $folder && ! -s $folder/brought ]]; then mark "$folder"; fi
if [[ $(there) != "$(cat "$work.from" 2>/dev/null)" ]]; then
  rm -rf "$work.from" "$work" "$work.new"
  if [[ -d $folder ]]; then
    cp -a "$folder" "$work.new"
    mv "$work.new" "$work"
  fi
  there >"$work.from"
fi
mkdir -p "$work"
bring() {{
  rm -rf "$new" "$new.part" && cp -a "$work" "$new.part" && mark "$new.part" &&
    mv "$new.part" "$new" && rm -rf "$folder" && mv "$new" "$folder"
}}
{3} --out "$work" &
{4}if ! bring; then
  rm -rf "$new.part"
  echo "error: what was answered cannot be brought to $folder; it stays in $work on" \
    "$(hostname -s), and the same assay run goes on with it on that node" >&2
  exit 3
fi
rm -rf "$work" "$work.from"
exit "$code"
)sh";

constexpr const char* kJudgeOnScratch = R"sh(work={0}/assay-{1}-judge
rm -rf "$work"
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

// Two sweeps of one plan may have the same node.
std::string name_on_node(const Sweep& sweep) {
  constexpr std::size_t kDigits = 8;
  return sweep.plan + "-" + sha256_hex(sweep.folder.string()).substr(0, kDigits);
}

std::string shard_script(const Sweep& sweep, const SweepJob& job, const JobLimits& limits,
                         const JobCommand& command) {
  std::string out = which_shard(sweep, job);
  out += fmt::format("folder={}/\"$shard\"\n", shell_word((sweep.folder / "shards").string()));
  const std::string run = run_command_of(sweep, job, command);
  if (limits.scratch.empty()) {
    return out + "rm -f \"$folder/brought\"\nexec " + run + " --out \"$folder\"\n";
  }
  return out + fmt::format(fmt::runtime(kOnScratch), limits.scratch, name_on_node(sweep),
                           shell_word(sweep.folder.string()), run, kWait);
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
  return fmt::format(fmt::runtime(kJudgeOnScratch), limits.scratch, name_on_node(sweep), folder,
                     run, kWait);
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

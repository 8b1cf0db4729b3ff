#include "cluster/slurm.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <set>

#include "base/json.h"
#include "base/subprocess.h"
#include "base/text.h"

namespace assay {
namespace {

constexpr std::chrono::seconds kPatience{60};  // a busy controller answers late

// 22.05: 7. Later: {"set": true, "infinite": false, "number": 7}, where not set means none.
std::optional<std::int64_t> number_of(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_object() || !value.value("set", false)) return std::nullopt;
  return value.value("number", std::int64_t{0});
}

// 22.05: "RUNNING". Later: ["RUNNING"], where more words say more ("REQUEUED").
std::string state_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array() && !value.empty() && value[0].is_string())
    return value[0].get<std::string>();
  return "UNKNOWN";
}

// A wait status as the kernel has it; later layouts tell code and signal apart.
int exit_code_of(const Json& value) {
  if (const auto status = number_of(value)) {
    const int signal = static_cast<int>(*status & 0x7f);
    return signal != 0 ? 128 + signal : static_cast<int>(*status >> 8 & 0xff);
  }
  if (!value.is_object()) return 0;
  if (const auto code = number_of(value.value("return_code", Json()))) {
    if (*code != 0) return static_cast<int>(*code);
  }
  const Json signal = value.value("signal", Json());
  if (!signal.is_object()) return 0;
  const auto number =
      number_of(signal.contains("id") ? signal["id"] : signal.value("signal_id", Json()));
  return number && *number != 0 ? 128 + static_cast<int>(*number) : 0;
}

std::optional<int> as_int(std::string_view text) {
  int out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

// "0-2,5%2" -> 0, 1, 2, 5. Slurm cuts a long one short with "...", whose end nobody knows.
std::vector<int> tasks_of(std::string_view text) {
  std::vector<int> out;
  for (const std::string& part : split(std::string(text.substr(0, text.find('%'))), ',')) {
    const std::size_t dash = part.find('-');
    const auto from = as_int(part.substr(0, dash));
    const auto to = dash == std::string::npos ? from : as_int(part.substr(dash + 1));
    if (!from || !to) continue;
    const int last = std::min(*to, static_cast<int>(kMostTasks));  // no array of ours is longer
    for (int task = *from; task <= last; ++task) out.push_back(task);
  }
  return out;
}

void add_job(const Json& value, std::vector<JobState>& out) {
  JobState job;
  job.state = state_of(value.value("job_state", Json()));
  job.nodes = value.contains("nodes") && value["nodes"].is_string()
                  ? value["nodes"].get<std::string>()
                  : "";
  const std::string reason = value.value("state_reason", std::string());
  if (reason != "None") job.reason = reason;
  job.exit_code = exit_code_of(value.value("exit_code", Json()));
  const std::int64_t own = number_of(value.value("job_id", Json())).value_or(0);
  const std::int64_t array = number_of(value.value("array_job_id", Json())).value_or(0);
  job.id = std::to_string(array != 0 ? array : own);
  const Json waiting = value.value("array_task_string", Json());
  if (waiting.is_string() && !waiting.get<std::string>().empty()) {
    for (const int task : tasks_of(waiting.get<std::string>())) {
      job.task = task;
      out.push_back(job);
    }
    return;
  }
  const auto task = number_of(value.value("array_task_id", Json()));
  if (array != 0 && task) job.task = static_cast<int>(*task);
  out.push_back(std::move(job));
}

Result<CommandResult> call(std::vector<std::string> argv, const Deadline& until) {
  const std::string name = argv.front();
  SpawnOptions options;
  options.argv = std::move(argv);
  options.env = {{"LC_ALL", "C"}};
  auto result = run_command(options, "", until);
  if (!result && result.error().kind != ErrorKind::interrupted) {
    return environment_error(name + " cannot be started", result.error().why,
                             "run this where Slurm's commands are (on its login node)");
  }
  return result;
}

std::unexpected<Error> refused(const std::string& what, const CommandResult& result) {
  std::string why = result.timed_out ? "Slurm's controller does not answer" : result.err;
  why = why.substr(0, why.find_last_not_of('\n') + 1);
  return environment_error(what, replace_all(why, "\n", "; "),
                           "see what Slurm says, and try again");
}

Result<std::string> output_of(std::vector<std::string> argv, const std::string& what,
                              const Deadline& until) {
  const CommandResult result = TRY(call(std::move(argv), until.at_most(kPatience)));
  if (result.exit_code != 0 || result.timed_out) return refused(what, result);
  return result.out;
}

// What a look at a machine may take; Slurm ends it then.
constexpr int kLookMinutes = 15;

std::vector<std::string> srun_words(int count, const JobLimits& limits) {
  std::vector<std::string> out = {"srun",
                                  "--label",
                                  "--job-name=assay-doctor",
                                  "--ntasks-per-node=1",
                                  fmt::format("--nodes={}", count),
                                  fmt::format("--ntasks={}", count),
                                  fmt::format("--time={}", kLookMinutes)};
  const auto add = [&out](const char* option, const std::string& value) {
    if (!value.empty()) out.push_back(fmt::format("--{}={}", option, value));
  };
  const auto given = [](int number) { return number > 0 ? std::to_string(number) : ""; };
  add("partition", limits.partition);
  add("account", limits.account);
  add("qos", limits.qos);
  add("gpus-per-node", given(limits.gpus_per_node));
  add("cpus-per-task", given(limits.cpus_per_task));
  add("mem", limits.mem);
  out.insert(out.end(), limits.more.begin(), limits.more.end());
  return out;
}

// Slurm's names of states in which a job still has something before it.
constexpr const char* kGoingOn[] = {"PENDING",    "RUNNING",   "SUSPENDED",   "CONFIGURING",
                                    "REQUEUED",   "RESIZING",  "SIGNALING",   "STAGE_OUT",
                                    "COMPLETING", "PREEMPTED", "REQUEUE_HOLD"};

}  // namespace

bool goes_on(const JobState& job) {
  return std::ranges::find(kGoingOn, job.state) != std::end(kGoingOn);
}

Result<std::vector<JobState>> jobs_from_squeue(std::string_view text) {
  const Json value = TRY(parse_json(text, "squeue --json"));
  std::vector<JobState> out;
  try {
    for (const Json& job : value.value("jobs", Json::array())) add_job(job, out);
  } catch (const Json::exception& e) {
    return environment_error("squeue --json cannot be read", e.what(),
                             "this Slurm's layout is not known; see docs/cluster.md");
  }
  return out;
}

std::vector<JobState> jobs_from_sacct(std::string_view text) {
  std::vector<JobState> out;
  for (const std::string& line : split(std::string(text), '\n')) {
    const std::vector<std::string> fields = split(line, '|');
    if (fields.size() < 4 || fields[0].find('.') != std::string::npos) continue;
    JobState job;
    const std::size_t line_of_task = fields[0].find('_');
    job.id = fields[0].substr(0, line_of_task);
    job.state = fields[1].substr(0, fields[1].find(' '));  // "CANCELLED by 1000"
    job.nodes = fields[3];
    const std::size_t colon = fields[2].find(':');
    const int code = as_int(fields[2].substr(0, colon)).value_or(0);
    const int signal =
        colon == std::string::npos ? 0 : as_int(fields[2].substr(colon + 1)).value_or(0);
    job.exit_code = signal != 0 ? 128 + signal : code;
    if (line_of_task == std::string::npos) {
      out.push_back(std::move(job));
      continue;
    }
    std::string tasks = fields[0].substr(line_of_task + 1);
    std::erase_if(tasks, [](char c) { return c == '[' || c == ']'; });
    for (const int task : tasks_of(tasks)) {
      job.task = task;
      out.push_back(job);
    }
  }
  return out;
}

Status Slurm::check(const std::string& partition) const {
  const std::string names =
      TRY(output_of({"sinfo", "--noheader", "--format=%R"}, "Slurm cannot be asked", until_));
  std::set<std::string> known;
  for (const std::string& name : split(names, '\n')) {
    if (!name.empty()) known.insert(name);
  }
  if (partition.empty() || known.contains(partition)) return {};
  return usage_error("Slurm has no partition '" + partition + "'",
                     known.empty() ? "it has none that you may see"
                                   : "it has " + join({known.begin(), known.end()}, ", "),
                     "give one of them with --partition");
}

Result<std::string> Slurm::submit(const std::filesystem::path& script,
                                  const std::string& after) const {
  std::vector<std::string> argv = {"sbatch", "--parsable", "--kill-on-invalid-dep=yes"};
  if (!after.empty()) argv.push_back("--dependency=" + after);
  argv.push_back(script.string());
  const std::string out =
      TRY(output_of(std::move(argv), "Slurm refuses " + script.filename().string(), until_));
  std::string id = out.substr(0, out.find_first_of(";\n"));  // "12;cluster"
  if (as_int(id)) return id;
  return environment_error("sbatch named no job", "it printed '" + id.substr(0, 100) + "'",
                           "see whether another program stands before it in PATH");
}

Result<std::vector<JobState>> Slurm::states(const std::vector<std::string>& ids) const {
  const std::set<std::string> wanted(ids.begin(), ids.end());
  std::vector<JobState> out;
  std::set<std::string> seen;
  const std::string queue =
      TRY(output_of({"squeue", "--me", "--states=all", "--json"}, "Slurm cannot be asked", until_));
  for (JobState& job : TRY(jobs_from_squeue(queue))) {
    if (!wanted.contains(job.id)) continue;
    seen.insert(job.id);
    out.push_back(std::move(job));
  }
  std::vector<std::string> forgotten;
  std::ranges::copy_if(wanted, std::back_inserter(forgotten),
                       [&](const std::string& id) { return !seen.contains(id); });
  if (forgotten.empty()) return out;
  const auto told =
      call({"sacct", "--allocations", "--noheader", "--parsable2",
            "--format=JobID,State,ExitCode,NodeList", "--jobs=" + join(forgotten, ",")},
           until_.at_most(kPatience));
  if (!told || told->exit_code != 0) return out;  // without accounting nobody knows any more
  for (JobState& job : jobs_from_sacct(told->out)) out.push_back(std::move(job));
  return out;
}

Status Slurm::cancel(const std::vector<std::string>& ids) const {
  if (ids.empty()) return {};
  std::vector<std::string> argv = {"scancel"};
  argv.insert(argv.end(), ids.begin(), ids.end());
  TRY(output_of(std::move(argv), "Slurm does not cancel the jobs", until_));
  return {};
}

Result<std::vector<NodeOutput>> Slurm::on_nodes(int count, const JobLimits& limits,
                                                const std::vector<std::string>& command) const {
  std::vector<std::string> argv = srun_words(count, limits);
  argv.insert(argv.end(), command.begin(), command.end());
  const CommandResult result = TRY(call(std::move(argv), until_));
  std::vector<NodeOutput> nodes = outputs_from_srun(result.out);
  if (nodes.size() == static_cast<std::size_t>(count)) return nodes;
  return refused(fmt::format("{} of {} nodes answered", nodes.size(), count), result);
}

}  // namespace assay

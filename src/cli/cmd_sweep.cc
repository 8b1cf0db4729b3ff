// assay status and assay cancel: what became of a sweep's jobs (assay run --on slurm).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/command.h"
#include "cli/plan_options.h"
#include "cluster/shard.h"
#include "cluster/slurm.h"
#include "cluster/sweep.h"
#include "report/printers.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

Result<Sweep> sweep_in(const std::string& place) {
  const fs::path folder = TRY(absolute_path(place));
  const auto sweep = TRY(read_sweep(folder));
  if (sweep) return *sweep;
  return usage_error("no sweep in " + folder.string(), "sweep.json is not there",
                     "name the folder that an `assay run --on slurm` wrote to");
}

std::vector<std::string> ids_of(const Sweep& sweep) {
  std::vector<std::string> ids;
  for (const SweepJob& job : sweep.jobs) {
    if (!job.id.empty()) ids.push_back(job.id);
  }
  return ids;
}

// A variant's job, or its task of the array.
std::map<std::string, JobState> states_by_variant(const Sweep& sweep,
                                                  const std::vector<JobState>& states) {
  std::map<std::string, JobState> out;
  for (const JobState& state : states) {
    const auto job = std::ranges::find(sweep.jobs, state.id, &SweepJob::id);
    if (job == sweep.jobs.end()) continue;
    const auto place = static_cast<std::size_t>(state.task.value_or(0));
    if (place < job->variants.size()) out[job->variants[place]] = state;
  }
  return out;
}

std::string words_of(const JobState& state) {
  std::string text = state.state;
  if (!goes_on(state) && state.exit_code != 0) text += fmt::format(" ({})", state.exit_code);
  if (state.state == "PENDING" && !state.reason.empty()) text += " (" + state.reason + ")";
  return text;
}

std::string job_name(const JobState& state) {
  return state.id + (state.task ? fmt::format("_{}", *state.task) : "");
}

std::vector<std::string> row_of(const Sweep& sweep, const std::string& variant,
                                const std::map<std::string, JobState>& states) {
  const std::string end = end_of_shard(shard_folder(sweep, variant));
  const auto state = states.find(variant);
  if (state == states.end()) return {variant, end.empty() ? "not ended" : end, "", "", ""};
  return {variant, end.empty() ? "not ended" : end, job_name(state->second),
          words_of(state->second), state->second.nodes};
}

Result<int> status(const std::string& place, const Session& session) {
  const Sweep sweep = TRY(sweep_in(place));
  const Slurm slurm(Deadline().or_stop(session.interrupted));
  const std::vector<JobState> states = TRY(slurm.states(ids_of(sweep)));
  const auto by_variant = states_by_variant(sweep, states);
  std::vector<std::vector<std::string>> rows = {{"variant", "run", "job", "state", "node"}};
  for (const std::string& variant : sweep.variants) {
    rows.push_back(row_of(sweep, variant, by_variant));
  }
  for (const SweepJob& job : sweep.jobs) {
    if (job.kind != JobKind::merge) continue;
    const auto state = std::ranges::find(states, job.id, &JobState::id);
    rows.push_back({"(merge)", "", job.id, state == states.end() ? "" : words_of(*state),
                    state == states.end() ? "" : state->nodes});
  }
  print_out(aligned(rows, session.columns));
  fmt::print("logs: {}\n", (sweep.folder / "jobs").string());
  return kExitDone;
}

Result<int> cancel(const std::string& place, const Session& session) {
  const Sweep sweep = TRY(sweep_in(place));
  const Slurm slurm(Deadline().or_stop(session.interrupted));
  std::vector<std::string> ids;
  for (const JobState& state : TRY(slurm.states(ids_of(sweep)))) {
    if (goes_on(state) && std::ranges::find(ids, state.id) == ids.end()) ids.push_back(state.id);
  }
  TRY(slurm.cancel(ids));
  fmt::print("{} jobs cancelled; what is answered is kept, and the same `assay run` goes on\n",
             ids.size());
  return kExitDone;
}

}  // namespace

void add_status(CLI::App& app, Session& session) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command =
      app.add_subcommand("status", "Say what became of the jobs of assay run --on slurm.");
  command->add_option("DIR", *folder, "The sweep's folder")->required();
  command->footer("Example:\n  assay status sweep");
  command->callback([folder, &session] { finish(session, status(*folder, session)); });
}

void add_cancel(CLI::App& app, Session& session) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("cancel", "End the jobs of assay run --on slurm.");
  command->add_option("DIR", *folder, "The sweep's folder")->required();
  command->footer("Example:\n  assay cancel sweep");
  command->callback([folder, &session] { finish(session, cancel(*folder, session)); });
}

}  // namespace assay

// assay status and assay cancel: what became of a sweep's jobs (assay run --on slurm).
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/json.h"
#include "cli/command.h"
#include "cli/plan_options.h"
#include "cluster/shard.h"
#include "cluster/slurm.h"
#include "cluster/sweep.h"
#include "report/heads.h"
#include "report/printers.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

Result<Sweep> sweep_in(const std::string& place) {
  const fs::path folder = TRY(absolute_path(place));
  const auto sweep = TRY(read_sweep(folder));
  if (sweep) return *sweep;
  return usage_error(bilingual("no sweep in {}", "{} 里没有批量运行", folder.string()),
                     {"sweep.json is not there", "没有 sweep.json"},
                     {"name the folder that an `assay run --on slurm` wrote to",
                      "给出 `assay run --on slurm` 写入的目录"});
}

std::vector<std::string> ids_of(const Sweep& sweep) {
  std::vector<std::string> ids;
  for (const SweepJob& job : sweep.jobs) {
    if (!job.id.empty()) ids.push_back(job.id);
  }
  return ids;
}

// A shard's job, or its task of the array.
std::map<std::string, JobState> states_by_shard(const Sweep& sweep,
                                                const std::vector<JobState>& states) {
  std::map<std::string, JobState> out;
  for (const JobState& state : states) {
    const auto job = std::ranges::find(sweep.jobs, state.id, &SweepJob::id);
    if (job == sweep.jobs.end()) continue;
    const auto place = static_cast<std::size_t>(state.task.value_or(0));
    if (place < job->shards.size()) out[name_of(job->shards[place])] = state;
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

// A shard of the sweep, its merge, or the judge's job.
struct SweepRow {
  ShardPart shard;    // of the others none
  std::string other;  // "merge" or "judge"
  std::string end;    // of its run; empty: it has not ended, or is none
  std::optional<JobState> job;
};

std::vector<SweepRow> rows_of(const Sweep& sweep, const std::vector<JobState>& states) {
  const auto by_shard = states_by_shard(sweep, states);
  std::vector<SweepRow> out;
  for (const ShardPart& shard : sweep.shards) {
    SweepRow row{shard, "", end_of_shard(shard_folder(sweep, shard)), std::nullopt};
    const auto job = by_shard.find(name_of(shard));
    if (job != by_shard.end()) row.job = job->second;
    out.push_back(std::move(row));
  }
  for (const SweepJob& job : sweep.jobs) {
    if (job.kind != JobKind::merge && job.kind != JobKind::judge) continue;
    const auto state = std::ranges::find(states, job.id, &JobState::id);
    JobState known{.id = job.id, .task = {}, .state = "", .reason = "", .nodes = ""};
    if (state != states.end()) known = *state;
    out.push_back({{}, job.name, "", std::move(known)});
  }
  return out;
}

Text end_words(const std::string& end) {
  if (end == "complete") return {end, "已完成"};
  if (end == "out_of_time") return {end, "预算用尽"};
  if (end == "interrupted") return {end, "已中断"};
  return end.empty() ? Text("not ended", "未结束") : Text(end);
}

// The merge or the judge.
Text other_job(const std::string& name) {
  return name == "judge" ? Text("(judge)", "（裁判模型）") : Text("(merge)", "（合并）");
}

// Slurm's own words of a job stay as they are.
std::string as_text(const std::vector<SweepRow>& rows, const Sweep& sweep,
                    const ScreenStyle& style) {
  Table table{"sweep"};
  table.head = {
      {"shard", "分片"}, {"run", "运行"}, {"job", "作业"}, {"state", "状态"}, {"node", "节点"}};
  for (const SweepRow& row : rows) {
    const bool shard = row.other.empty();
    std::vector<TableCell> line = {shard ? Text(name_of(row.shard)) : other_job(row.other),
                                   shard ? end_words(row.end) : Text()};
    if (row.job) {
      line.insert(line.end(), {job_name(*row.job), words_of(*row.job), row.job->nodes});
    } else {
      line.insert(line.end(), {"", "", ""});
    }
    table.rows.push_back(std::move(line));
  }
  return aligned(table, style.language, style.colour, style.columns) +
         bilingual("logs: {}\n", "日志：{}\n", (sweep.folder / "jobs").string()).in(style.language);
}

Json job_json(const JobState& job) {
  return {{"id", job.id},
          {"task", job.task ? Json(*job.task) : Json()},
          {"state", job.state},
          {"reason", job.reason},
          {"exit_code", goes_on(job) ? Json() : Json(job.exit_code)},
          {"nodes", job.nodes}};
}

std::string as_json(const std::vector<SweepRow>& rows, const Sweep& sweep) {
  Json variants = Json::array();
  Json others = {{"merge", nullptr}, {"judge", nullptr}};
  for (const SweepRow& row : rows) {
    const Json job = row.job ? job_json(*row.job) : Json();
    if (!row.other.empty()) {
      others[row.other] = job;
    } else {
      variants.push_back({{"variant", row.shard.variants.front()},
                          {"shard", name_of(row.shard)},
                          {"end", row.end},
                          {"job", job}});
    }
  }
  const Json whole = {{"plan", sweep.plan},
                      {"folder", sweep.folder.string()},
                      {"variants", std::move(variants)},
                      {"merge", others["merge"]},
                      {"judge", others["judge"]}};
  return dump_json(whole, 1) + "\n";
}

Result<int> status(const std::string& place, bool json, const Session& session) {
  const Sweep sweep = TRY(sweep_in(place));
  const Slurm slurm(Deadline().or_stop(session.listen()));
  const auto rows = rows_of(sweep, TRY(slurm.states(ids_of(sweep))));
  print_out(json ? as_json(rows, sweep) : as_text(rows, sweep, session.style()));
  return kExitDone;
}

Result<int> cancel(const std::string& place, const Session& session) {
  const Sweep sweep = TRY(sweep_in(place));
  const Slurm slurm(Deadline().or_stop(session.listen()));
  std::vector<std::string> ids;
  for (const JobState& state : TRY(slurm.states(ids_of(sweep)))) {
    if (goes_on(state) && std::ranges::find(ids, state.id) == ids.end()) ids.push_back(state.id);
  }
  TRY(slurm.cancel(ids));
  print_out(
      bilingual(
          "{0} job{1} cancelled; what is answered is kept, and the same `assay run` goes on\n",
          "取消了 {0} 个作业；已有的回答都保留，再次 `assay run` 会接着运行\n", ids.size(),
          ids.size() == 1 ? "" : "s")
          .in(session.language));
  return kExitDone;
}

}  // namespace

void add_status(CLI::App& app, Session& session) {
  auto folder = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("status", "Say what became of the jobs of assay run --on slurm.");
  command->add_option("DIR", *folder, "The sweep's folder")->required();
  command->add_flag("--json", *json, "The same as JSON");
  command->footer("Examples:\n  assay status sweep\n  assay status sweep --json");
  command->callback([folder, json, &session] { finish(session, status(*folder, *json, session)); });
}

void add_cancel(CLI::App& app, Session& session) {
  auto folder = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("cancel", "End the jobs of assay run --on slurm.");
  command->add_option("DIR", *folder, "The sweep's folder")->required();
  command->footer("Example:\n  assay cancel sweep");
  command->callback([folder, &session] { finish(session, cancel(*folder, session)); });
}

}  // namespace assay

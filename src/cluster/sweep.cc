#include "cluster/sweep.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr int kSweepFormat = 2;  // 1: jobs of whole variants alone
constexpr double kLeastS = 300;  // to start, load a small model and answer something

const char* kind_name(JobKind kind) {
  switch (kind) {
    case JobKind::baseline:
      return "baseline";
    case JobKind::candidates:
      return "candidates";
    case JobKind::merge:
      return "merge";
    case JobKind::judge:
      break;
  }
  return "judge";
}

Result<JobKind> kind_named(const std::string& name) {
  for (const JobKind kind :
       {JobKind::baseline, JobKind::candidates, JobKind::merge, JobKind::judge}) {
    if (name == kind_name(kind)) return kind;
  }
  return environment_error("sweep.json names a job of the unknown kind '" + name + "'",
                           "another version of assay wrote it", "use that version");
}

Json names_of(const std::vector<ShardPart>& shards) {
  Json names = Json::array();
  for (const ShardPart& shard : shards) names.push_back(name_of(shard));
  return names;
}

Result<std::vector<ShardPart>> shards_in(const Json& value, const std::string& file) {
  std::vector<ShardPart> shards;
  for (const std::string& name : TRY(strings_field(value, "shards", file))) {
    shards.push_back(TRY(shard_part_from(name)));
  }
  return shards;
}

Result<SweepJob> job_from(const Json& value, const std::string& file) {
  SweepJob job;
  job.kind = TRY(kind_named(TRY(string_field(value, "kind", file))));
  job.name = TRY(string_field(value, "name", file));
  job.id = TRY(string_field(value, "id", file));
  job.shards = TRY(shards_in(value, file));
  return job;
}

Result<Sweep> sweep_from(const Json& value, const fs::path& folder) {
  const std::string file = (folder / "sweep.json").string();
  if (TRY(int_field(value, "format", file)) != kSweepFormat) {
    return environment_error(file + " has another format", "another version of assay wrote it",
                             "use that version");
  }
  Sweep sweep{.folder = folder};
  sweep.plan = TRY(string_field(value, "plan", file));
  sweep.shards = TRY(shards_in(value, file));
  sweep.baseline = TRY(string_field(value, "baseline", file));
  sweep.plan_hash = TRY(string_field(value, "plan_hash", file));
  for (const Json& job : value.value("jobs", Json::array())) {
    sweep.jobs.push_back(TRY(job_from(job, file)));
  }
  return sweep;
}

// "candidates-1", "candidates-2": as many as Slurm takes in one array.
void add_arrays(JobKind kind, const std::vector<ShardPart>& shards, Sweep& sweep) {
  for (std::size_t i = 0; i < shards.size(); i += kMostTasks) {
    const auto begin = shards.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end =
        shards.begin() + static_cast<std::ptrdiff_t>(std::min(i + kMostTasks, shards.size()));
    sweep.jobs.push_back({kind, fmt::format("{}-{}", kind_name(kind), i / kMostTasks + 1),
                          std::vector(begin, end), ""});
  }
}

}  // namespace

std::string sweep_hash(const Plan& plan) {
  nlohmann::json value = to_json(plan);
  for (const char* key : {"output", "budget_s", "env"}) value.erase(key);
  return sha256_hex(dump_json(value));
}

Sweep sweep_of(const Plan& plan, const fs::path& folder, std::vector<ShardPart> shards) {
  Sweep sweep{.folder = folder, .plan = plan.name, .plan_hash = sweep_hash(plan)};
  for (const VariantSpec& variant : plan.variants) {
    if (variant.baseline) sweep.baseline = variant.name;
  }
  sweep.shards = std::move(shards);
  return sweep;
}

void add_jobs(const Plan& plan, const std::vector<ShardPart>& to_run, Sweep& sweep) {
  std::vector<ShardPart> own;
  std::vector<ShardPart> others;
  for (const ShardPart& shard : to_run) {
    (shard.has_variant(sweep.baseline) ? own : others).push_back(shard);
  }
  if (own.size() == 1) {
    sweep.jobs.push_back({JobKind::baseline, "baseline", own, ""});
  } else {
    add_arrays(JobKind::baseline, own, sweep);
  }
  add_arrays(JobKind::candidates, others, sweep);
  sweep.jobs.push_back({JobKind::merge, "merge", {}, ""});
  if (names_judge(plan)) sweep.jobs.push_back({JobKind::judge, "judge", {}, ""});
}

Result<JobLimits> with_time(const JobLimits& limits, const Plan& plan) {
  JobLimits out = limits;
  const double needed_s = plan.budget_s > 0 ? plan.budget_s + kBesideBudgetS : 0;
  if (out.time_s == 0) {
    out.time_s = needed_s;
    return out;
  }
  if (out.time_s < needed_s) {
    return usage_error(
        fmt::format("--time {} is less than the plan needs", human_duration(out.time_s)),
        fmt::format("each job may use the budget of {}, and {} more to find models and data and to "
                    "write what is left",
                    human_duration(plan.budget_s), human_duration(kBesideBudgetS)),
        fmt::format("give --time {} or more, or a smaller --budget", human_duration(needed_s)));
  }
  if (out.time_s >= kLeastS) return out;
  return usage_error(
      fmt::format("--time {} is hardly enough to load a model", human_duration(out.time_s)),
      fmt::format("a job is told {} before its time ends", human_duration(kGraceS)),
      fmt::format("give {} at least", human_duration(kLeastS)));
}

fs::path shard_folder(const Sweep& sweep, const ShardPart& shard) {
  return sweep.folder / "shards" / name_of(shard);
}

fs::path script_file(const Sweep& sweep, const SweepJob& job) {
  return sweep.folder / "jobs" / (job.name + ".sbatch");
}

fs::path list_file(const Sweep& sweep, const SweepJob& job) {
  return sweep.folder / "jobs" / (job.name + ".shards");
}

std::string list_of(const SweepJob& job) {
  std::string out;
  for (const ShardPart& shard : job.shards) out += name_of(shard) + "\n";
  return out;
}

Status write_sweep(const Sweep& sweep) {
  Json jobs = Json::array();
  for (const SweepJob& job : sweep.jobs) {
    jobs.push_back({{"kind", kind_name(job.kind)},
                    {"name", job.name},
                    {"id", job.id},
                    {"shards", names_of(job.shards)}});
  }
  const Json value = {{"format", kSweepFormat},       {"plan", sweep.plan},
                      {"baseline", sweep.baseline},   {"shards", names_of(sweep.shards)},
                      {"plan_hash", sweep.plan_hash}, {"jobs", std::move(jobs)}};
  return write_file_atomic(sweep.folder / "sweep.json", dump_json(value, 1) + "\n");
}

Result<std::optional<Sweep>> read_sweep(const fs::path& folder) {
  std::error_code code;
  if (!fs::exists(folder / "sweep.json", code)) return std::nullopt;
  const std::string text = TRY(read_file(folder / "sweep.json"));
  const Json value = TRY(parse_json(text, (folder / "sweep.json").string()));
  return TRY(sweep_from(value, folder));
}

}  // namespace assay

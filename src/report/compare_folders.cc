#include "report/compare_folders.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "report/summary.h"
#include "report/terminal.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

struct Samples {
  std::string metric;
  std::map<std::string, double> scores;  // document -> score
};

// "samples_<task>_<time>.jsonl" -> task; the time begins with a year.
std::optional<std::string> task_of(const std::string& name) {
  if (!name.starts_with("samples_") || !name.ends_with(".jsonl")) return std::nullopt;
  const std::string middle = name.substr(8, name.size() - 8 - 6);
  const std::size_t at = middle.rfind("_20");
  return at == std::string::npos ? middle : middle.substr(0, at);
}

std::map<std::string, fs::path> sample_files(const fs::path& folder) {
  std::map<std::string, fs::path> files;
  std::error_code code;
  for (fs::recursive_directory_iterator it(folder, code), end; it != end; it.increment(code)) {
    const auto task = task_of(it->path().filename().string());
    if (!task) continue;
    fs::path& kept = files[*task];
    if (kept.empty() || kept.filename() < it->path().filename())
      kept = it->path();  // newest by its name
  }
  return files;
}

std::optional<double> score_of(const Json& sample, std::string& metric) {
  if (metric.empty()) {
    for (const Json& name : sample.value("metrics", Json::array())) {
      if (name.is_string() && sample.contains(name.get<std::string>())) {
        metric = name.get<std::string>();
        break;
      }
    }
  }
  for (const char* name : {"robust", "exact_match", "acc"}) {
    if (metric.empty() && sample.contains(name)) metric = name;
  }
  const auto it = sample.find(metric);
  if (it == sample.end()) return std::nullopt;
  if (it->is_boolean()) return it->get<bool>() ? 1.0 : 0.0;
  if (!it->is_number()) return std::nullopt;
  return it->get<double>();
}

// Streams the file: memory grows with the number of samples, not with their outputs.
Result<Samples> read_samples(const fs::path& file) {
  std::ifstream in(file);
  if (!in)
    return usage_error("cannot read " + file.string(), "it cannot be opened",
                       "check its permissions");
  Samples out;
  std::string line;
  std::map<std::string, std::pair<double, int>> sums;
  for (int number = 1; std::getline(in, line); ++number) {
    if (trim(line).empty()) continue;
    const Json sample = TRY(parse_json(line, fmt::format("{}:{}", file.string(), number)));
    if (!sample.is_object()) continue;
    const auto score = score_of(sample, out.metric);
    if (!score || !(*score >= 0 && *score <= 1)) continue;  // unscored, or NaN
    const auto hash = sample.find("doc_hash");
    const std::string id = hash != sample.end() && hash->is_string()
                               ? hash->get<std::string>()
                               : dump_json(sample.value("doc_id", Json(number)));
    auto& [sum, n] = sums[id];
    sum += *score;
    ++n;
  }
  for (const auto& [id, value] : sums) out.scores[id] = value.first / value.second;
  return out;
}

}  // namespace

Result<FolderComparison> compare_folders(const fs::path& base, const fs::path& candidate,
                                         const CompareOptions& options) {
  FolderComparison out{base.string(), candidate.string(), options.margin_pp, {}, {}};
  const auto base_files = sample_files(base);
  const auto candidate_files = sample_files(candidate);
  std::vector<PoolTask> pool_tasks;
  for (const auto& [task, file] : base_files) {
    const auto other = candidate_files.find(task);
    if (other == candidate_files.end()) continue;
    const Samples left = TRY(read_samples(file));
    const Samples right = TRY(read_samples(other->second));
    TaskComparison comparison{task, left.metric, {}};
    PoolTask pool_task{task, 1, {}};
    for (const auto& [id, score] : left.scores) {
      const auto it = right.scores.find(id);
      if (it == right.scores.end()) {
        ++comparison.only_base;
      } else {
        pool_task.pairs.push_back({score, it->second, 1});
      }
    }
    comparison.only_candidate =
        static_cast<std::int64_t>(right.scores.size() - pool_task.pairs.size());
    comparison.comparison = compare_pairs(pool_task.pairs, options);
    out.tasks.push_back(comparison);
    pool_tasks.push_back(std::move(pool_task));
  }
  if (out.tasks.empty()) {
    return usage_error(
        "these folders share no task with samples",
        "samples_*.jsonl of a same task on both sides are needed",
        "run lm-eval with --log_samples, or name one variant's folder below results/");
  }
  std::vector<PairedComparison*> family;
  for (TaskComparison& task : out.tasks) family.push_back(&task.comparison);
  adjust_family(family, options);
  out.pooled = pool(pool_tasks, options);
  return out;
}

std::string comparison_text(const FolderComparison& comparison) {
  std::vector<std::vector<std::string>> rows = {
      {"task", "pairs", "base", "candidate", "difference [95 %]", "verdict"}};
  const auto add = [&](const std::string& name, const PairedComparison& c) {
    rows.push_back({name, std::to_string(c.n), fmt::format("{:.1f} %", c.baseline_mean * 100),
                    fmt::format("{:.1f} %", c.candidate_mean * 100), difference_text(c),
                    verdict_text(c)});
  };
  add("pooled", comparison.pooled.overall);
  for (const TaskComparison& task : comparison.tasks) add(task.task, task.comparison);
  std::string out = fmt::format("{} against {}, margin {} points\n", comparison.candidate,
                                comparison.base, comparison.margin_pp);
  out += aligned(rows);
  for (const TaskComparison& task : comparison.tasks) {
    if (task.only_base + task.only_candidate == 0) continue;
    out += fmt::format("{}: {} items only in the base, {} only in the candidate: left out\n",
                       task.task, task.only_base, task.only_candidate);
  }
  return out;
}

std::string comparison_json(const FolderComparison& comparison) {
  const auto entry = [](const PairedComparison& c) {
    return Json{{"n", c.n},
                {"diff_pp", c.diff_pp},
                {"ci95_low_pp", c.ci95_low_pp},
                {"ci95_high_pp", c.ci95_high_pp},
                {"p_worse", c.p_worse},
                {"p_non_inferior", c.p_non_inferior},
                {"verdict", verdict_name(c.verdict)}};
  };
  Json out = {{"schema_version", 1},
              {"base", comparison.base},
              {"candidate", comparison.candidate},
              {"margin_pp", comparison.margin_pp},
              {"pooled", entry(comparison.pooled.overall)},
              {"tasks", Json::array()}};
  for (const TaskComparison& task : comparison.tasks) {
    Json one = entry(task.comparison);
    one.update({{"task", task.task},
                {"metric", task.metric},
                {"only_base", task.only_base},
                {"only_candidate", task.only_candidate}});
    out["tasks"].push_back(one);
  }
  return dump_json(out, 1) + "\n";
}

}  // namespace assay

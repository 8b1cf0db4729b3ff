#include "compare/run_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "compare/result_folders.h"
#include "compare/samples.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSamples = "samples_";
// A JSON file under another name than lm-eval's own is looked into up to this size.
constexpr std::uintmax_t kLargestUnnamed = std::uintmax_t{2} << 30;

bool is_json(const fs::path& file) {
  return file.extension() == ".json" || file.extension() == ".jsonl";
}

bool is_named_results(const std::string& name) {
  return name.starts_with("results") && name.ends_with(".json");
}

std::vector<fs::path> json_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (entry.is_regular_file(code) && is_json(entry.path())) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Sample {
  std::string task;
  std::string date;
  fs::path file;
};

// "pretrained=org/model" -> "pretrained__org__model", as lm-eval up to 0.4.2 begins sample files.
std::string file_prefix(const std::string& model_args) {
  return replace_all(replace_all(model_args, "/", "__"), "=", "__");
}

bool has_task(const RunFiles& run, const std::string& task) {
  return run.result.tasks.contains(task);
}

// Up to lm-eval 0.4.2: <model>_<task>.jsonl. The longest name of a task that fits counts.
void add_unnamed(const fs::path& file, std::vector<RunFiles>& runs) {
  const std::string stem = file.stem().string();
  RunFiles* owner = nullptr;
  std::string name;
  for (RunFiles& run : runs) {
    const std::string prefix = file_prefix(run.result.model_args);
    if (runs.size() > 1 && !stem.starts_with(prefix)) continue;
    for (const auto& [task, summary] : run.result.tasks) {
      if (stem != task && !stem.ends_with("_" + task)) continue;
      if (task.size() <= name.size()) continue;
      owner = &run;
      name = task;
    }
  }
  if (owner != nullptr) owner->samples.try_emplace(name, file);
}

// Samples of no results file's date: the newest results without samples of that task, where all
// results of the folder are of one model; else a run of their own.
void add_undated(const Sample& sample, FolderFiles& out, std::vector<RunFiles>& alone) {
  std::set<std::string> models;
  for (const RunFiles& run : out.runs) models.insert(run.result.model);
  if (models.size() > 1) {
    out.left_out.push_back(fmt::format(
        "{}: no results file of its date says whose samples they are", sample.file.string()));
    return;
  }
  for (auto run = out.runs.rbegin(); run != out.runs.rend(); ++run) {
    if (!has_task(*run, sample.task) || run->samples.contains(sample.task)) continue;
    run->samples[sample.task] = sample.file;
    return;
  }
  RunFiles own{sample.file.parent_path(), {}, {{sample.task, sample.file}}};
  own.result.date = sample.date;
  if (!out.runs.empty()) {
    own.result.model = out.runs.back().result.model;
    own.result.model_args = out.runs.back().result.model_args;
  }
  alone.push_back(std::move(own));
}

}  // namespace

std::optional<std::pair<std::string, std::string>> sample_file_name(const std::string& name) {
  const fs::path path = name;
  if (!name.starts_with(kSamples) || !is_json(path)) return std::nullopt;
  return split_date(path.stem().string().substr(kSamples.size()));
}

FolderFiles files_of_folder(const fs::path& folder) {
  FolderFiles out;
  std::vector<Sample> samples;
  std::vector<fs::path> unnamed;
  for (const fs::path& file : json_files(folder)) {
    const std::string name = file.filename().string();
    if (const auto sample = sample_file_name(name)) {
      if (!has_samples(file)) {
        out.left_out.push_back(file.string() + ": it holds no whole sample");
        continue;
      }
      samples.push_back({sample->first, sample->second, file});
      continue;
    }
    std::error_code code;
    const bool named = is_named_results(name);
    const bool small = fs::file_size(file, code) <= kLargestUnnamed;
    if (name == "results.json" && is_assay_report(file)) continue;
    if (!named && !(small && is_result_file(file))) {
      if (name.ends_with(".jsonl")) unnamed.push_back(file);
      continue;
    }
    auto result = read_result_file(file);
    if (result) {
      out.runs.push_back({folder, *std::move(result), {}});
    } else {
      out.left_out.push_back(fmt::format("{}: {}", result.error().what, result.error().why));
    }
  }
  std::stable_sort(out.runs.begin(), out.runs.end(), [](const RunFiles& a, const RunFiles& b) {
    return a.result.date < b.result.date;
  });
  std::stable_sort(samples.begin(), samples.end(),
                   [](const Sample& a, const Sample& b) { return a.date > b.date; });
  std::vector<const Sample*> undated;
  for (const Sample& sample : samples) {
    const auto run = std::find_if(out.runs.begin(), out.runs.end(), [&](const RunFiles& r) {
      return !sample.date.empty() && r.result.date == sample.date;
    });
    if (run == out.runs.end()) {
      undated.push_back(&sample);
    } else {
      run->samples[sample.task] = sample.file;
    }
  }
  std::vector<RunFiles> alone;
  for (const Sample* sample : undated) add_undated(*sample, out, alone);
  for (const fs::path& file : unnamed) add_unnamed(file, out.runs);
  out.runs.insert(out.runs.end(), std::make_move_iterator(alone.begin()),
                  std::make_move_iterator(alone.end()));
  std::stable_sort(out.runs.begin(), out.runs.end(), [](const RunFiles& a, const RunFiles& b) {
    return a.result.date < b.result.date;
  });
  return out;
}

}  // namespace assay

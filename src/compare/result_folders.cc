#include "compare/result_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "report/write.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSamples = "samples_";
constexpr std::string_view kResults = "results";
constexpr std::string_view kJsonl = ".jsonl";

// lm-eval's files may hold NaN and Infinity, which JSON has not: null stands for them. Text in
// quotes is left alone.
std::string without_nan(const std::string& text) {
  if (text.find("NaN") == std::string::npos && text.find("Infinity") == std::string::npos) {
    return text;
  }
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      out += text[i];
      if (i + 1 < text.size()) out += text[++i];
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    const std::string_view rest = std::string_view(text).substr(i);
    bool replaced = false;
    for (std::string_view word : {"NaN", "-Infinity", "Infinity"}) {
      if (quoted || !rest.starts_with(word)) continue;
      out += "null";
      i += word.size() - 1;
      replaced = true;
      break;
    }
    if (!replaced) out += text[i];
  }
  return out;
}

Result<Json> read_results(const fs::path& file) {
  Json value = TRY(parse_json(without_nan(TRY(read_file(file))), file.string()));
  if (!value.is_object()) {
    return usage_error("cannot use " + file.string(), "it holds no JSON object",
                       "name a folder of assay or lm-eval results");
  }
  return value;
}

std::string text_at(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

// Names that stand for several tasks together: their items are counted with the tasks.
std::set<std::string> group_names(const Json& report) {
  std::set<std::string> names;
  for (const char* key : {"groups", "group_subtasks"}) {
    const auto it = report.find(key);
    if (it == report.end() || !it->is_object()) continue;
    for (const auto& [name, members] : it->items()) {
      if (std::string_view(key) == "groups" || !members.empty()) names.insert(name);
    }
  }
  return names;
}

// "acc,none" -> acc and none; "acc" (lm-eval before 0.4) -> acc and "".
std::pair<std::string, std::string> metric_name(const std::string& key) {
  const std::size_t comma = key.find(',');
  if (comma == std::string::npos) return {key, ""};
  return {key.substr(0, comma), key.substr(comma + 1)};
}

TaskSummary lm_eval_task(const Json& report, const std::string& task, const Json& entry) {
  TaskSummary out;
  for (const auto& [key, value] : entry.items()) {
    const auto [name, filter] = metric_name(key);
    if (!value.is_number() || name.ends_with("_stderr") || name == "alias" ||
        name == "sample_len" || name == "sample_count") {
      continue;
    }
    MetricSummary metric{name, filter, value.get<double>(), {}, true};
    const std::string error = name + "_stderr" + (filter.empty() ? "" : "," + filter);
    if (entry.contains(error) && entry.at(error).is_number()) {
      metric.standard_error = entry.at(error).get<double>();
    }
    const Json higher = report.value("higher_is_better", Json::object()).value(task, Json());
    if (higher.is_object() && higher.contains(name) && higher.at(name).is_boolean()) {
      metric.higher_is_better = higher.at(name).get<bool>();
    }
    out.metrics.push_back(metric);
  }
  const Json counts = report.value("n-samples", Json::object()).value(task, Json());
  if (counts.is_object() && counts.contains("effective") && counts["effective"].is_number()) {
    out.n = counts["effective"].get<std::int64_t>();
  }
  const Json hashes = report.value("task_hashes", Json::object());
  if (hashes.is_object()) out.prompt_sha = text_at(hashes, task.c_str());
  return out;
}

// Of assay's tasks SciCode alone has several steps.
bool covers_answers(const Json& report, const Json& entry) {
  return report.contains("assay") && report.value("samples_version", 1) < kSamplesVersion &&
         text_at(entry, "alias") == "SciCode";
}

void read_lm_eval_results(const Json& report, ResultArm& arm) {
  const std::set<std::string> groups = group_names(report);
  const Json results = report.value("results", Json::object());
  for (const auto& [task, entry] : results.items()) {
    if (!entry.is_object()) continue;
    if (groups.contains(task)) {
      arm.groups[task] = lm_eval_task(report, task, entry);
      continue;
    }
    arm.tasks[task] = lm_eval_task(report, task, entry);
    arm.tasks[task].not_available = text_at(entry, "status");
    arm.tasks[task].prompt_hash_covers_answers = covers_answers(report, entry);
  }
  arm.model = text_at(report, "model_name");
  arm.chat_template_sha = text_at(report, "chat_template_sha");
}

// One folder that holds result files: an arm, or none.
Result<std::optional<ResultArm>> arm_of_folder(const fs::path& folder, const std::string& name) {
  ResultArm arm{name, "", folder};
  fs::path results;
  int dates = 0;
  std::map<std::string, std::string> newest;  // task -> date
  std::vector<fs::path> other;
  std::error_code code;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, code)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string base = file.filename().string();
    if (base.starts_with(kResults) && base.ends_with(".json")) {
      results = file;  // sorted: the last is the newest
      ++dates;
    } else if (const auto sample = sample_file_name(base)) {
      std::string& date = newest[sample->first];
      if (date > sample->second) continue;
      date = sample->second;
      arm.samples[sample->first] = file;
    } else if (base.ends_with(kJsonl)) {
      other.push_back(file);
    }
  }
  if (results.empty() && arm.samples.empty()) return std::optional<ResultArm>();
  if (!results.empty()) read_lm_eval_results(TRY(read_results(results)), arm);
  for (const fs::path& file : other) {  // before lm-eval 0.4.3: <model>_<task>.jsonl
    const std::string stem = file.stem().string();
    for (const auto& [task, summary] : arm.tasks) {
      if (stem == task || stem.ends_with("_" + task)) arm.samples.try_emplace(task, file);
    }
  }
  if (dates > 1) {
    arm.notes.push_back(
        fmt::format("{}: {} results files, {} counts", name, dates, results.filename().string()));
  }
  return std::optional<ResultArm>(std::move(arm));
}

// What is missing, or null because it was no number, keeps no limit of a policy.
Estimate estimate_of(const Json& value) {
  const auto number = [&value](const char* name) {
    const auto it = value.find(name);
    return it != value.end() && it->is_number() ? it->get<double>()
                                                : std::numeric_limits<double>::quiet_NaN();
  };
  return {number("value"), number("low"), number("high")};
}

void add_assay_facts(const Json& report, ResultArm& arm) {
  arm.of_assay = true;
  for (const Json& v : report.at("variants")) {
    if (v.at("name") != arm.name) continue;
    arm.baseline = v.at("baseline");
    arm.model = v.at("model");
  }
  for (const Json& f : report.at("flags")) {
    if (f.at("variant") != arm.name) continue;
    Flag flag{f.at("name"), arm.name, f.at("task")};
    flag.count = f.at("count");
    flag.of = f.at("of");
    flag.text = f.at("text");
    if (f.contains("invalidates")) {
      flag.invalidates = f["invalidates"].get<std::vector<std::string>>();
    } else if (f.at("forces_invalid") == true) {
      flag.invalidates = {arm.name};
    }
    arm.flags.push_back(std::move(flag));
  }
  const Json fidelity = report.value("fidelity", Json::object()).value(arm.name, Json());
  if (fidelity.is_object()) {
    FidelityValues f;
    f.kl = estimate_of(fidelity.value("kl", Json::object()));
    f.top1_agreement = estimate_of(fidelity.value("top1_agreement", Json::object()));
    f.items = fidelity.value("items", std::int64_t{0});
    f.tokens = fidelity.value("tokens", std::int64_t{0});
    arm.fidelity = f;
  }
}

// The run that a folder RUN/results/VARIANT belongs to.
fs::path run_of(const fs::path& folder) {
  const fs::path parent = folder.parent_path();
  return parent.filename() == "results" ? parent.parent_path() : fs::path();
}

Result<std::vector<ResultArm>> arms_below(const fs::path& folder) {
  std::vector<fs::path> folders = {folder};
  std::error_code code;
  for (fs::recursive_directory_iterator it(folder, code), end; it != end; it.increment(code)) {
    if (it->is_directory(code)) folders.push_back(it->path());
  }
  std::sort(folders.begin(), folders.end());
  const bool run = is_assay_report(folder / "results.json");
  std::vector<ResultArm> arms;
  for (const fs::path& one : folders) {
    if (run && one == folder) continue;
    const bool variant = !run_of(one).empty() && is_assay_report(run_of(one) / "results.json");
    std::string name =
        one == folder ? one.filename().string() : one.lexically_relative(folder).generic_string();
    if (variant) name = one.filename().string();
    auto arm = TRY(arm_of_folder(one, name));
    if (!arm) continue;
    if (variant) {
      add_assay_facts(TRY(read_results(run_of(one) / "results.json")), *arm);
    }
    arms.push_back(*std::move(arm));
  }
  return arms;
}

}  // namespace

bool is_assay_report(const fs::path& file) {
  if (!fs::exists(file)) return false;
  const auto report = read_results(file);
  return report && report->contains("schema_version") && report->contains("variants");
}

std::optional<std::pair<std::string, std::string>> sample_file_name(const std::string& name) {
  if (!name.starts_with(kSamples) || !name.ends_with(kJsonl)) return std::nullopt;
  const std::string middle =
      name.substr(kSamples.size(), name.size() - kSamples.size() - kJsonl.size());
  // "_2026-11-22T20-40-09", with a fraction or without
  const auto is_date = [&middle](std::size_t at) {
    constexpr std::string_view shape = "_dddd-dd-ddT";
    if (middle.size() < at + shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const char c = middle[at + i];
      if (shape[i] == 'd' ? c < '0' || c > '9' : c != shape[i]) return false;
    }
    return true;
  };
  for (std::size_t at = middle.rfind('_'); at != std::string::npos && at > 0;
       at = middle.rfind('_', at - 1)) {
    if (is_date(at)) return std::pair(middle.substr(0, at), middle.substr(at + 1));
  }
  return std::pair(middle, std::string());
}

Result<std::vector<ResultArm>> read_arms(const std::string& spec) {
  fs::path folder = spec;
  std::string wanted;
  const std::size_t colon = spec.rfind(':');
  if (!fs::exists(folder) && colon != std::string::npos && colon > 0) {
    folder = spec.substr(0, colon);
    wanted = spec.substr(colon + 1);
  }
  if (!fs::is_directory(folder)) {
    return usage_error("no folder " + folder.string(), "it does not exist or is no folder",
                       "name a folder of assay or lm-eval results, or DIR:VARIANT");
  }
  folder = fs::weakly_canonical(folder);
  std::vector<ResultArm> arms;
  try {
    arms = TRY(arms_below(folder));
  } catch (const Json::exception& e) {
    return usage_error("the results in " + folder.string() + " have another layout", e.what(),
                       "name a folder of assay or lm-eval results");
  } catch (const fs::filesystem_error& e) {
    return usage_error("cannot read " + folder.string(), e.what(), "check its permissions");
  }
  if (arms.empty()) {
    return usage_error("no results in " + folder.string(),
                       "neither results_*.json nor samples_*.jsonl is there",
                       "name a folder of assay or lm-eval results");
  }
  // lm-eval names the folder below after the model: of two runs often the same.
  if (wanted.empty() && arms.size() == 1 && !arms[0].of_assay && arms[0].folder != folder) {
    arms[0].name = folder.filename().string() + "/" + arms[0].name;
  }
  if (wanted.empty()) return arms;
  std::vector<std::string> names;
  for (ResultArm& arm : arms) {
    names.push_back(arm.name);
    if (arm.name == wanted || fs::path(arm.name).filename() == wanted) {
      return std::vector<ResultArm>{std::move(arm)};
    }
  }
  return usage_error(fmt::format("{} has no results of {}", folder.string(), wanted),
                     "it has: " + join(names, ", "), "name one of these after the colon");
}

}  // namespace assay

#include "compare/result_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "compare/arm_grouping.h"
#include "compare/foreign_results.h"
#include "report/comparison_json.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kNamed = 8;  // of a list in a message

// What is missing, or null because it was no number, keeps no limit of a policy.
Estimate estimate_of(const Json& value) {
  const auto number = [&value](const char* name) {
    const auto it = value.find(name);
    return it != value.end() && it->is_number() ? it->get<double>()
                                                : std::numeric_limits<double>::quiet_NaN();
  };
  return {number("value"), number("low"), number("high")};
}

// Reports of before schema 3 knew no rule: a task's own weight was all.
void add_declared(const Json& report, ResultArm& arm) {
  for (const Json& task : report.value("tasks", Json::array())) {
    arm.declared_tasks[task.at("name")] = {task.value("chance", 0.0), task.value("weight", 1.0)};
  }
  if (report.contains("declared")) {
    arm.declared = declaration_from(report.at("declared"));
  } else if (report.contains("margin_pp") && report.contains("alpha")) {
    const std::string weights = report.value("weights", std::string());
    arm.declared = {report.at("margin_pp"), report.at("alpha"),
                    weight_rule_named(weights).value_or(WeightRule::equal), 0};
  }
}

void add_looks(const Json& report, ResultArm& arm) {
  const Json pooled = report.value("pooled", Json::object()).value(arm.name, Json());
  if (!pooled.is_object() || !pooled.contains("looks")) return;
  OwnLooks looks;
  looks.pooled.overall = comparison_from(pooled);
  looks.pooled.left_out = pooled.at("left_out").get<std::vector<std::string>>();
  looks.pooled.insensitive = pooled.at("insensitive").get<std::vector<std::string>>();
  for (const Json& task : report.at("tasks")) {
    const Json& paired = task.at("cells").at(arm.name).at("paired");
    if (paired.is_object()) looks.tasks[task.at("name")] = comparison_from(paired);
  }
  arm.looks = std::move(looks);
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
  add_declared(report, arm);
  add_looks(report, arm);
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

// The run that a folder RUN/results/VARIANT belongs to; empty: none.
fs::path run_of(const fs::path& folder) {
  const fs::path parent = folder.parent_path();
  const fs::path run = parent.filename() == "results" ? parent.parent_path() : fs::path();
  return !run.empty() && is_assay_report(run / "results.json") ? run : fs::path();
}

Result<ResultArm> variant_arm(const fs::path& folder, const fs::path& run,
                              std::vector<RunFiles> runs) {
  ResultArm arm = arm_of_runs(std::move(runs), /*repeats=*/false);
  arm.name = folder.filename().string();
  arm.folder = folder;
  arm.key = folder.string();
  add_assay_facts(Json(TRY(read_fields(run / "results.json",
                                       {"variants", "flags", "fidelity", "tasks", "margin_pp",
                                        "alpha", "weights", "declared", "pooled"}))),
                  arm);
  return arm;
}

std::vector<fs::path> folders_below(const fs::path& folder) {
  std::vector<fs::path> folders = {folder};
  std::error_code code;
  for (fs::recursive_directory_iterator it(folder, code), end; it != end; it.increment(code)) {
    if (!it->is_directory(code)) continue;
    if (it->path().filename().string().starts_with(".")) {
      it.disable_recursion_pending();
      continue;
    }
    folders.push_back(it->path());
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

// Variants of several runs of assay below one folder may have one name.
void name_by_run(std::vector<ResultArm>& arms) {
  for (ResultArm& arm : arms) {
    const auto twice = std::count_if(arms.begin(), arms.end(), [&](const ResultArm& other) {
      return other.of_assay && fs::path(other.name).filename() == fs::path(arm.name).filename();
    });
    if (!arm.of_assay || twice < 2) continue;
    arm.name = run_of(arm.folder).filename().string() + "/" + arm.name;
  }
}

Result<std::vector<ResultArm>> arms_below(const fs::path& folder,
                                          std::vector<std::string>& left_out) {
  std::vector<ResultArm> arms;
  std::vector<RunFiles> others;
  for (const fs::path& one : folders_below(folder)) {
    FolderFiles files = files_of_folder(one);
    left_out.insert(left_out.end(), files.left_out.begin(), files.left_out.end());
    if (files.runs.empty()) continue;
    if (const fs::path run = run_of(one); !run.empty()) {
      arms.push_back(TRY(variant_arm(one, run, std::move(files.runs))));
    } else {
      std::move(files.runs.begin(), files.runs.end(), std::back_inserter(others));
    }
  }
  name_by_run(arms);
  for (ResultArm& arm : group_runs(folder, std::move(others))) arms.push_back(std::move(arm));
  for (ResultArm& arm : arms) {
    for (const std::string& file : left_out) arm.notes.push_back(left_out_note(file));
  }
  return arms;
}

// After is_directory said no.
Text why_no_folder(const std::error_code& code) {
  const bool usual = !code || code == std::errc::no_such_file_or_directory;
  return usual ? Text("it does not exist or is no folder", "它不存在，或不是目录")
               : Text(code.message());
}

std::unexpected<Error> no_results(const fs::path& folder,
                                  const std::vector<std::string>& left_out) {
  if (!left_out.empty()) {
    return usage_error(
        bilingual("no usable results in {}", "{} 里没有可用的结果", folder.string()),
        some_of(left_out),
        {"write the files again, or name another folder", "重新写出这些文件，或换一个目录"});
  }
  if (const std::string program = foreign_program(folder); !program.empty()) {
    return usage_error(bilingual("{} holds results of {}, which assay does not read",
                                 "{} 里是 {} 的结果，assay 不读取", folder.string(), program),
                       {"assay reads its own runs and what lm-eval and lighteval write",
                        "assay 读取自己的运行，以及 lm-eval 和 lighteval 写的结果"},
                       {"write samples_<task>.jsonl, a line an item: {\"doc_id\": 0, \"acc\": 1} "
                        "(docs/compare.md)",
                        "写 samples_<task>.jsonl，每题一行：{\"doc_id\": 0, \"acc\": 1}"
                        "（docs/compare.md）"});
  }
  return usage_error(
      bilingual("no results in {}", "{} 里没有结果", folder.string()),
      {"neither results_*.json nor samples_*.jsonl is there",
       "既没有 results_*.json，也没有 samples_*.jsonl"},
      {"name a folder of assay or lm-eval results", "给出 assay 或 lm-eval 的结果目录"});
}

}  // namespace

Text left_out_note(const std::string& files) {
  return bilingual("left out: {}", "不计入：{}", files);
}

std::string some_of(const std::vector<std::string>& names) {
  if (names.size() <= kNamed + 1) return join(names, ", ");
  const std::vector<std::string> first(names.begin(), names.begin() + kNamed);
  return fmt::format("{} and {} more", join(first, ", "), names.size() - kNamed);
}

bool is_assay_report(const fs::path& file) {
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return false;
  const auto report = read_fields(file, {"schema_version", "variants"});
  return report && report->size() == 2;
}

FolderFiles runs_below(const fs::path& folder) {
  FolderFiles out;
  for (const fs::path& one : folders_below(folder)) {
    if (!run_of(one).empty()) continue;
    FolderFiles files = files_of_folder(one);
    std::move(files.runs.begin(), files.runs.end(), std::back_inserter(out.runs));
    out.left_out.insert(out.left_out.end(), files.left_out.begin(), files.left_out.end());
  }
  return out;
}

Result<std::vector<ResultArm>> read_arms(const std::string& spec) {
  fs::path folder = spec;
  std::string wanted;
  const std::size_t colon = spec.rfind(':');
  std::error_code code;
  if (!fs::exists(folder, code) && colon != std::string::npos && colon > 0) {
    folder = spec.substr(0, colon);
    wanted = spec.substr(colon + 1);
  }
  if (!fs::is_directory(folder, code)) {
    return usage_error(bilingual("no folder {}", "没有目录 {}", folder.string()),
                       why_no_folder(code),
                       {"name a folder of assay or lm-eval results, or DIR:VARIANT",
                        "给出 assay 或 lm-eval 的结果目录，或 DIR:VARIANT"});
  }
  folder = fs::canonical(folder, code);
  if (code)
    return usage_error(bilingual("no folder {}", "没有目录 {}", spec), code.message(),
                       {"name another folder", "换一个目录"});
  std::vector<ResultArm> arms;
  std::vector<std::string> left_out;
  try {
    arms = TRY(arms_below(folder, left_out));
  } catch (const Json::exception& e) {
    return usage_error(
        bilingual("the results in {} have another layout", "{} 里的结果是另一种布局",
                  folder.string()),
        e.what(),
        {"name a folder of assay or lm-eval results", "给出 assay 或 lm-eval 的结果目录"});
  } catch (const fs::filesystem_error& e) {
    return usage_error(bilingual("cannot read {}", "无法读取 {}", folder.string()), e.what(),
                       {"check its permissions", "检查它的权限"});
  }
  if (arms.empty()) return no_results(folder, left_out);
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
  return usage_error(
      bilingual("{} has no results of {}", "{0} 没有 {1} 的结果", folder.string(), wanted),
      bilingual("it has: {}", "它有：{}", some_of(names)),
      {"name one of these after the colon", "在冒号后写其中一个"});
}

}  // namespace assay

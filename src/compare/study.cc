#include "compare/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "base/text.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

struct Pattern {
  std::regex regex;
  std::size_t arm = 0;  // its group
  bool of_file = false;
};

// Between the named parts everything stands for itself.
Result<Pattern> parse_pattern(const std::string& text) {
  Pattern out;
  std::string regex;
  std::size_t groups = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = std::string_view(text).substr(i);
    bool named = false;
    for (std::string_view name : {"{arm}", "{task}", "{run}", "*"}) {
      if (!rest.starts_with(name)) continue;
      regex += "([^/]+?)";
      ++groups;
      if (name == "{arm}" && out.arm == 0) out.arm = groups;
      i += name.size();
      named = true;
      break;
    }
    if (named) continue;
    if (std::string_view(R"(\^$.|?+()[]{})").find(text[i]) != std::string_view::npos) regex += '\\';
    regex += text[i++];
  }
  out.of_file = text.ends_with(".json");
  if (!out.of_file) regex += "(/.*)?";
  if (out.arm == 0) {
    return usage_error(
        bilingual("--arm-pattern {} names no arm", "--arm-pattern {} 没有指明组名", text),
        {"it has no {arm}", "它没有 {arm}"},
        {"write for example --arm-pattern '{arm}__{task}.json'",
         "例如写 --arm-pattern '{arm}__{task}.json'"});
  }
  out.regex = std::regex(regex);
  return out;
}

// Where the pattern looks: the folder, or the file without its date.
std::string subject_of(const RunFiles& run, const fs::path& folder, bool of_file) {
  const fs::path relative = run.folder.lexically_relative(folder);
  if (!of_file) return relative.generic_string();
  return (relative / (run.result.stem + ".json")).lexically_normal().generic_string();
}

Result<fs::path> folder_of(const std::string& name) {
  std::error_code code;
  if (!fs::is_directory(name, code)) {
    return usage_error(bilingual("no folder {}", "没有目录 {}", name),
                       {"it does not exist or is no folder", "它不存在，或不是目录"},
                       {"name the folder of a study", "给出一个研究的目录"});
  }
  fs::path folder = fs::canonical(name, code);
  if (code)
    return usage_error(bilingual("no folder {}", "没有目录 {}", name), code.message(),
                       {"name another folder", "换一个目录"});
  return folder;
}

struct ArmRuns {
  std::vector<RunFiles> runs;
  fs::path folder;
};

ResultArm arm_named(const std::string& name, ArmRuns files) {
  const auto count = files.runs.size();
  ResultArm arm = arm_of_runs(std::move(files.runs), /*repeats=*/true);
  arm.name = name;
  arm.folder = files.folder;
  arm.key = files.folder.string() + "\n" + name;
  std::size_t most = 1;
  for (const auto& [task, samples] : arm.samples) most = std::max(most, samples.size());
  for (const auto& [task, summary] : arm.tasks) {
    most = std::max(most, static_cast<std::size_t>(summary.runs));
  }
  if (most > 1) {
    arm.notes.push_back(bilingual("{}: up to {} runs a task, averaged by item ({} files)",
                                  "{}：每个任务至多 {} 次运行，逐题取平均（{} 个文件）", name, most,
                                  count));
  }
  return arm;
}

Result<std::vector<ResultArm>> arms_by_pattern(const std::vector<std::string>& folders,
                                               const std::string& text) {
  const Pattern pattern = TRY(parse_pattern(text));
  std::map<std::string, ArmRuns> arms;
  std::vector<std::string> left_out;
  for (const std::string& name : folders) {
    const fs::path folder = TRY(folder_of(name));
    FolderFiles files = runs_below(folder);
    left_out.insert(left_out.end(), files.left_out.begin(), files.left_out.end());
    for (RunFiles& run : files.runs) {
      const std::string subject = subject_of(run, folder, pattern.of_file);
      std::smatch match;
      if (!std::regex_match(subject, match, pattern.regex)) {
        left_out.push_back(subject + " is not of the pattern");
        continue;
      }
      ArmRuns& arm = arms[match[pattern.arm].str()];
      arm.folder = folder;
      arm.runs.push_back(std::move(run));
    }
  }
  if (arms.empty()) {
    return usage_error(bilingual("--arm-pattern {} fits no results file",
                                 "--arm-pattern {} 与任何结果文件都不符", text),
                       left_out.empty() ? Text("there are none in the folder", "目录里没有结果文件")
                                        : Text(some_of(left_out)),
                       {"write it as the path below the folder without the date, for example "
                        "'{arm}__{task}.json' or '{arm}/{task}'",
                        "写成目录之下不含日期的路径，例如 '{arm}__{task}.json' 或 '{arm}/{task}'"});
  }
  std::vector<ResultArm> out;
  for (auto& [name, files] : arms) {
    out.push_back(arm_named(name, std::move(files)));
    if (!left_out.empty()) out.back().notes.push_back(left_out_note(some_of(left_out)));
  }
  return out;
}

std::vector<fs::path> subfolders(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (entry.is_directory(code)) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool has_files_in(const ResultArm& arm, const fs::path& folder) {
  const auto lies_there = [&folder](const fs::path& file) { return file.parent_path() == folder; };
  for (const auto& [task, files] : arm.samples) {
    if (std::any_of(files.begin(), files.end(), lies_there)) return true;
  }
  return arm.in_one_folder && arm.folder == folder;
}

// The arms of a folder under its own name.
Result<std::vector<ResultArm>> arms_called_after(const fs::path& folder) {
  std::vector<ResultArm> arms = TRY(read_arms(folder.string()));
  for (ResultArm& arm : arms) {
    arm.name = folder.filename().string() + (arms.size() > 1 ? "/" + arm.name : "");
  }
  return arms;
}

// Runs of assay, and results that lie in the folder itself, have their own names.
Result<std::vector<ResultArm>> arms_in(const fs::path& folder) {
  std::vector<ResultArm> all = TRY(read_arms(folder.string()));
  const bool direct = std::any_of(all.begin(), all.end(), [&folder](const ResultArm& arm) {
    return (arm.of_assay && arm.folder.parent_path().parent_path() == folder) ||
           has_files_in(arm, folder);
  });
  if (direct) return all;
  std::vector<ResultArm> out;
  std::vector<std::string> broken;
  for (const fs::path& sub : subfolders(folder)) {
    auto arms = arms_called_after(sub);
    if (arms) {
      std::move(arms->begin(), arms->end(), std::back_inserter(out));
    } else if (!runs_below(sub).left_out.empty()) {
      broken.push_back(sub.filename().string() + " (" + arms.error().why + ")");
    }
  }
  for (ResultArm& arm : out) {
    if (!broken.empty()) arm.notes.push_back(left_out_note(some_of(broken)));
  }
  return out;
}

}  // namespace

Result<std::vector<ResultArm>> read_study(const std::vector<std::string>& folders,
                                          const std::string& pattern) {
  if (!pattern.empty()) return arms_by_pattern(folders, pattern);
  std::vector<ResultArm> out;
  for (const std::string& name : folders) {
    const fs::path folder = TRY(folder_of(name));
    std::vector<ResultArm> arms =
        TRY(folders.size() == 1 ? arms_in(folder) : arms_called_after(folder));
    std::move(arms.begin(), arms.end(), std::back_inserter(out));
  }
  std::set<std::string> names;
  for (const ResultArm& arm : out) {
    if (names.insert(arm.name).second) continue;
    return usage_error(bilingual("two arms are called {}", "两个对比组都叫 {}", arm.name),
                       {"their folders have one name", "它们的目录同名"},
                       {"name one folder above both, or say with --arm-pattern what names an arm",
                        "给出两者共同的上级目录，或用 --arm-pattern 说明组名在哪里"});
  }
  return out;
}

}  // namespace assay

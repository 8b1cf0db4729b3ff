#include "cli/plan_options.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/language.h"
#include "base/secrets.h"
#include "base/text.h"
#include "cli/like.h"
#include "plan/other_names.h"
#include "plan/suggest.h"
#include "task/task.h"

namespace assay {
namespace {

// What the command line changes in a plan, and how it says so.
struct Change {
  std::string setting;  // PATH=VALUE
  std::string option;   // "--set tasks.math500.limit", "--budget"
};

// The value is not repeated: it may be a secret that somebody put in the wrong place.
Change set_option(const std::string& setting) {
  return {setting, "--set " + words_without_secrets(setting.substr(0, setting.find('=')), {})};
}

std::unexpected<Error> set_error(const Change& change, const Text& why, const Text& fix) {
  return usage_error(bilingual("{} cannot be applied", "{} 无法执行", change.option), why, fix);
}

Text how_to_set() {
  return {"write PATH=VALUE, as in --set tasks.hle.limit=5 or --set budget=10m",
          "写 PATH=VALUE，例如 --set tasks.hle.limit=5 或 --set budget=10m"};
}

// An entry of a list by position or by its `name`.
YAML::Node list_entry(YAML::Node list, const std::string& key) {
  const bool digits = !key.empty() && std::all_of(key.begin(), key.end(),
                                                  [](char c) { return c >= '0' && c <= '9'; });
  if (digits && key.size() < 6 && std::stoul(key) < list.size()) return list[std::stoul(key)];
  for (YAML::Node entry : list) {
    if (entry.IsMap() && entry["name"] && entry["name"].Scalar() == key) return entry;
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

// As YAML in one line. yaml-cpp's own emitter forgets which scalars were quoted, and a quoted "2"
// is text, not a number.
std::string flow_text(const YAML::Node& node) {
  std::vector<std::string> parts;
  if (node.IsMap()) {
    for (const auto& entry : node) {
      parts.push_back(flow_text(entry.first) + ": " + flow_text(entry.second));
    }
    return "{" + join(parts, ", ") + "}";
  }
  if (node.IsSequence()) {
    for (const YAML::Node& entry : node) parts.push_back(flow_text(entry));
    return "[" + join(parts, ", ") + "]";
  }
  if (!node.IsScalar()) return "~";
  const std::string& text = node.Scalar();
  const bool plain = node.Tag() != "!" && text.find_first_of(",[]{}:#\"'\n") == std::string::npos;
  return plain ? text : dump_json(text);
}

// The names of a list's entries, by which --set finds them.
std::vector<std::string> names_in(const YAML::Node& list) {
  std::vector<std::string> names;
  for (const YAML::Node& entry : list) {
    if (entry.IsMap() && entry["name"] && entry["name"].IsScalar()) {
      names.push_back(entry["name"].Scalar());
    }
  }
  return names;
}

std::unexpected<Error> no_entry(const Change& change, const YAML::Node& list,
                                const std::string& key) {
  const std::vector<std::string> names = names_in(list);
  const std::string near = nearest(key, names);
  return set_error(
      change,
      bilingual("the list has no '{}': its entries are {}", "列表中没有 '{}'：它有 {}",
                one_line(key, 60), join(names, ", ")),
      near.empty() ? how_to_set() : bilingual("did you mean '{}'?", "是不是想写 '{}'？", near));
}

Status apply(YAML::Node node, const Change& change) {
  const std::string& setting = change.setting;
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) {
    return set_error(change, {"there is no '='", "没有 '='"}, how_to_set());
  }
  const std::vector<std::string> path = split(setting.substr(0, equals), '.');
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    YAML::Node next = node.IsSequence() ? list_entry(node, path[i]) : node[path[i]];
    if (!next.IsDefined() && node.IsSequence()) return no_entry(change, node, path[i]);
    node.reset(next);
  }
  if (!node.IsMap() && !node.IsNull() && node.IsDefined()) {
    return set_error(change, {"the path does not lead to a key", "这个路径没有指向一个键"},
                     node.IsSequence() ? Text("name an entry of the list: PATH.NAME.KEY=VALUE",
                                              "指明列表中的一项：PATH.NAME.KEY=VALUE")
                                       : how_to_set());
  }
  try {
    node[path.back()] = YAML::Load(setting.substr(equals + 1));
  } catch (const YAML::Exception& e) {
    return set_error(change, bilingual("its value is no YAML: {}", "它的值不是 YAML：{}", e.msg),
                     {"quote it for the plan: --set 'PATH=\"VALUE\"'",
                      "按计划文件的写法加引号：--set 'PATH=\"VALUE\"'"});
  }
  return {};
}

// The plan with all changes but one, which may be none of them.
Result<Plan> parse_changed(const std::string& text, const std::filesystem::path& file,
                           const std::vector<Change>& changes, std::size_t but) {
  YAML::Node root = YAML::Load(text);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i != but) TRY(apply(root, changes[i]));
  }
  return parse_plan(flow_text(root), file, known_benchmarks());
}

// The words after "FILE:LINE:COLUMN".
std::string without_place(const std::string& what, const std::string& place) {
  return what.starts_with(place) ? what.substr(place.size()) : ": " + what;
}

// The plan is sound as it is written, so one of the changes is to blame: the one without which it
// is sound again. A place in the file would be none that anybody has written.
Error blamed(Error error, const std::string& text, const std::filesystem::path& file,
             const std::vector<Change>& changes) {
  if (!error.what.starts_with(file.string() + ":")) return error;
  const std::size_t place = error.what.find(": ");
  if (place == std::string::npos) return error;
  std::vector<std::string> options;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (parse_changed(text, file, changes, i)) options.push_back(changes[i].option);
  }
  if (options.empty()) {
    for (const Change& change : changes) options.push_back(change.option);
  }
  // The place stands first in both languages.
  const Text what = error.what_text();
  const std::string by = join(options, ", ");
  error.set_what(
      {by + what.en.substr(place), by + without_place(what.zh, what.en.substr(0, place))});
  const bool one = options.size() == 1 && options[0].starts_with("--set ");
  const std::string key = one ? options[0].substr(6) : "";
  const std::string right = place_in_plan(key.substr(key.rfind('.') + 1));
  if (one && right != key && error.what.find("unknown key") != std::string::npos &&
      !right.empty()) {
    error.set_fix(bilingual("write --set {}=VALUE", "写 --set {}=VALUE", right));
  }
  return error;
}

}  // namespace

void add_plan_options(CLI::App& command, PlanOptions& options, bool with_output) {
  command.add_option("PLAN", options.plan, "The plan (docs/plan.md)")->required();
  command.add_option("--data", options.data,
                     "Folder with the data sets' files; the hub is not asked");
  command.add_option("--set", options.set, "Change a value of the plan: PATH=VALUE (repeatable)");
  command.add_option("--until", options.until,
                     "How far to go: limits, decided, or budget (docs/plan.md)");
  command.add_option("--budget", options.budget,
                     "Wall clock for all variants, as 3h, 45m or 1h30m");
  if (with_output)
    command.add_option("--out", options.out, "The run's folder; default: the plan's output");
}

Status check_data_folder(const std::string& folder) {
  std::error_code code;
  if (folder.empty() || std::filesystem::is_directory(folder, code)) return {};
  const std::filesystem::path target = std::filesystem::read_symlink(folder, code);
  const bool there = std::filesystem::exists(folder, code);
  return usage_error(bilingual("--data {} is no folder", "--data {} 不是目录", folder),
                     !target.empty()
                         ? bilingual("it is a link to {}, which is none",
                                     "它是指向 {} 的链接，那里不是目录", target.string())
                     : there ? Text("it is a file", "它是一个文件")
                             : Text("it is not there", "没有它"),
                     {"name the folder that holds the data sets", "给出存放数据集的目录"});
}

Result<Plan> load_with_options(const PlanOptions& options) {
  TRY(check_data_folder(options.data));
  const std::filesystem::path file = TRY(absolute_path(options.plan));
  std::vector<Change> changes;
  changes.reserve(options.set.size() + 2);  // --budget and --until
  for (const std::string& setting : options.set) changes.push_back(set_option(setting));
  if (!options.budget.empty()) {
    if (const auto budget = parse_duration(options.budget); !budget) {
      Error error = budget.error();
      error.set_what(bilingual("--budget: {}", "--budget：{}", error.what_text()));
      return std::unexpected(std::move(error));
    }
    changes.push_back({"budget=" + options.budget, "--budget"});
  }
  if (!options.until.empty()) changes.push_back({"until=" + options.until, "--until"});
  const std::string text = options.text ? *options.text : TRY(read_file(file));
  if (changes.empty() && options.like.empty()) return parse_plan(text, file, known_benchmarks());
  // The plan as written must be sound; then once more with the changes in.
  TRY(parse_plan(text, file, known_benchmarks()));
  const std::size_t all = changes.size();
  auto plan = parse_changed(text, file, changes, all);
  if (!plan) return std::unexpected(blamed(plan.error(), text, file, changes));
  if (options.like.empty()) return plan;
  const MeasuredRun measured = TRY(measured_run(options.like));
  const bool says = plan->decide.expected_discordance.has_value();
  for (const std::string& setting : settings_like(measured, *plan, says)) {
    changes.push_back({setting, "--like"});
  }
  return parse_changed(text, file, changes, changes.size());
}

Result<std::filesystem::path> absolute_path(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::path out = std::filesystem::absolute(path, code);
  if (!code) return out;
  return usage_error(bilingual("cannot tell where {} is", "无法确定 {} 在哪里", path.string()),
                     bilingual("the current folder: {}", "当前目录：{}", code.message()),
                     {"change to a folder that is there, or name the whole path",
                      "切换到一个存在的目录，或写出完整路径"});
}

Result<std::vector<std::filesystem::path>> absolute_paths(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> out;
  out.reserve(paths.size());
  for (const std::string& path : paths) out.push_back(TRY(absolute_path(path)));
  return out;
}

Result<std::filesystem::path> output_folder(const Plan& plan, const PlanOptions& options) {
  if (!options.out.empty()) return absolute_path(options.out);
  if (!plan.output.empty()) return std::filesystem::path(plan.output);
  return usage_error(
      {"no output folder", "没有输出目录"},
      {"neither --out nor the plan's `output` is given", "既没有给 --out，计划里也没有 `output`"},
      {"add --out DIR", "加上 --out DIR"});
}

}  // namespace assay

#include "cli/plan_options.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/secrets.h"
#include "base/text.h"
#include "cli/like.h"
#include "task/task.h"

namespace assay {
namespace {

std::unexpected<Error> set_error(const std::string& setting, const std::string& why) {
  // The value is not repeated: it may be a secret that somebody put in the wrong place.
  const std::string path = words_without_secrets(setting.substr(0, setting.find('=')), {});
  return usage_error(fmt::format("--set {} cannot be applied", path), why,
                     "write PATH=VALUE, as in --set tasks.hle.limit=5 or --set budget=10m");
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

Status apply(YAML::Node node, const std::string& setting) {
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0) return set_error(setting, "there is no '='");
  const std::vector<std::string> path = split(setting.substr(0, equals), '.');
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    YAML::Node next = node.IsSequence() ? list_entry(node, path[i]) : node[path[i]];
    if (!next.IsDefined() && node.IsSequence()) {
      return set_error(setting, fmt::format("the plan's list has no entry '{}'", path[i]));
    }
    node.reset(next);
  }
  if (!node.IsMap() && !node.IsNull() && node.IsDefined()) {
    return set_error(setting, "the path does not lead to a key");
  }
  node[path.back()] = YAML::Load(setting.substr(equals + 1));
  return {};
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

Result<Plan> load_with_options(const PlanOptions& options) {
  if (!options.data.empty() && !std::filesystem::is_directory(options.data)) {
    return usage_error("--data " + options.data + " is no folder", "it is not there",
                       "name the folder that holds the data sets");
  }
  const std::filesystem::path file = TRY(absolute_path(options.plan));
  std::vector<std::string> settings = options.set;
  if (!options.budget.empty()) {
    TRY(parse_duration(options.budget));
    settings.push_back("budget=" + options.budget);
  }
  if (!options.until.empty()) settings.push_back("until=" + options.until);
  if (settings.empty() && options.like.empty()) return load_plan(file, known_benchmarks());
  const std::string text = TRY(read_file(file));
  // The plan as written must be sound; then once more with the settings in.
  TRY(parse_plan(text, file, known_benchmarks()));
  try {
    YAML::Node root = YAML::Load(text);
    for (const std::string& setting : settings) TRY(apply(root, setting));
    Plan plan = TRY(parse_plan(flow_text(root), file, known_benchmarks()));
    if (options.like.empty()) return plan;
    const MeasuredRun measured = TRY(measured_run(options.like));
    const bool says = plan.decide.expected_discordance.has_value();
    for (const std::string& setting : settings_like(measured, plan, says)) {
      TRY(apply(root, setting));
    }
    return parse_plan(flow_text(root), file, known_benchmarks());
  } catch (const YAML::Exception& e) {
    return set_error("of this plan", e.what());
  }
}

Result<std::filesystem::path> absolute_path(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::path out = std::filesystem::absolute(path, code);
  if (!code) return out;
  return usage_error("cannot tell where " + path.string() + " is",
                     "the current folder: " + code.message(),
                     "change to a folder that is there, or name the whole path");
}

Result<std::filesystem::path> output_folder(const Plan& plan, const PlanOptions& options) {
  if (!options.out.empty()) return absolute_path(options.out);
  if (!plan.output.empty()) return std::filesystem::path(plan.output);
  return usage_error("no output folder", "neither --out nor the plan's `output` is given",
                     "add --out DIR");
}

}  // namespace assay

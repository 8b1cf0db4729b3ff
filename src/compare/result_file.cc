#include "compare/result_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "compare/mapped_file.h"
#include "compare/result_settings.h"
#include "compare/sample_scan.h"
#include "report/write.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

const OrderedJson& at_or_null(const OrderedJson& object, const std::string& key) {
  static const OrderedJson null;
  if (!object.is_object()) return null;
  const auto it = object.find(key);
  return it == object.end() ? null : *it;
}

std::string text_at(const OrderedJson& object, const std::string& key) {
  const OrderedJson& value = at_or_null(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

// A metric's value: NaN for what is no finite number, none for what is no figure at all.
std::optional<double> figure_of(const OrderedJson& value) {
  if (value.is_number()) return value.get<double>();
  const bool no_number =
      value.is_null() || value == "NaN" || value == "Infinity" || value == "-Infinity";
  return no_number ? std::optional(std::numeric_limits<double>::quiet_NaN()) : std::nullopt;
}

// "acc,none" -> acc and none; "acc" (lm-eval before 0.4) -> acc and "".
std::pair<std::string, std::string> metric_name(const std::string& key) {
  const std::size_t comma = key.find(',');
  if (comma == std::string::npos) return {key, ""};
  return {key.substr(0, comma), key.substr(comma + 1)};
}

bool is_figure_name(const std::string& name) {
  static const std::set<std::string> others = {"alias", "sample_len", "sample_count",
                                               "name",  " ",          ""};
  return !name.ends_with("_stderr") && !others.contains(name);
}

// IFEval's instructions are several a prompt: no figure of the file says how many.
bool is_one_an_item(const std::string& metric) {
  return !metric.starts_with("inst_level");
}

// Items of a task as lm-eval counts them, or lighteval.
std::int64_t items_of(const OrderedJson& report, const std::string& task) {
  const OrderedJson& counts = at_or_null(at_or_null(report, "n-samples"), task);
  const OrderedJson& config = at_or_null(at_or_null(report, "config_tasks"), task);
  for (const OrderedJson* n :
       {&at_or_null(counts, "effective"), &at_or_null(config, "effective_num_docs")}) {
    if (n->is_number_integer() && n->get<std::int64_t>() > 0) return n->get<std::int64_t>();
  }
  return 0;
}

std::vector<MetricSummary> metrics_of(const OrderedJson& report, const std::string& task,
                                      const OrderedJson& entry, std::int64_t n) {
  std::vector<MetricSummary> out;
  const OrderedJson& higher = at_or_null(at_or_null(report, "higher_is_better"), task);
  for (const auto& [key, value] : entry.items()) {
    const auto [name, filter] = metric_name(key);
    const auto figure = figure_of(value);
    if (!figure || !is_figure_name(name)) continue;
    MetricSummary metric{name, filter, *figure, {}, true, is_one_an_item(name) ? n : 0};
    const std::string error = name + "_stderr" + (filter.empty() ? "" : "," + filter);
    const OrderedJson& deviation = at_or_null(entry, error);
    if (deviation.is_number()) metric.standard_error = deviation.get<double>();
    const OrderedJson& better = at_or_null(higher, name);
    if (better.is_boolean()) metric.higher_is_better = better.get<bool>();
    out.push_back(std::move(metric));
  }
  return out;
}

// Of assay's tasks SciCode alone has several steps.
bool covers_answers(const OrderedJson& report, const OrderedJson& entry) {
  const OrderedJson& version = at_or_null(report, "samples_version");
  const int written = version.is_number_integer() ? version.get<int>() : 1;
  return report.contains("assay") && written < kSamplesVersion &&
         text_at(entry, "alias") == "SciCode";
}

TaskSummary task_of(const OrderedJson& report, const std::string& task, const OrderedJson& entry) {
  TaskSummary out;
  out.n = items_of(report, task);
  out.metrics = metrics_of(report, task, entry, out.n);
  out.prompt_sha = text_at(at_or_null(report, "task_hashes"), task);
  if (report.contains("assay")) {
    out.not_available = text_at(entry, "status");
    // Its writer orders names by the alphabet; `robust` is what its verdicts use.
    std::stable_partition(out.metrics.begin(), out.metrics.end(),
                          [](const MetricSummary& m) { return m.metric == "robust"; });
  } else {
    read_settings(report, task, out);
  }
  out.prompt_hash_covers_answers = covers_answers(report, entry);
  return out;
}

// lm-eval before 0.4.1 names groups without their tasks: those that follow in `results` with a
// deeper alias (" - biology") are the group's.
std::vector<std::string> members_by_alias(const OrderedJson& results, const std::string& group) {
  const auto depth = [&results](const std::string& name) {
    const std::string alias = text_at(at_or_null(results, name), "alias");
    const std::size_t dash = alias.find("- ");
    const bool indented = dash != std::string::npos && trim(alias.substr(0, dash)).empty();
    return indented ? static_cast<int>(dash) + 1 : 0;
  };
  std::vector<std::string> out;
  bool found = false;
  for (const auto& [name, entry] : results.items()) {
    if (found && depth(name) <= depth(group)) break;
    if (found) out.push_back(name);
    found = found || name == group;
  }
  return out;
}

// The tasks of a group and of the groups in it, each once.
void add_members(const OrderedJson& children, const std::string& group, int depth,
                 std::set<std::string>& out) {
  const OrderedJson& list = at_or_null(children, group);
  if (!list.is_array() || depth > 20) return;
  for (const OrderedJson& child : list) {
    if (!child.is_string()) continue;
    const std::string name = child.get<std::string>();
    const OrderedJson& deeper = at_or_null(children, name);
    if (deeper.is_array() && !deeper.empty()) {
      add_members(children, name, depth + 1, out);
    } else {
      out.insert(name);
    }
  }
}

// Names that stand for several tasks together.
std::set<std::string> group_names(const OrderedJson& report) {
  std::set<std::string> names;
  for (const char* key : {"groups", "group_subtasks"}) {
    const OrderedJson& groups = at_or_null(report, key);
    if (!groups.is_object()) continue;
    for (const auto& [name, members] : groups.items()) {
      if (std::string_view(key) == "groups" || !members.empty()) names.insert(name);
    }
  }
  return names;
}

// lm-eval writes a group's metrics in no order; its tasks' say which is first.
void order_as(const std::vector<MetricSummary>& example, std::vector<MetricSummary>& metrics) {
  const auto rank = [&example](const MetricSummary& m) {
    return std::find_if(example.begin(), example.end(),
                        [&m](const MetricSummary& e) {
                          return e.metric == m.metric && e.filter == m.filter;
                        }) -
           example.begin();
  };
  std::stable_sort(
      metrics.begin(), metrics.end(),
      [&rank](const MetricSummary& a, const MetricSummary& b) { return rank(a) < rank(b); });
}

void add_group(const OrderedJson& report, const std::string& name, const OrderedJson& entry,
               ResultFile& out) {
  TaskSummary group = task_of(report, name, entry);
  std::set<std::string> members;
  add_members(at_or_null(report, "group_subtasks"), name, 0, members);
  const OrderedJson& results = at_or_null(report, "results");
  if (members.empty()) {
    for (const std::string& member : members_by_alias(results, name)) members.insert(member);
  }
  std::int64_t n = 0;
  bool all_said = !members.empty();
  for (const std::string& member : members) {
    if (!results.contains(member)) continue;
    group.members.push_back(member);
    const std::int64_t items = items_of(report, member);
    all_said = all_said && items > 0;
    n += items;
  }
  if (group.n == 0 && all_said) group.n = n;
  if (!group.members.empty()) {
    const std::string& first = group.members.front();
    const TaskSummary example = task_of(report, first, results[first]);
    order_as(example.metrics, group.metrics);
    group.settings = example.settings;  // a group is asked as its tasks are
    group.generation = example.generation;
  }
  for (MetricSummary& m : group.metrics) m.n = is_one_an_item(m.metric) ? group.n : 0;
  if (!group.metrics.empty()) out.groups[name] = std::move(group);
}

// lighteval's "suite|mmlu:_average|5" stands for "suite|mmlu:…|5"; "all" for everything.
bool add_lighteval_mean(const OrderedJson& report, const std::string& name,
                        const OrderedJson& entry, ResultFile& out) {
  if (name == "all") {
    out.notes.emplace_back("\"all\", the mean over tasks, is left out",
                           "不计入 \"all\"（各任务的平均）");
    return true;
  }
  const std::size_t at = name.find(":_average");
  if (at == std::string::npos) return false;
  TaskSummary group = task_of(report, name, entry);
  const std::string end = name.substr(at + std::string_view(":_average").size());
  std::int64_t n = 0;
  for (const auto& [member, other] : at_or_null(report, "results").items()) {
    if (member == name || !member.starts_with(name.substr(0, at + 1)) || !member.ends_with(end)) {
      continue;
    }
    group.members.push_back(member);
    const std::int64_t items = items_of(report, member);
    n = n < 0 || items == 0 ? -1 : n + items;
  }
  group.n = std::max<std::int64_t>(n, 0);
  for (MetricSummary& m : group.metrics) m.n = group.n;
  std::string title = name;
  out.groups[title.erase(at, std::string_view(":_average").size())] = std::move(group);
  return true;
}

std::string args_text(const OrderedJson& config) {
  const OrderedJson& args = at_or_null(config, "model_args");
  if (args.is_string()) return args.get<std::string>();
  if (!args.is_object()) return "";
  std::vector<std::string> parts;
  for (const auto& [key, value] : args.items()) {
    parts.push_back(key + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return join(parts, ",");
}

// lm-eval before 0.4.3 says it in the model's arguments alone.
std::string model_of(const OrderedJson& report, const std::string& args) {
  for (const OrderedJson* object : {&report, &at_or_null(report, "config_general")}) {
    if (const std::string name = text_at(*object, "model_name"); !name.empty()) return name;
  }
  for (const std::string& part : split(args, ',')) {
    for (std::string_view key : {"pretrained=", "model=", "path="}) {
      if (part.starts_with(key)) return part.substr(key.size());
    }
  }
  return "";
}

}  // namespace

std::pair<std::string, std::string> split_date(const std::string& stem) {
  const auto is_date = [&stem](std::size_t at) {
    constexpr std::string_view shape = "_dddd-dd-ddT";
    if (stem.size() < at + shape.size()) return false;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const char c = stem[at + i];
      if (shape[i] == 'd' ? c < '0' || c > '9' : c != shape[i]) return false;
    }
    return true;
  };
  for (std::size_t at = stem.rfind('_'); at != std::string::npos && at > 0;
       at = stem.rfind('_', at - 1)) {
    if (is_date(at)) return {stem.substr(0, at), stem.substr(at + 1)};
  }
  return {stem, ""};
}

bool is_result_file(const fs::path& file) {
  const auto mapped = MappedFile::open(file);
  if (!mapped) return false;
  const auto fields = scan_fields(mapped->text());
  if (!fields) return false;
  bool results = false;
  bool beside = false;
  for (const auto& [key, value] : *fields) {
    results = results || (key == "results" && value.starts_with('{'));
    for (std::string_view name : {"versions", "configs", "config", "config_general"}) {
      beside = beside || (key == name && value.starts_with('{'));
    }
  }
  return results && beside;
}

Result<ResultFile> read_result_file(const fs::path& file) try {
  const OrderedJson report = TRY(read_fields(file, {"results",
                                                    "groups",
                                                    "group_subtasks",
                                                    "configs",
                                                    "versions",
                                                    "n-shot",
                                                    "higher_is_better",
                                                    "n-samples",
                                                    "config",
                                                    "model_name",
                                                    "task_hashes",
                                                    "chat_template_sha",
                                                    "chat_template",
                                                    "system_instruction_sha",
                                                    "system_instruction",
                                                    "fewshot_as_multiturn",
                                                    "config_general",
                                                    "config_tasks",
                                                    "lm_eval_version",
                                                    "assay",
                                                    "samples_version"}));
  ResultFile out{file};
  std::tie(out.stem, out.date) = split_date(file.stem().string());
  out.model_args = args_text(at_or_null(report, "config"));
  out.model = model_of(report, out.model_args);
  out.of_assay = report.contains("assay");
  const bool lighteval = report.contains("config_general");
  const std::set<std::string> groups = group_names(report);
  for (const auto& [task, entry] : at_or_null(report, "results").items()) {
    if (!entry.is_object()) continue;
    if (lighteval && add_lighteval_mean(report, task, entry, out)) continue;
    if (groups.contains(task)) {
      add_group(report, task, entry, out);
    } else {
      out.tasks[task] = task_of(report, task, entry);
    }
  }
  return out;
} catch (const OrderedJson::exception& e) {
  return unusable_results(file, std::string("it has another layout: ") + e.what());
}

}  // namespace assay

// results/<variant>/: lm-eval 0.4.13's results_*.json and samples_*.jsonl, and pass1.json.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/json_text.h"
#include "base/running_hash.h"
#include "base/stale_files.h"
#include "plan/engine_kind.h"
#include "report/write.h"

namespace assay {
namespace {

std::string stamp(double seconds) {
  return fmt::format("{:%Y-%m-%dT%H-%M-%S}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

constexpr const char* kNoFilter = "none";

struct MetricName {
  std::string metric;
  std::string filter;
};

// lm-eval's own names have both ("exact_match,strict-match"), ours have no filter.
MetricName metric_name(const std::string& name) {
  const std::size_t comma = name.find(',');
  if (comma == std::string::npos) return {name, kNoFilter};
  return {name.substr(0, comma), name.substr(comma + 1)};
}

// Standard error of a mean of n scores with that mean, as lm-eval gives it for right/wrong items.
Json mean_stderr(double mean, std::int64_t n) {
  if (n < 2 || mean < 0 || mean > 1) return "N/A";
  return std::sqrt(mean * (1 - mean) / static_cast<double>(n - 1));
}

// lm-eval's name of what ran the model; the worker says it.
std::string model_source(const VariantValues& variant) {
  return variant.facts.worker.empty() ? kVllmKind : variant.facts.worker;
}

// Whose scorer the metric `lm_eval` is, and whose layout these files have.
constexpr const char* kLmEvalVersion = "0.4.13";

Json or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

// As lm-eval names a model's folder: each run of characters that a file's name may not have becomes
// two underscores.
std::string sanitized(const std::string& model) {
  constexpr std::string_view kForbidden = "\"<>:/|\\?*[]";
  std::string out;
  bool within = false;
  for (const char c : model) {
    const bool forbidden = kForbidden.find(c) != std::string_view::npos;
    if (!forbidden) out.push_back(c);
    if (forbidden && !within) out += "__";
    within = forbidden;
  }
  return out;
}

// What lm-eval asks torch for, of what the worker told.
std::string environment_text(const LoadFacts& facts) {
  std::string out;
  for (const auto& [package, version] : facts.versions)
    out += fmt::format("{} {}\n", package, version);
  for (const auto& [name, value] : facts.engine) out += fmt::format("{}: {}\n", name, value);
  for (std::size_t i = 0; i < facts.devices.size(); ++i) {
    out += fmt::format("device {}: {}\n", i, facts.devices[i]);
  }
  return out;
}

Json version_of(const LoadFacts& facts, const std::string& package) {
  const auto found = facts.versions.find(package);
  return found == facts.versions.end() ? Json(nullptr) : Json(found->second);
}

Json results_entry(const TaskValues& task, const Cell& cell) {
  Json entry = {{"name", task.name}, {"alias", task.title}, {"sample_len", cell.scored}};
  for (const auto& [metric, mean] : cell.metrics) {
    const auto [name, filter] = metric_name(metric);
    entry[fmt::format("{},{}", name, filter)] = mean;
    entry[fmt::format("{}_stderr,{}", name, filter)] = mean_stderr(mean, cell.scored);
  }
  if (!cell.not_available.empty()) entry["status"] = cell.not_available;
  return entry;
}

Json config_of(const TaskValues& task) {
  Json config = {
      {"task", task.name},
      {"task_alias", task.title},
      {"num_fewshot", task.num_fewshot ? Json(*task.num_fewshot) : Json(nullptr)},
      {"repeats", task.repeats},
      {"output_type", task.kind == "loglikelihood" ? "multiple_choice" : "generate_until"}};
  if (!task.generation.is_null()) config["generation_kwargs"] = task.generation;
  return config;
}

// All of our metrics are shares of right answers.
Json higher_is_better(const Cell& cell) {
  Json out = Json::object();
  for (const auto& [metric, mean] : cell.metrics) out[metric_name(metric).metric] = true;
  return out;
}

// lm-eval's tables, a line a task.
void add_tasks(const RunReport& report, std::size_t v, Json& out) {
  for (const char* table : {"results", "group_subtasks", "configs", "versions", "n-shot",
                            "n-samples", "higher_is_better"}) {
    out[table] = Json::object();
  }
  for (const TaskValues& task : report.tasks) {
    const Cell& cell = task.cells[v];
    out["results"][task.name] = results_entry(task, cell);
    out["configs"][task.name] = config_of(task);
    out["versions"][task.name] = 1;
    if (task.num_fewshot) out["n-shot"][task.name] = *task.num_fewshot;
    out["n-samples"][task.name] = {{"original", task.planned}, {"effective", cell.scored}};
    out["higher_is_better"][task.name] = higher_is_better(cell);
  }
}

void add_prompts(const PromptValues& prompts, const VariantValues& variant, Json& out) {
  const std::string& system = prompts.system_instruction;
  out["system_instruction"] = or_null(system);
  out["system_instruction_sha"] = or_null(system.empty() ? "" : sha256_hex(system));
  out["fewshot_as_multiturn"] =
      prompts.fewshot_as_multiturn ? Json(*prompts.fewshot_as_multiturn) : Json(nullptr);
  out["chat_template"] = nullptr;  // the store holds its hash alone
  out["chat_template_sha"] = or_null(variant.template_hash);
}

void add_environment(const VariantValues& variant, Json& out) {
  out["git_hash"] = nullptr;  // a released program, no checkout: "assay" has its version
  out["upper_git_hash"] = nullptr;
  out["lm_eval_version"] = kLmEvalVersion;
  out["transformers_version"] = version_of(variant.facts, "transformers");
  out["pretty_env_info"] = environment_text(variant.facts);
  out["max_length"] =
      variant.facts.max_model_len > 0 ? Json(variant.facts.max_model_len) : Json(nullptr);
}

Json results_file(const RunReport& report, std::size_t v, const Json& task_hashes) {
  const VariantValues& variant = report.variants[v];
  Json out = {{"config",
               {{"model", "assay"},
                {"model_args", variant.model},
                {"engine", variant.facts.versions},
                {"batch_size", "auto"},
                {"limit", nullptr},
                {"random_seed", report.prompts.seed}}},
              {"model_name", variant.model},
              {"model_name_sanitized", sanitized(variant.model)},
              {"model_source", model_source(variant)},
              {"task_hashes", task_hashes},
              {"date", report.started_at_s},
              {"start_time", report.started_at_s},
              {"end_time", report.ended_at_s},
              // Text, as lm-eval has it.
              {"total_evaluation_time_seconds", fmt::format("{}", report.spent_s)},
              {"samples_version", kSamplesVersion},
              {"assay", report.assay_version}};
  add_tasks(report, v, out);
  add_prompts(report.prompts, variant, out);
  add_environment(variant, out);
  return out;
}

// lm-eval's filters of a task, where it has several; the first is "none", which is ours.
std::vector<std::string> filters_of(const RunReport& report, const TaskValues& task,
                                    std::size_t v) {
  std::set<std::string> found;
  for (const ItemValues& item : report.items) {
    const auto& output = item.outputs[v];
    if (item.task != task.name || !output || !output->several) continue;
    for (const auto& [name, value] : output->several->named) {
      found.insert(metric_name(name).filter);
    }
  }
  found.erase(kNoFilter);
  std::vector<std::string> all = {kNoFilter};
  all.insert(all.end(), found.begin(), found.end());
  return all;
}

// What lm-eval would have got, whose engine ends an answer at every stop string.
std::string_view as_lm_eval_cuts(std::string_view text, const TaskValues& task) {
  for (const std::string& stop : task.cut_at) text = text.substr(0, text.find(stop));
  return text;
}

// lm-eval's: of the hashes of all its lines, one behind the other.
class TaskHash {
 public:
  void add(std::string_view hash) { hashes_.add(hash); }
  [[nodiscard]] std::string hex() { return hashes_.hex(); }

 private:
  RunningHash hashes_;
};

void append_list(std::string& out, const std::vector<std::string>& words) {
  out += '[';
  for (const std::string& word : words) {
    if (&word != words.data()) out += ',';
    append_json_string(out, word);
  }
  out += ']';
}

// A score for each repeat, null for those without one.
void append_by_repeat(std::string& out, const std::vector<RepeatScore>& scores) {
  out += '[';
  int next = 0;
  for (const RepeatScore& one : scores) {
    for (; next < one.repeat; ++next) out += next == 0 ? "null" : ",null";
    if (next++ > 0) out += ',';
    if (one.score) {
      append_json_number(out, *one.score);
    } else {
      out += "null";
    }
  }
  out += ']';
}

// The lines of a task's items as one filter sees them.
class SampleLines {
 public:
  SampleLines(const RunReport& report, const TaskValues& task, const std::string& filter,
              TaskHash& hash)
      : report_(report), task_(task), filter_(filter), own_(filter == kNoFilter), hash_(hash) {
    if (!task.generation.is_null()) generation_ = dump_json(task.generation);
  }

  // Valid until the next one.
  [[nodiscard]] Result<std::string_view> line(const ItemValues& item, const OutputValues& output,
                                              int doc_id) {
    object_.clear();
    TRY(add_answer(output));
    add_item(item, doc_id);
    TRY(add_prompt(output));
    add_scores(output);
    line_.clear();
    object_.append_to(line_);
    line_ += '\n';
    return std::string_view(line_);
  }

 private:
  void add(std::string_view name, std::string_view text) {
    append_json_string(object_.field(name), text);
  }
  // Of a list with it alone.
  void add_listed(std::string_view name, std::string_view text, std::string_view before,
                  std::string_view after) {
    std::string& out = object_.field(name);
    out += before;
    append_json_string(out, text);
    out += after;
  }

  Status add_answer(const OutputValues& output) {
    const std::string text = TRY(report_.texts->get(output.text));
    const std::string_view theirs = as_lm_eval_cuts(text, task_);
    const bool cut = theirs.size() < text.size();
    const std::string_view reason =
        output.finish_reason ? to_string(*output.finish_reason) : std::string_view();
    add("filter", filter_);
    add_listed("filtered_resps", taken_from(output), "[", "]");
    add("finish_reason", cut ? "stop" : reason);
    add("outcome", output.outcome);
    add_listed("resps", theirs, "[[", "]]");
    if (!cut) return {};
    add("output", text);
    add("output_finish_reason", reason);
    return {};
  }

  [[nodiscard]] std::string_view taken_from(const OutputValues& output) const {
    if (!output.several) return output.said().extracted;
    const auto taken = output.several->filtered.find(filter_);
    return taken != output.several->filtered.end() ? taken->second : output.said().extracted;
  }

  void add_item(const ItemValues& item, int doc_id) {
    std::string& doc = object_.field("doc");
    doc += "{\"group\":";
    append_json_string(doc, item.group);
    doc += ",\"id\":";
    append_json_string(doc, item.id);
    doc += '}';
    const std::string hash = sha256_hex(item.task + "/" + item.id);
    add("doc_hash", hash);
    hash_.add(hash);
    object_.field("doc_id") += std::to_string(doc_id);
    target_hash_ = sha256_hex(item.target);
    add("target", item.target);
    add("target_hash", target_hash_);
  }

  // What lm-eval's task code hands its model: the prompt and how to go on from it. For the prompt
  // stands its hash: these files are passed on, and a prompt holds the question.
  Status add_prompt(const OutputValues& output) {
    std::string hash;
    if (output.prompt_hash.size > 0) hash = TRY(report_.prompt_hashes->get(output.prompt_hash));
    std::string& arguments = object_.field("arguments");
    arguments += "{\"gen_args_0\":{\"arg_0\":";
    append_json_string(arguments, hash.empty() ? "" : "sha256:" + hash);
    if (!generation_.empty()) arguments += ",\"arg_1\":" + generation_;
    arguments += "}}";
    if (!hash.empty()) add("prompt_hash", hash);
    hash_.add(hash);
    hash_.add(target_hash_);
    return {};
  }

  void add_scores(const OutputValues& output) {
    metrics_.clear();
    if (own_) metrics_ = task_.metrics;
    const bool scored = own_ && output.outcome == "scored";
    const std::string& metric = task_.metrics.front();
    if (scored) {
      append_json_number(object_.field(metric), output.score);
      if (output.each) append_by_repeat(object_.field(by_repeat_key(metric)), *output.each);
      if (output.lm_eval) append_json_number(object_.field("lm_eval"), *output.lm_eval);
    }
    if (output.several) {
      for (const auto& [name, value] : output.several->named) {
        const MetricName of = metric_name(name);
        if (of.filter != filter_) continue;
        metrics_.push_back(of.metric);
        append_json_number(object_.field(of.metric), value);
      }
    }
    append_list(object_.field("metrics"), metrics_);
  }

  const RunReport& report_;
  const TaskValues& task_;
  const std::string& filter_;
  const bool own_;  // of no filter of lm-eval's
  TaskHash& hash_;
  std::string generation_;  // empty: nothing is generated
  // Of the line that is made.
  JsonObjectText object_;
  std::string line_;
  std::string target_hash_;
  std::vector<std::string> metrics_;
};

// A line for each document, one filter after the other, as lm-eval writes them.
Status write_samples(const RunReport& report, const TaskValues& task, std::size_t v, TaskHash& hash,
                     const Append& append) {
  for (const std::string& filter : filters_of(report, task, v)) {
    SampleLines lines(report, task, filter, hash);
    int doc_id = 0;
    for (const ItemValues& item : report.items) {
      if (item.task != task.name) continue;
      const int id = doc_id++;
      const auto& output = item.outputs[v];
      if (output) TRY(append(TRY(lines.line(item, *output, id))));
    }
  }
  return {};
}

Json pass1_file(const RunReport& report, std::size_t v) {
  Json tasks = Json::object();
  for (const TaskValues& task : report.tasks) {
    if (task.kind != "code" || !task.cells[v].not_available.empty()) continue;
    const Cell& cell = task.cells[v];
    Json items = Json::array();
    for (const ItemValues& item : report.items) {
      const auto& output = item.outputs[v];
      if (item.task != task.name || !output) continue;
      Json score = output->outcome == "scored" ? Json(output->score) : Json(nullptr);
      items.push_back({{"id", item.id},
                       {"group", item.group},
                       {"pass@1", score},
                       {"outcome", output->outcome}});
      if (task.repeats == 1) continue;
      items.back()["samples"] = output->samples;
      items.back()["passed"] = output->passed;
    }
    const auto mean = cell.metrics.find(task.metrics.front());
    tasks[task.name] = {{"pass@1", mean == cell.metrics.end() ? Json(nullptr) : Json(mean->second)},
                        {"n", cell.scored},
                        {"planned", cell.planned},
                        {"repeats", task.repeats},
                        {"items", items}};
    for (const auto& [k, value] : cell.pass_at) {
      tasks[task.name][fmt::format("pass@{}", k)] = value;
    }
  }
  return {{"schema_version", 1}, {"model", report.variants[v].model}, {"tasks", tasks}};
}

}  // namespace

Status write_lm_eval_files(const RunReport& report, std::size_t v,
                           const std::filesystem::path& folder) {
  const std::string when = stamp(report.started_at_s);
  const std::filesystem::path target = folder / report.variants[v].name;
  TRY(make_dirs(target));
  remove_stale_temporaries(target);
  bool code = false;
  Json task_hashes = Json::object();
  for (const TaskValues& task : report.tasks) {
    code = code || task.kind == "code";
    if (task.cells[v].run == 0) continue;
    TaskHash hash;
    TRY(write_file_atomic(
        target / fmt::format("samples_{}_{}.jsonl", task.name, when),
        [&](const Append& append) { return write_samples(report, task, v, hash, append); }));
    task_hashes[task.name] = hash.hex();
  }
  TRY(write_file_atomic(target / ("results_" + when + ".json"),
                        dump_json(results_file(report, v, task_hashes), 2) + "\n"));
  if (!code) return {};
  return write_file_atomic(target / "pass1.json", dump_json(pass1_file(report, v), 1) + "\n");
}

}  // namespace assay

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

Json results_file(const RunReport& report, std::size_t v) {
  const VariantValues& variant = report.variants[v];
  Json results = Json::object();
  Json samples = Json::object();
  Json configs = Json::object();
  Json versions = Json::object();
  for (const TaskValues& task : report.tasks) {
    const Cell& cell = task.cells[v];
    Json entry = {{"alias", task.title}};
    for (const auto& [metric, mean] : cell.metrics) {
      const auto [name, filter] = metric_name(metric);
      entry[fmt::format("{},{}", name, filter)] = mean;
      entry[fmt::format("{}_stderr,{}", name, filter)] = mean_stderr(mean, cell.scored);
    }
    if (!cell.not_available.empty()) entry["status"] = cell.not_available;
    results[task.name] = entry;
    samples[task.name] = {{"original", task.planned}, {"effective", cell.scored}};
    configs[task.name] = {{"task", task.name}, {"num_fewshot", nullptr}, {"repeats", task.repeats}};
    versions[task.name] = 1;
  }
  return {{"results", results},
          {"configs", configs},
          {"versions", versions},
          {"n-samples", samples},
          {"higher_is_better", Json::object()},
          {"config",
           {{"model", "assay"}, {"model_args", variant.model}, {"engine", variant.facts.versions}}},
          {"model_name", variant.model},
          {"model_source", model_source(variant)},
          {"date", report.started_at_s},
          {"start_time", report.started_at_s},
          {"end_time", report.ended_at_s},
          {"samples_version", kSamplesVersion},
          {"assay", report.assay_version}};
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

// An item as one filter sees it.
Result<Json> sample_line(const TaskValues& task, const ItemValues& item, const OutputValues& output,
                         const RunReport& report, int doc_id, const std::string& filter) {
  const bool own = filter == kNoFilter;
  static const LmEvalValues one;
  const LmEvalValues& several = output.several ? *output.several : one;
  const auto taken = several.filtered.find(filter);
  const std::string text = TRY(report.texts->get(output.text));
  const std::string_view theirs = as_lm_eval_cuts(text, task);
  const bool cut = theirs.size() < text.size();
  Json line = {
      {"doc_id", doc_id},
      {"doc_hash", sha256_hex(item.task + "/" + item.id)},
      {"doc", {{"id", item.id}, {"group", item.group}}},
      {"target", item.target},
      {"resps", {{theirs}}},
      {"filtered_resps", {taken != several.filtered.end() ? taken->second : output.extracted}},
      {"filter", filter},
      {"metrics", own ? Json(task.metrics) : Json::array()},
      {"finish_reason", cut ? "stop" : output.finish_reason},
      {"outcome", output.outcome}};
  if (cut) {
    line["output"] = text;
    line["output_finish_reason"] = output.finish_reason;
  }
  if (output.prompt_hash.size > 0)
    line["prompt_hash"] = TRY(report.prompt_hashes->get(output.prompt_hash));
  if (own && output.outcome == "scored") {
    line[task.metrics.front()] = output.score;
    if (output.lm_eval) line["lm_eval"] = *output.lm_eval;
  }
  for (const auto& [name, value] : several.named) {
    const MetricName of = metric_name(name);
    if (of.filter != filter) continue;
    line["metrics"].push_back(of.metric);
    line[of.metric] = value;
  }
  return line;
}

// A line for each document, one filter after the other, as lm-eval writes them.
Status write_samples(const RunReport& report, const TaskValues& task, std::size_t v,
                     const Append& append) {
  for (const std::string& filter : filters_of(report, task, v)) {
    int doc_id = 0;
    for (const ItemValues& item : report.items) {
      if (item.task != task.name) continue;
      const int id = doc_id++;
      const auto& output = item.outputs[v];
      if (!output) continue;
      const Json line = TRY(sample_line(task, item, *output, report, id, filter));
      TRY(append(dump_json(line) + "\n"));
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
  TRY(write_file_atomic(target / ("results_" + when + ".json"),
                        dump_json(results_file(report, v), 2) + "\n"));
  bool code = false;
  for (const TaskValues& task : report.tasks) {
    code = code || task.kind == "code";
    if (task.cells[v].run == 0) continue;
    TRY(write_file_atomic(
        target / fmt::format("samples_{}_{}.jsonl", task.name, when),
        [&](const Append& append) { return write_samples(report, task, v, append); }));
  }
  if (!code) return {};
  return write_file_atomic(target / "pass1.json", dump_json(pass1_file(report, v), 1) + "\n");
}

}  // namespace assay

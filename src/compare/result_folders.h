// Folders of results as assay and several versions of lm-eval write them, read as arms: one model's
// results, task by task.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "report/values.h"

namespace assay {

struct MetricSummary {
  std::string metric;  // "acc"
  std::string filter;  // "none", "strict-match"; empty: the format knows no filters
  double value = 0;
  std::optional<double> standard_error;  // lm-eval's "N/A": none
  bool higher_is_better = true;
};

struct TaskSummary {
  std::vector<MetricSummary> metrics;
  std::int64_t n = 0;         // items; 0: not said
  std::string prompt_sha;     // hash over the task's samples and prompts; empty: not said
  std::string not_available;  // assay: why there are no figures
  // The prompt_hash of its samples covers the model's own answers too, so two models' differ
  // although both were asked the same: a task of several steps, written by an earlier release of
  // assay.
  bool prompt_hash_covers_answers = false;
};

struct ResultArm {
  std::string name;  // assay: the variant; lm-eval: its folder below the one given
  std::string model;
  std::filesystem::path folder;
  bool of_assay = false;
  bool baseline = false;
  std::map<std::string, std::filesystem::path> samples;  // task -> file of the newest date
  std::map<std::string, TaskSummary> tasks;              // of the newest results file
  std::map<std::string, TaskSummary> groups;             // means over several tasks
  std::string chat_template_sha;
  std::vector<Flag> flags;  // assay: those of this variant
  std::optional<FidelityValues> fidelity;
  std::vector<std::string> notes;  // "3 results of different dates: 2026-… counts"
};

// All arms below a folder, by name. "DIR:NAME" gives that one alone, and so does a folder of one
// arm, such as RUN/results/fp8. Usage errors: no such folder, no results in it, no such arm,
// results that cannot be read.
[[nodiscard]] Result<std::vector<ResultArm>> read_arms(const std::string& spec);

// "samples_<task>_<date>.jsonl" -> task and date ("" without one); none: another kind of file.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> sample_file_name(
    const std::string& name);

// Whether this is a results.json of assay.
[[nodiscard]] bool is_assay_report(const std::filesystem::path& file);

}  // namespace assay

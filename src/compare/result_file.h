// One results file of lm-eval (0.3 to 0.4.13), lighteval or assay: its tasks and groups, their
// metrics in the file's order, and how the tasks were asked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/language.h"
#include "base/result.h"

namespace assay {

// Keeps the order of an object's fields as they stand in the file.
using OrderedJson = nlohmann::ordered_json;

struct MetricSummary {
  std::string metric;  // "acc"
  std::string filter;  // "none", "strict-match"; empty: the format knows no filters
  double value = 0;    // NaN: the file has NaN, Infinity or null
  std::optional<double> standard_error;  // lm-eval's "N/A": none
  bool higher_is_better = true;
  std::int64_t n = 0;  // what the value is a mean over; 0: not said
};

struct TaskSummary {
  std::vector<MetricSummary> metrics;  // in the file's order
  std::int64_t n = 0;                  // items; 0: not said
  std::string prompt_sha;              // hash over the task's samples and prompts; empty: not said
  std::string not_available;           // assay: why there are no figures
  // The prompt_hash of its samples covers the model's own answers too, so two models' differ
  // although both were asked the same: a task of several steps, written by an earlier release of
  // assay.
  bool prompt_hash_covers_answers = false;
  // What was set and how: "shots" -> "5", "chat template" -> its hash or "none". A setting that the
  // file does not tell is missing.
  std::map<std::string, std::string> settings;
  OrderedJson generation;            // effective generation arguments, an object; null: not said
  std::vector<std::string> members;  // of a group: its tasks, those of its groups included
  int runs = 1;                      // runs of this arm that the figures are means of
};

struct ResultFile {
  std::filesystem::path file;
  std::string date;        // of its name, "2026-11-22T20-40-09…"; empty: none
  std::string stem;        // of its name without the date: "results", or as --output_path said
  std::string model;       // empty: not said
  std::string model_args;  // as said; empty: not said
  bool of_assay = false;
  std::map<std::string, TaskSummary> tasks;
  // Groups that have figures of their own: means over several tasks.
  std::map<std::string, TaskSummary> groups;
  std::vector<Text> notes;  // what was left out of it
};

// "x_2026-11-22T20-40-09.123" -> "x" and the date; without a date the whole name and "".
[[nodiscard]] std::pair<std::string, std::string> split_date(const std::string& stem);

// The fields of a JSON object in a file, of any size, that have one of these names; the others are
// passed over. NaN and Infinity, which lm-eval writes, become the strings "NaN", "Infinity" and
// "-Infinity". Usage errors: no object, cut or damaged, a wanted field above 64 MiB.
[[nodiscard]] Result<OrderedJson> read_fields(const std::filesystem::path& file,
                                              const std::vector<std::string_view>& names);

// The error of a file of results that cannot be read.
[[nodiscard]] std::unexpected<Error> unusable_results(const std::filesystem::path& file,
                                                      const std::string& why);

// Whether a JSON file is of lm-eval or lighteval, by its fields.
[[nodiscard]] bool is_result_file(const std::filesystem::path& file);

[[nodiscard]] Result<ResultFile> read_result_file(const std::filesystem::path& file);

}  // namespace assay

// Reads the rows of a data set from files of several formats.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

struct Row {
  nlohmann::json fields;  // an object
  std::string where;      // "file:line", "file[index]", "file.zip!entry[index]", for error messages
};

// A place a task's rows may lie in, tried in order (first whose files exist wins).
struct RowLayout {
  std::string name;  // shown by `assay check`: "hub", "qwen format"
  // Patterns relative to the data folder ('*' and '?' within a part of the path, '**' for any
  // parts). Every file that matches any of them is read, sorted by name.
  std::vector<std::string> files;
  // Turns a raw row into the task's canonical fields; may reject (error) or drop it (null JSON).
  Result<nlohmann::json> (*adapt)(const Row& raw) = nullptr;  // nullptr: as it is
};

// Where a benchmark's rows come from.
struct DataSource {
  std::string hub_id;                  // "TIGER-Lab/MMLU-Pro"
  std::string hub_config;              // may be empty
  std::string hub_split;               // "test"
  std::vector<std::string> hub_files;  // globs in the repository
  bool gated = false;
  std::string licence;
  std::vector<RowLayout> layouts;  // in a --data folder or the shipped rows
};

struct DataSet {
  std::vector<Row> rows;
  std::string layout;       // which RowLayout
  std::string fingerprint;  // SHA-256 over the files read, in order
  std::vector<std::string> files;
};

// .jsonl, .jsonl.gz, .json, .json.gz (a list, or an object with "rows" or "data"), .csv (RFC 4180,
// all values text), .zip (all .json and .jsonl inside), .parquet (through
// `python -m assay_worker.rows`; an environment error when python is empty). docs/data.md has the
// details. Errors name file, place and reason.
[[nodiscard]] Result<std::vector<Row>> read_rows(const std::filesystem::path& file,
                                                 const std::string& python);

// Finds the first layout with files below `folder`, reads and adapts them. Usage errors: no folder,
// no layout's files there (all that was looked for is named), no row left.
[[nodiscard]] Result<DataSet> load_data_set(const std::filesystem::path& folder,
                                            const std::vector<RowLayout>& layouts,
                                            const std::string& python);

}  // namespace assay

// Reads the rows of a data set from files of several formats.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/deadline.h"
#include "base/language.h"
#include "base/packed_json.h"
#include "base/result.h"

namespace assay {

struct Row {
  nlohmann::json fields;  // an object
  std::string where;      // "file:line", "file[index]", "file.zip!entry[index]", for error messages
  std::int64_t position = 0;  // among all rows of the data set's files, from 0
};

// Many rows, packed; each is made anew whenever it is asked for.
class RowList {
 public:
  RowList() = default;
  RowList(std::initializer_list<Row> rows) {
    for (const Row& row : rows) push_back(row);
  }
  void reserve(std::size_t count) { rows_.reserve(count); }
  void push_back(Row row) {
    rows_.push_back({PackedJson(row.fields), std::move(row.where), row.position});
  }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] Row operator[](std::size_t index) const {
    const Packed& row = rows_[index];
    return {row.fields.unpacked(), row.where, row.position};
  }
  [[nodiscard]] UnpackingIterator<RowList> begin() const { return {*this, 0}; }
  [[nodiscard]] UnpackingIterator<RowList> end() const { return {*this, rows_.size()}; }

 private:
  struct Packed {
    PackedJson fields;
    std::string where;
    std::int64_t position = 0;
  };
  std::vector<Packed> rows_;
};

// A place a task's rows may lie in, tried in order (first whose files exist wins).
struct RowLayout {
  std::string name;  // shown by `assay data check`: "hub", "qwen format"
  // Patterns relative to the data folder ('*' and '?' within a part of the path, '**' for any
  // parts). Every file that matches any of them is read, sorted by name.
  std::vector<std::string> files;
  // Turns a raw row into the task's canonical fields; may reject (error) or drop it (null JSON).
  Result<nlohmann::json> (*adapt)(const Row& raw) = nullptr;  // nullptr: as it is
};

// Where a benchmark's rows come from.
struct DataSource {
  std::string hub_id;     // "TIGER-Lab/MMLU-Pro"
  std::string hub_split;  // "test"
  int hub_requests = 0;   // over all of hub_items, where an item asks more than one; 0: one each
  int hub_items = 0;      // of that split, as published; 0: not known
  std::vector<std::string> hub_items_unless = {};  // options that choose among them
  std::vector<std::string> hub_files;              // globs in the repository
  bool gated = false;
  Text licence;
  std::vector<RowLayout> layouts;  // in a --data folder or the shipped rows
};

struct DataSet {
  RowList rows;
  std::string layout;       // which RowLayout
  std::string fingerprint;  // SHA-256 over the files read, in order
  std::vector<std::string> files;
};

// None of the layouts has a file below the folder: no damage, the data set is just not there.
struct AbsentRows {
  std::filesystem::path folder;
  std::string looked_for;  // every layout's name and patterns, for a person to read
};

// For those who cannot do without the rows.
[[nodiscard]] Error absent_error(const AbsentRows& absent);

using FoundRows = std::variant<DataSet, AbsentRows>;

// The interpreter that reads Parquet, and until when anybody waits for it.
struct RowsPython {
  RowsPython(std::string path, const Deadline& wait = {})  // NOLINT(*-explicit-*)
      : program(std::move(path)), until(wait) {}

  std::string program;
  Deadline until;
};

// Looks for it. It is called when such a file is met and not before, so that nothing else needs a
// Python. Empty: there is none.
using FindPython = std::function<Result<RowsPython>()>;

// .jsonl, .jsonl.gz, .json, .json.gz (a list, or an object with "rows" or "data"), .csv (RFC 4180,
// all values text), .zip (all .json and .jsonl inside), .parquet (through
// `python -m assay_worker.rows`; an environment error when there is no Python). docs/data.md has
// the details. Errors name file, place and reason.
[[nodiscard]] Result<RowList> read_rows(const std::filesystem::path& file,
                                        const FindPython& python);

// Finds the first layout with files below `folder`, reads and adapts them. Usage errors: no folder,
// a file that cannot be read, no row left.
[[nodiscard]] Result<FoundRows> find_data_set(const std::filesystem::path& folder,
                                              const std::vector<RowLayout>& layouts,
                                              const FindPython& python);

}  // namespace assay

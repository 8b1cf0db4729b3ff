#include "data/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/hash.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "data/byte_source.h"
#include "data/csv.h"
#include "data/glob.h"
#include "data/json_rows.h"
#include "data/zip.h"

namespace assay {
namespace {

// Of a file that is parsed as a whole; JSON lines are read line by line and have no limit.
constexpr std::size_t kLargestDocumentBytes = 2UL << 30;
constexpr std::size_t kLargestParquetBytes = 4UL << 30;
constexpr std::chrono::minutes kParquetTimeout{15};
constexpr int kBadFileExitCode = 2;  // worker/assay_worker/rows.py

std::string last_line(std::string_view text) {
  text = trim(text);
  const std::size_t at = text.rfind('\n');
  return sanitize_utf8(at == std::string_view::npos ? text : text.substr(at + 1));
}

Result<RowList> read_zip_rows(const std::filesystem::path& file) {
  RowList rows;
  for (ZipEntry& entry : TRY(read_zip(file, {".json", ".jsonl"}))) {
    const std::string where = fmt::format("{}!{}", file.string(), entry.name);
    RowList more;
    if (entry.name.ends_with(".jsonl")) {
      more = TRY(read_json_lines(*text_source(entry.content), where));
    } else {
      more = TRY(read_json_document(entry.content, where));
    }
    entry.content = {};
    for (Row row : more) rows.push_back(std::move(row));
  }
  return rows;
}

Result<RowsPython> python_for(const std::filesystem::path& file, const FindPython& find_python) {
  if (!find_python) {
    return environment_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                             {"Parquet is read through Python, and none was found",
                              "Parquet 由 Python 读取，而没有找到 Python"},
                             {"set ASSAY_PYTHON to an interpreter with pyarrow, or use JSON lines",
                              "把 ASSAY_PYTHON 设为带 pyarrow 的解释器，或使用 JSON lines"});
  }
  Result<RowsPython> python = find_python();
  if (python) return python;
  const Error& reason = python.error();
  return std::unexpected(make_error(
      reason.kind, bilingual("cannot read {}", "无法读取 {}", file.string()),
      bilingual("Parquet is read through Python: {} ({})", "Parquet 由 Python 读取：{}（{}）",
                reason.what_text(), reason.why_text()),
      reason.fix_text()));
}

Result<RowList> read_parquet_rows(const std::filesystem::path& file,
                                  const FindPython& find_python) {
  const RowsPython python = TRY(python_for(file, find_python));
  SpawnOptions options;
  options.argv = {python.program, "-m", "assay_worker.rows", file.string()};
  options.new_session = true;  // a Ctrl-C is ours, and ends the command
  const CommandResult done =
      TRY(run_command(options, "", python.until.at_most(kParquetTimeout), kLargestParquetBytes));
  if (done.timed_out && python.until.passed()) {
    return environment_error(
        bilingual("the budget ended while {} was read", "读取 {} 时预算用完了", file.string()),
        {"finding models and data counts against it", "寻找模型和数据也计入预算"},
        {"give it more", "增大预算"});
  }
  if (done.timed_out || done.out.size() >= kLargestParquetBytes) {
    return usage_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                       done.timed_out ? Text("it took longer than 15 minutes", "超过了 15 分钟")
                                      : Text("it is too large", "它太大"),
                       {"use JSON lines", "使用 JSON lines"});
  }
  if (done.exit_code == kBadFileExitCode) {
    return usage_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                       last_line(done.err), {"fetch the file again", "重新取这个文件"});
  }
  if (done.exit_code != 0) {
    return environment_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                             last_line(done.err),
                             bilingual("check that {} has assay_worker and pyarrow",
                                       "检查 {} 是否有 assay_worker 和 pyarrow", python.program));
  }
  return read_json_lines(*text_source(done.out), file.string());
}

// The files that match any of the layout's patterns, sorted.
std::vector<std::string> files_of(const RowLayout& layout, const std::vector<std::string>& all) {
  std::vector<std::string> found;
  for (const std::string& file : all) {
    const auto matches = [&](const std::string& pattern) { return glob_match(pattern, file); };
    if (std::ranges::any_of(layout.files, matches)) found.push_back(file);
  }
  return found;
}

Result<DataSet> load_layout(const std::filesystem::path& folder, const RowLayout& layout,
                            std::vector<std::string> files, const FindPython& python) {
  DataSet set;
  set.layout = layout.name;
  set.files = std::move(files);
  std::string hashes;
  std::int64_t position = 0;
  for (const std::string& name : set.files) {
    const std::filesystem::path file = folder / name;
    hashes += TRY(sha256_file_hex(file)) + "\n";
    for (Row row : TRY(read_rows(file, python))) {
      row.position = position++;
      if (layout.adapt != nullptr) {
        nlohmann::json fields = TRY(layout.adapt(row));
        if (fields.is_null()) continue;
        row.fields = std::move(fields);
      }
      set.rows.push_back(std::move(row));
    }
  }
  if (set.rows.empty()) {
    return usage_error(
        bilingual("no rows in {}", "{} 里没有数据行", (folder / set.files[0]).string()),
        bilingual("read as '{}', the files hold nothing usable",
                  "按 '{}' 读取，这些文件没有可用的内容", layout.name),
        {"check the files", "检查这些文件"});
  }
  set.fingerprint = sha256_hex(hashes);
  return set;
}

}  // namespace

Result<RowList> read_rows(const std::filesystem::path& file, const FindPython& python) {
  const std::string name = file.filename().string();
  if (name.ends_with(".zip")) return read_zip_rows(file);
  if (name.ends_with(".parquet")) return read_parquet_rows(file, python);
  const std::unique_ptr<ByteSource> source = TRY(open_source(file));
  if (name.ends_with(".jsonl") || name.ends_with(".jsonl.gz")) {
    return read_json_lines(*source, file.string());
  }
  const bool is_json = name.ends_with(".json") || name.ends_with(".json.gz");
  if (!is_json && !name.ends_with(".csv")) {
    return usage_error(bilingual("cannot read {}", "无法读取 {}", file.string()),
                       {"its ending is not known", "不认识它的扩展名"},
                       {"known: .jsonl, .jsonl.gz, .json, .json.gz, .csv, .zip, .parquet",
                        "已知：.jsonl、.jsonl.gz、.json、.json.gz、.csv、.zip、.parquet"});
  }
  const std::string text = TRY(read_all(*source, kLargestDocumentBytes, file.string()));
  return is_json ? read_json_document(text, file.string()) : read_csv(text, file.string());
}

Error absent_error(const AbsentRows& absent) {
  return make_error(ErrorKind::usage,
                    bilingual("no rows found in {}", "{} 里没有找到数据行", absent.folder.string()),
                    bilingual("looked for: {}", "找过：{}", absent.looked_for),
                    {"put the data set's files there, or name another folder with --data",
                     "把数据集的文件放在那里，或用 --data 另选目录"});
}

Result<FoundRows> find_data_set(const std::filesystem::path& folder,
                                const std::vector<RowLayout>& layouts, const FindPython& python) {
  const std::vector<std::string> all = TRY(list_files(folder));
  std::string tried;
  for (const RowLayout& layout : layouts) {
    std::vector<std::string> files = files_of(layout, all);
    if (!files.empty()) return TRY(load_layout(folder, layout, std::move(files), python));
    tried +=
        fmt::format("{}{} ({})", tried.empty() ? "" : "; ", layout.name, join(layout.files, ", "));
  }
  return AbsentRows{folder, tried};
}

}  // namespace assay

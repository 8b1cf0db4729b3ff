#include "report/summarize.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "report/terminal.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

Status read_assay(const fs::path& folder, std::vector<SummaryRow>& rows) {
  const fs::path file = folder / "results.json";
  const Json report = TRY(parse_json(TRY(read_file(file)), file.string()));
  for (const Json& task : report.at("tasks")) {
    for (const auto& [variant, cell] : task.at("cells").items()) {
      SummaryRow row{folder.filename().string(), variant, task.at("name")};
      row.n = cell.at("scored");
      row.note = cell.at("not_available");
      if (!row.note.empty()) {
        row.metric = task.at("metrics")[0];
        rows.push_back(row);
      }
      for (const auto& [metric, value] : cell.at("metrics").items()) {
        row.metric = metric;
        row.value = value;
        row.has_value = true;
        rows.push_back(row);
      }
    }
  }
  return {};
}

Status read_lm_eval(const fs::path& folder, const fs::path& file, std::vector<SummaryRow>& rows) {
  const Json report = TRY(parse_json(TRY(read_file(file)), file.string()));
  const std::string model = report.value("model_name", file.parent_path().filename().string());
  for (const auto& [task, entry] : report.at("results").items()) {
    for (const auto& [key, value] : entry.items()) {
      const std::size_t comma = key.find(',');
      if (comma == std::string::npos || key.find("_stderr") != std::string::npos ||
          !value.is_number())
        continue;
      SummaryRow row{folder.filename().string(), model, task};
      const std::string filter = key.substr(comma + 1);
      row.metric = key.substr(0, comma) + (filter == "none" ? "" : " (" + filter + ")");
      row.value = value;
      row.has_value = true;
      const auto samples = report.find("n-samples");
      if (samples != report.end() && samples->contains(task)) {
        row.n = samples->at(task).value("effective", std::int64_t{0});
      }
      rows.push_back(row);
    }
  }
  return {};
}

std::vector<fs::path> lm_eval_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code code;
  for (fs::recursive_directory_iterator it(folder, code), end; it != end; it.increment(code)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with("results_") && name.ends_with(".json")) files.push_back(it->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Status read_folder(const fs::path& given, std::vector<SummaryRow>& rows) {
  const fs::path folder = given.filename().empty() ? given.parent_path() : given;
  try {
    if (fs::exists(folder / "results.json")) return read_assay(folder, rows);
    const std::vector<fs::path> files = lm_eval_files(folder);
    for (const fs::path& file : files) TRY(read_lm_eval(folder, file, rows));
    if (!files.empty()) return {};
  } catch (const Json::exception& e) {
    return usage_error("the results in " + folder.string() + " have another layout", e.what(),
                       "name a folder of assay or lm-eval results");
  }
  return usage_error("no results in " + folder.string(),
                     "neither results.json nor results_*.json is there",
                     "name a folder of assay or lm-eval results");
}

std::string value_text(const SummaryRow& row) {
  return row.has_value ? fmt::format("{:.4f}", row.value) : row.note;
}

std::string latex_escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("_%&#$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

Json rows_json(const std::vector<SummaryRow>& rows) {
  Json out = Json::array();
  for (const SummaryRow& row : rows) {
    out.push_back({{"run", row.run},
                   {"model", row.model},
                   {"task", row.task},
                   {"metric", row.metric},
                   {"value", row.has_value ? Json(row.value) : Json(nullptr)},
                   {"note", row.note},
                   {"n", row.n}});
  }
  return out;
}

}  // namespace

Result<std::vector<SummaryRow>> read_summary(const std::vector<fs::path>& folders) {
  std::vector<SummaryRow> rows;
  for (const fs::path& folder : folders) TRY(read_folder(folder, rows));
  return rows;
}

std::string summary_table(const std::vector<SummaryRow>& rows, TableFormat format) {
  std::vector<std::vector<std::string>> cells = {{"run", "model", "task", "metric", "value", "n"}};
  for (const SummaryRow& row : rows) {
    cells.push_back({row.run, row.model, row.task, row.metric, value_text(row),
                     row.n > 0 ? std::to_string(row.n) : ""});
  }
  std::string out;
  switch (format) {
    case TableFormat::terminal:
      return aligned(cells);
    case TableFormat::json:
      return dump_json(rows_json(rows), 1) + "\n";
    case TableFormat::csv:
      for (const auto& row : cells) {
        std::vector<std::string> quoted;
        for (const std::string& cell : row)
          quoted.push_back("\"" + replace_all(cell, "\"", "\"\"") + "\"");
        out += join(quoted, ",") + "\r\n";
      }
      return out;
    case TableFormat::markdown:
      for (std::size_t i = 0; i < cells.size(); ++i) {
        out += "| " + join(cells[i], " | ") + " |\n";
        if (i == 0) out += "| --- | --- | --- | --- | --- | --- |\n";
      }
      return out;
    case TableFormat::latex:
      out = "\\begin{tabular}{llllrr}\n";
      for (const auto& row : cells) {
        std::vector<std::string> safe;
        for (const std::string& cell : row) safe.push_back(latex_escaped(cell));
        out += join(safe, " & ") + " \\\\\n";
      }
      return out + "\\end{tabular}\n";
  }
  return out;
}

Result<std::string> summarize(const std::vector<fs::path>& folders, TableFormat format) {
  return summary_table(TRY(read_summary(folders)), format);
}

}  // namespace assay

#include "report/summarize.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "report/result_folders.h"
#include "report/terminal.h"
#include "report/write.h"

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
        row.metric = task.at("metrics").at(0);
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

void add_lm_eval(const std::string& run, const ResultArm& arm,
                 const std::map<std::string, TaskSummary>& tasks, std::vector<SummaryRow>& rows) {
  for (const auto& [task, summary] : tasks) {
    for (const MetricSummary& metric : summary.metrics) {
      SummaryRow row{run, arm.model.empty() ? arm.name : arm.model, task};
      const bool plain = metric.filter.empty() || metric.filter == "none";
      row.metric = metric.metric + (plain ? "" : " (" + metric.filter + ")");
      row.value = metric.value;
      row.has_value = true;
      row.standard_error = metric.standard_error;
      row.n = summary.n;
      rows.push_back(row);
    }
  }
}

Status read_folder(const fs::path& given, std::vector<SummaryRow>& rows) {
  const fs::path folder = given.filename().empty() ? given.parent_path() : given;
  try {
    if (is_assay_report(folder / "results.json")) return read_assay(folder, rows);
    for (const ResultArm& arm : TRY(read_arms(folder.string()))) {
      add_lm_eval(folder.filename().string(), arm, arm.groups, rows);
      add_lm_eval(folder.filename().string(), arm, arm.tasks, rows);
    }
    return {};
  } catch (const Json::exception& e) {
    return usage_error("the results in " + folder.string() + " have another layout", e.what(),
                       "name a folder of assay or lm-eval results");
  }
}

std::string value_text(const SummaryRow& row) {
  return row.has_value ? fmt::format("{:.4f}", row.value) : row.note;
}

std::string latex_escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\\' || c == '~' || c == '^') {
      out += c == '\\'  ? "\\textbackslash{}"
             : c == '~' ? "\\textasciitilde{}"
                        : "\\textasciicircum{}";
      continue;
    }
    if (std::string_view("_%&#${}").find(c) != std::string_view::npos) out += '\\';
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
                   {"stderr", row.standard_error ? Json(*row.standard_error) : Json(nullptr)},
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
  std::vector<std::vector<std::string>> cells = {
      {"run", "model", "task", "metric", "value", "stderr", "n"}};
  for (const SummaryRow& row : rows) {
    cells.push_back({row.run, row.model, row.task, row.metric, value_text(row),
                     row.standard_error ? fmt::format("{:.4f}", *row.standard_error) : "",
                     row.n > 0 ? std::to_string(row.n) : ""});
  }
  std::string out;
  switch (format) {
    case TableFormat::terminal:
      return aligned(cells);
    case TableFormat::json:
      return dump_json(rows_json(rows), 1) + "\n";
    case TableFormat::csv:
      for (std::size_t i = 0; i < cells.size(); ++i) {
        std::vector<std::string> quoted;
        quoted.reserve(cells[i].size());
        for (const std::string& cell : cells[i]) quoted.push_back(csv_quoted(cell));
        if (i > 0 && rows[i - 1].has_value) {  // may be a negative number
          quoted[4] = "\"" + value_text(rows[i - 1]) + "\"";
        }
        out += join(quoted, ",") + "\r\n";
      }
      return out;
    case TableFormat::markdown:
      for (std::size_t i = 0; i < cells.size(); ++i) {
        std::vector<std::string> safe;
        safe.reserve(cells[i].size());
        for (const std::string& cell : cells[i]) safe.push_back(replace_all(cell, "|", "\\|"));
        out += "| " + join(safe, " | ") + " |\n";
        if (i == 0) out += "| --- | --- | --- | --- | --- | --- | --- |\n";
      }
      return out;
    case TableFormat::latex:
      out = "\\begin{tabular}{llllrrr}\n";
      for (const auto& row : cells) {
        std::vector<std::string> safe;
        safe.reserve(row.size());
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

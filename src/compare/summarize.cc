#include "compare/summarize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "compare/result_folders.h"
#include "report/printers.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

Status read_assay(const fs::path& folder, std::vector<SummaryRow>& rows) {
  const fs::path file = folder / "results.json";
  const Json report(TRY(read_fields(file, {"tasks"})));
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
      row.has_value = !std::isnan(metric.value);
      if (row.has_value) row.value = metric.value;
      if (!row.has_value) row.note = "not a number";
      row.standard_error = metric.standard_error;
      row.n = metric.n;
      rows.push_back(row);
    }
  }
}

// Files that could not be used are rows too, so that a table does not look whole without them.
void add_left_out(const std::string& run, const ResultArm& arm, std::vector<SummaryRow>& rows) {
  constexpr std::string_view kLeftOut = "left out: ";
  for (const std::string& note : english_of(arm.notes)) {
    if (!note.starts_with(kLeftOut)) continue;
    SummaryRow row{run, arm.model.empty() ? arm.name : arm.model, ""};
    row.note = note;
    const bool there = std::any_of(rows.begin(), rows.end(), [&row](const SummaryRow& other) {
      return other.run == row.run && other.note == row.note;
    });
    if (!there) rows.push_back(row);
  }
}

Status read_folder(const fs::path& given, std::vector<SummaryRow>& rows) {
  const fs::path folder = given.filename().empty() ? given.parent_path() : given;
  try {
    if (is_assay_report(folder / "results.json")) return read_assay(folder, rows);
    const std::size_t before = rows.size();
    for (const ResultArm& arm : TRY(read_arms(folder.string()))) {
      add_lm_eval(folder.filename().string(), arm, arm.groups, rows);
      add_lm_eval(folder.filename().string(), arm, arm.tasks, rows);
      add_left_out(folder.filename().string(), arm, rows);
    }
    if (rows.size() > before) return {};
    return usage_error("no figures in " + folder.string(),
                       "it has samples, but no results file that says what they amount to",
                       "name a folder with results_*.json, or compare it with another");
  } catch (const Json::exception& e) {
    return usage_error("the results in " + folder.string() + " have another layout", e.what(),
                       "name a folder of assay or lm-eval results");
  }
}

Table table_of(const std::vector<SummaryRow>& rows) {
  Table table{"summary"};
  for (const char* name : {"run", "model", "task", "metric", "value", "stderr", "n"}) {
    table.head.emplace_back(name);
  }
  for (const SummaryRow& row : rows) {
    const TableCell value =
        row.has_value ? number(fmt::format("{:.4f}", row.value)) : TableCell(row.note);
    const std::string error = row.standard_error ? fmt::format("{:.4f}", *row.standard_error) : "";
    table.rows.push_back({row.run, row.model, row.task, row.metric, value, number(error),
                          number(row.n > 0 ? std::to_string(row.n) : "")});
  }
  return table;
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
  switch (format) {
    case TableFormat::terminal:
      return aligned(table_of(rows));
    case TableFormat::json:
      return dump_json(rows_json(rows), 1) + "\n";
    case TableFormat::csv:
      return csv_table(table_of(rows));
    case TableFormat::markdown:
      return markdown_table(table_of(rows));
    case TableFormat::latex:
      return latex_table(table_of(rows));
  }
  return "";
}

Result<std::string> summarize(const std::vector<fs::path>& folders, TableFormat format) {
  return summary_table(TRY(read_summary(folders)), format);
}

}  // namespace assay

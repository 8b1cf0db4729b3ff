#include "compare/summarize.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "compare/result_folders.h"
#include "report/heads.h"
#include "report/printers.h"
#include "report/words.h"

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
      row.note = reason_words(cell.at("not_available"));
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
      if (!row.has_value) row.note = reason_words("not a number");
      row.standard_error = metric.standard_error;
      row.n = metric.n;
      rows.push_back(row);
    }
  }
}

// Files that could not be used are rows too, so that a table does not look whole without them.
void add_left_out(const std::string& run, const ResultArm& arm, std::vector<SummaryRow>& rows) {
  constexpr std::string_view kLeftOut = "left out: ";
  for (const Text& note : arm.notes) {
    if (!note.en.starts_with(kLeftOut)) continue;
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
    return usage_error(bilingual("no figures in {}", "{} 里没有数值", folder.string()),
                       {"it has samples, but no results file that says what they amount to",
                        "它有样本，但没有给出汇总数值的结果文件"},
                       {"name a folder with results_*.json, or compare it with another",
                        "给出含 results_*.json 的目录，或把它与另一个比较"});
  } catch (const Json::exception& e) {
    return usage_error(
        bilingual("the results in {} have another layout", "{} 里的结果是另一种布局",
                  folder.string()),
        e.what(),
        {"name a folder of assay or lm-eval results", "给出 assay 或 lm-eval 的结果目录"});
  }
}

Table table_of(const std::vector<SummaryRow>& rows) {
  Table table{"summary"};
  table.head = {{"run", "运行"},   {"model", "模型"},    heads::task(), {"metric", "指标"},
                {"value", "数值"}, {"stderr", "标准误"}, {"n", "题数"}};
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
                   {"note", row.note.en},
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

std::string summary_table(const std::vector<SummaryRow>& rows, TableFormat format,
                          Language language) {
  switch (format) {
    case TableFormat::terminal:
      return aligned(table_of(rows), language);
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

Result<std::string> summarize(const std::vector<fs::path>& folders, TableFormat format,
                              Language language) {
  return summary_table(TRY(read_summary(folders)), format, language);
}

}  // namespace assay

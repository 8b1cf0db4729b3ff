// results.csv: one line a task and variant, for programs: more digits than the tables for readers,
// and names of its own (docs/report_schema.md).
#include <fmt/format.h>

#include <cstdint>

#include "base/text.h"
#include "report/printers.h"
#include "report/write.h"

namespace assay {
namespace {

std::string csv_quoted(const std::string& text) {
  // A leading = + - @ makes spreadsheets run the cell as a formula.
  const bool guarded =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  return "\"" + std::string(guarded ? "'" : "") + replace_all(text, "\"", "\"\"") + "\"";
}

std::vector<TableCell> csv_row(const TaskValues& task, const VariantValues& variant,
                               const Cell& cell) {
  const auto metric = [&cell](const std::string& name) {
    const auto it = cell.metrics.find(name);
    return number(it == cell.metrics.end() ? "" : fmt::format("{:.6f}", it->second));
  };
  const auto count = [](std::int64_t n) { return number(std::to_string(n)); };
  const auto scored = [&cell](double value) {
    return number(cell.scored > 0 ? fmt::format("{:.6f}", value) : "");
  };
  const PairedComparison paired = cell.paired.value_or(PairedComparison{});
  const auto points = [&paired](double value) {
    return number(paired.n > 0 ? fmt::format("{:.4f}", value) : "");
  };
  const bool has_p = paired.n > 0 && paired.mcnemar_p.has_value();
  return {task.name,
          variant.name,
          cell.not_available.empty() ? "ok" : cell.not_available,
          count(cell.planned),
          count(cell.run),
          count(cell.scored),
          metric(task.metrics.front()),
          metric("lm_eval"),
          scored(cell.ci95.low),
          scored(cell.ci95.high),
          count(cell.truncated),
          count(paired.n),
          points(paired.diff_pp),
          points(paired.interval_low_pp),
          points(paired.interval_high_pp),
          number(has_p ? fmt::format("{:.6f}", *paired.mcnemar_p) : ""),
          number(cell.paired ? std::string(verdict_name(paired.verdict))
                             : "")};  // one word: needs no quotes
}

}  // namespace

std::string csv_table(const Table& table, Language language) {
  std::vector<std::string> cells;
  for (const Text& name : table.head) cells.push_back(name.in(language));
  std::string out = join(cells, ",") + "\r\n";
  for (const auto& row : table.rows) {
    cells.clear();
    for (const TableCell& cell : row) {
      const std::string text = cell.text(language);
      cells.push_back(cell.number || text.empty() ? text : csv_quoted(text));
    }
    out += join(cells, ",") + "\r\n";
  }
  return out;
}

std::string csv_report(const RunReport& report) {
  Table table{"results"};
  for (const char* name : {"task", "variant", "status", "planned", "run", "scored", "score",
                           "lm_eval", "ci95_low", "ci95_high", "truncated", "paired", "diff_pp",
                           "interval_low_pp", "interval_high_pp", "mcnemar_p", "verdict"}) {
    table.head.emplace_back(name);
  }
  for (const TaskValues& task : report.tasks) {
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      table.rows.push_back(csv_row(task, report.variants[v], task.cells[v]));
    }
  }
  return csv_table(table);
}

}  // namespace assay

// results.csv: one line a task and variant (RFC 4180).
#include <fmt/format.h>

#include "base/text.h"
#include "report/summary.h"
#include "report/write.h"

namespace assay {

std::string csv_quoted(const std::string& text) {
  // A leading = + - @ makes spreadsheets run the cell as a formula.
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  return "\"" + std::string(formula ? "'" : "") + replace_all(text, "\"", "\"\"") + "\"";
}

std::string csv_report(const RunReport& report) {
  std::string out =
      "task,variant,status,planned,run,scored,score,lm_eval,ci95_low,ci95_high,truncated,paired,"
      "diff_pp,"
      "ci95_low_pp,ci95_high_pp,mcnemar_p,verdict\r\n";
  for (const TaskValues& task : report.tasks) {
    for (std::size_t v = 0; v < task.cells.size(); ++v) {
      const Cell& cell = task.cells[v];
      const auto metric = [&](const std::string& name) {
        const auto it = cell.metrics.find(name);
        return it == cell.metrics.end() ? std::string() : fmt::format("{:.6f}", it->second);
      };
      out += fmt::format(
          "{},{},{},{},{},{},{},{},", csv_quoted(task.name), csv_quoted(report.variants[v].name),
          csv_quoted(cell.not_available.empty() ? "ok" : cell.not_available), cell.planned,
          cell.run, cell.scored, metric(task.metrics.front()), metric("lm_eval"));
      out += cell.scored > 0 ? fmt::format("{:.6f},{:.6f},", cell.ci95.low, cell.ci95.high) : ",,";
      out += fmt::format("{},", cell.truncated);
      if (cell.paired && cell.paired->n > 0) {
        const PairedComparison& p = *cell.paired;
        out += fmt::format("{},{:.4f},{:.4f},{:.4f},{},{}\r\n", p.n, p.diff_pp, p.ci95_low_pp,
                           p.ci95_high_pp, p.mcnemar_p ? fmt::format("{:.6f}", *p.mcnemar_p) : "",
                           verdict_name(p.verdict));
      } else {
        out += fmt::format("0,,,,,{}\r\n", cell.paired ? verdict_name(cell.paired->verdict) : "");
      }
    }
  }
  return out;
}

}  // namespace assay

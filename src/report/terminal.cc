#include "report/terminal.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/summary.h"

namespace assay {
namespace {

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80;
  }));
}

const char* colour_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::non_inferior:
      return "\033[32m";
    case Verdict::worse:
    case Verdict::invalid:
      return "\033[31m";
    case Verdict::worse_within_margin:
    case Verdict::inconclusive:
      return "\033[33m";
    case Verdict::not_available:
      return "\033[2m";
  }
  return "";
}

std::string cell_text(const TaskValues& task, const Cell& cell) {
  std::string text = score_text(task, cell);
  if (!cell.not_available.empty()) return text;
  text += fmt::format(" ({}/{})", cell.scored, cell.planned);
  if (cell.paired && cell.paired->n > 0) text += " " + difference_text(*cell.paired);
  return text;
}

}  // namespace

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    out += line + "\n";
  }
  return out;
}

std::string terminal_table(const RunReport& report, bool colour) {
  std::vector<std::vector<std::string>> rows = {{"task"}};
  for (const VariantValues& v : report.variants) rows[0].push_back(v.name);
  for (const TaskValues& task : report.tasks) {
    rows.push_back({task.title});
    for (const Cell& cell : task.cells) rows.back().push_back(cell_text(task, cell));
  }
  rows.push_back({"load"});
  for (const VariantValues& v : report.variants) rows.back().push_back(human_duration(v.load_s));
  rows.push_back({"output tokens/s"});
  for (const VariantValues& v : report.variants)
    rows.back().push_back(fmt::format("{:.0f}", v.tokens_per_s));
  std::string out = "\n" + report.name +
                    ": score (scored/planned) difference to the baseline [95 %] in points\n\n";
  out += aligned(rows) + "\n";
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    if (report.variants[v].baseline) continue;
    const PairedComparison& pooled = report.pooled[v].overall;
    const std::string verdict = verdict_text(pooled);
    out += fmt::format("{}: {}{}{} {}\n", report.variants[v].name,
                       colour ? colour_of(pooled.verdict) : "", verdict, colour ? "\033[0m" : "",
                       difference_text(pooled));
  }
  if (report.noise_floor) {
    const PairedComparison& c = report.noise_floor->comparison;
    out += fmt::format("baseline against its second pass: {}, {} of {} items flip\n",
                       difference_text(c), c.flips_to_wrong + c.flips_to_right, c.n);
  }
  if (!report.flags.empty())
    out += fmt::format("{} {}: see the report\n", report.flags.size(),
                       report.flags.size() == 1 ? "flag" : "flags");
  return out;
}

}  // namespace assay

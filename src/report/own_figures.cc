#include "report/own_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include "stats/calibration.h"
#include "stats/proportion.h"

namespace assay {
namespace {

std::string percent_of(double mean, std::int64_t n) {
  return fmt::format("{:.1f} % ({})", mean * 100, n);
}

std::string text_of(const Calibration& c) {
  std::string text = fmt::format("{:.1f} % ({} answers", c.error * 100, c.answers);
  if (c.unstated > 0) text += fmt::format(", {} without confidence", c.unstated);
  text += ")";
  if (c.official) text += fmt::format("; official loop {:.1f} %", *c.official * 100);
  return text;
}

using Groups = std::map<std::string, std::pair<std::int64_t, double>>;

// A row for each name any variant has.
void add_group_rows(const TaskValues& task, Groups Cell::* groups, std::vector<OwnRow>& rows) {
  Groups all;
  for (const Cell& cell : task.cells) all.insert((cell.*groups).begin(), (cell.*groups).end());
  for (const auto& [name, unused] : all) {
    OwnRow row{task.title, name, name, {}};
    for (const Cell& cell : task.cells) {
      const auto it = (cell.*groups).find(name);
      row.cells.push_back(
          it == (cell.*groups).end() ? "" : percent_of(it->second.second, it->second.first));
    }
    rows.push_back(std::move(row));
  }
}

// One row of texts, when any variant has the figure.
template <typename Figure, typename Text>
void add_row(const TaskValues& task, const char* name, const char* name_zh, Figure figure,
             Text text, std::vector<OwnRow>& rows) {
  OwnRow row{task.title, name, name_zh, {}};
  bool any = false;
  for (const Cell& cell : task.cells) {
    const auto& value = cell.*figure;
    row.cells.push_back(value ? text(*value) : "");
    any = any || value;
  }
  if (any) rows.push_back(std::move(row));
}

void add_pass_rows(const TaskValues& task, std::vector<OwnRow>& rows) {
  std::set<int> ks;
  for (const Cell& cell : task.cells) {
    for (const auto& [k, unused] : cell.pass_at) ks.insert(k);
  }
  for (const int k : ks) {
    OwnRow row{task.title, fmt::format("pass@{}", k), fmt::format("pass@{}", k), {}};
    for (const Cell& cell : task.cells) {
      const auto it = cell.pass_at.find(k);
      row.cells.push_back(it == cell.pass_at.end() ? ""
                                                   : fmt::format("{:.1f} %", it->second * 100));
    }
    rows.push_back(std::move(row));
  }
}

// Over the items with at least k scored answers.
std::map<int, double> pass_at_ks(const std::vector<OwnItem>& items) {
  int most = 0;
  for (const OwnItem& item : items) most = std::max(most, item.repeats);
  std::map<int, double> out;
  for (int k = 2; k <= most; k *= 2) {
    double sum = 0;
    int n = 0;
    for (const OwnItem& item : items) {
      const int right = static_cast<int>(std::lround(item.mean * item.repeats));
      const auto value = pass_at_k(item.repeats, right, k);
      if (!value) continue;
      sum += *value;
      ++n;
    }
    out[k] = sum / n;
  }
  return out;
}

}  // namespace

void note_own_parts(const Score& score, double correct, OwnParts& parts) {
  if (score.month) parts.month = *score.month;
  if (score.substeps) {
    parts.steps_passed += score.substeps->passed;
    parts.steps += score.substeps->total;
  }
  if (!score.confidence) return;
  const std::optional<double>& stated = score.confidence->stated;
  parts.unstated += stated ? 0 : 1;
  parts.confidence.push_back(stated.value_or(1.0));
  parts.correct.push_back(correct);
}

void add_own_figures(const std::vector<OwnItem>& items, Cell& cell) {
  Substeps steps;
  std::vector<double> confidence;
  std::vector<double> correct;
  std::int64_t unstated = 0;
  for (const auto& [parts, mean, repeats] : items) {
    if (!parts->month.empty()) {
      auto& [n, month_mean] = cell.months[parts->month];
      ++n;
      month_mean += (mean - month_mean) / static_cast<double>(n);
    }
    steps.passed += parts->steps_passed;
    steps.total += parts->steps;
    confidence.insert(confidence.end(), parts->confidence.begin(), parts->confidence.end());
    correct.insert(correct.end(), parts->correct.begin(), parts->correct.end());
    unstated += parts->unstated;
  }
  cell.pass_at = pass_at_ks(items);
  if (steps.total > 0) cell.substeps = steps;
  if (const auto error = calibration_error(confidence, correct)) {
    cell.calibration = Calibration{error->all_bins, error->official,
                                   static_cast<std::int64_t>(confidence.size()), unstated};
  }
}

std::vector<OwnRow> own_figure_rows(const RunReport& report) {
  std::vector<OwnRow> rows;
  for (const TaskValues& task : report.tasks) {
    add_row(task, "calibration error", "校准误差", &Cell::calibration, text_of, rows);
    add_row(
        task, "sub-steps passed", "通过的子步骤", &Cell::substeps,
        [](const Substeps& s) {
          return fmt::format("{:.1f} % ({} of {})", s.rate() * 100, s.passed, s.total);
        },
        rows);
    add_pass_rows(task, rows);
    const std::size_t before = rows.size();
    add_group_rows(task, &Cell::months, rows);
    if (rows.size() > before) add_group_rows(task, &Cell::groups, rows);
  }
  return rows;
}

}  // namespace assay

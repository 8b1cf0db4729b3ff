#include "report/own_figures.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "stats/calibration.h"
#include "stats/proportion.h"

namespace assay {
namespace {

// Over the items with at least k scored answers.
std::map<int, double> pass_at_ks(const std::vector<OwnItem>& items) {
  int most = 0;
  std::vector<Samples> samples;
  samples.reserve(items.size());
  for (const OwnItem& item : items) {
    most = std::max(most, item.repeats);
    samples.push_back({item.repeats, std::lround(item.mean * item.repeats)});
  }
  std::map<int, double> out;
  for (int k = 2; k <= most; k *= 2) out[k] = mean_pass_at_k(samples, k).mean;
  return out;
}

}  // namespace

void add_own_parts(const Score& score, double correct, OwnParts& parts) {
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

}  // namespace assay

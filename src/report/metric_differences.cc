#include "report/metric_differences.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace assay {

std::vector<MetricDifference> metric_differences(const RunReport& report) {
  std::vector<MetricDifference> all;
  for (std::size_t t = 0; t < report.tasks.size(); ++t) {
    for (std::size_t v = 0; v < report.variants.size(); ++v) {
      MetricDifference found{t, v, {}, {}};
      for (const ItemValues& item : report.items) {
        const auto& output = item.outputs[v];
        if (item.task != report.tasks[t].name || !output || !output->lm_eval) continue;
        if (output->score > *output->lm_eval) found.only_robust.push_back(item.id);
        if (output->score < *output->lm_eval) found.only_lm_eval.push_back(item.id);
      }
      if (!found.only_robust.empty() || !found.only_lm_eval.empty()) {
        all.push_back(std::move(found));
      }
    }
  }
  return all;
}

std::string named_items(const std::vector<std::string>& ids, std::size_t most) {
  if (ids.empty()) return "";
  const std::vector<std::string> first(
      ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(std::min(most, ids.size())));
  return fmt::format("{}: {}{}", ids.size(), join(first, ", "), ids.size() > most ? ", …" : "");
}

}  // namespace assay

// The items that the metrics robust and lm_eval judge differently.
#pragma once

#include <string>
#include <vector>

#include "report/values.h"

namespace assay {

struct MetricDifference {
  std::size_t task = 0;                   // index into RunReport::tasks
  std::size_t variant = 0;                // into RunReport::variants
  std::vector<std::string> only_robust;   // ids: scored higher by robust
  std::vector<std::string> only_lm_eval;  // scored higher by lm_eval
};

// One entry a task and variant with such items, tasks first; items in the report's order.
[[nodiscard]] std::vector<MetricDifference> metric_differences(const RunReport& report);

// "3: a, b, c", the first `most` of them named; "" for none.
[[nodiscard]] std::string named_items(const std::vector<std::string>& ids, std::size_t most);

}  // namespace assay

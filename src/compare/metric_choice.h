// Which figure of a task is compared: the file's first that is a share of right answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/compare_folders.h"
#include "compare/result_file.h"

namespace assay {

// Whether a metric of this name can be a share of right answers: perplexities, bits, F1, Brier and
// Matthews figures, correlations, BLEU, ROUGE and their like are none.
[[nodiscard]] bool is_share_name(const std::string& metric);

struct MetricChoice {
  MetricSummary base;
  std::optional<MetricSummary> candidate;  // none: its file has no figures
  std::string not_available;               // why nothing can be compared; empty: it can
  bool no_share = false;  // because none of the base's metrics is a share of right answers
};

// Of the base's metrics in the file's order, as the request asks; `candidate` empty: its file names
// none. A metric that is asked for by name may be of any kind where `has_samples`.
[[nodiscard]] MetricChoice choose_metric(const std::vector<MetricSummary>& base,
                                         const std::vector<MetricSummary>& candidate,
                                         const CompareRequest& request, bool has_samples);

// "exact_match, strict-match"; "acc" where there is no filter or "none".
[[nodiscard]] std::string metric_title(const std::string& metric, const std::string& filter);

}  // namespace assay

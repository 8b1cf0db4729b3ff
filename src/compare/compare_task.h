// One task of two folders of results: paired over samples, or by accuracies alone.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "compare/compare_folders.h"
#include "compare/result_folders.h"

namespace assay {

struct Sides {
  const ResultArm& base;
  const ResultArm& candidate;
  const CompareRequest& request;
};

// Both arms have samples; `task` is the base's name, `other` the candidate's. Fills in metric,
// filter, counts and notes of `out`. Usage errors: files that cannot be read, no such metric,
// prompts that differ.
[[nodiscard]] Result<std::vector<PairedScore>> compare_paired(const Sides& sides,
                                                              const std::string& task,
                                                              const std::string& other,
                                                              TaskComparison& out);

// A side has no samples: independent samples, from accuracy and number of items.
[[nodiscard]] Status compare_summaries(const Sides& sides, const std::string& task,
                                       const std::string& other, const CompareOptions& options,
                                       TaskComparison& out);

// What was asked is not the same on both sides.
[[nodiscard]] std::unexpected<Error> prompts_differ(const std::string& what,
                                                    const std::string& why);

}  // namespace assay

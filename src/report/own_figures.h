// What benchmarks' own evaluations print beside the score: HLE's calibration error, SciCode's
// sub-step rate, LiveCodeBench by month; made of what scores carry beside their metrics. And pass@k
// of repeats.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "report/values.h"
#include "values/score.h"

namespace assay {

// Gathered over the scored answers of one item, repeats included.
struct OwnParts {
  std::string month;
  std::int64_t steps_passed = 0;
  std::int64_t steps = 0;
  std::vector<double> confidence;  // of each answer; one that states none counts as sure
  std::vector<double> correct;     // of the same answers, in the same order
  std::int64_t unstated = 0;       // answers without a stated confidence
};

// `score` is scored; `correct` its first metric.
void add_own_parts(const Score& score, double correct, OwnParts& parts);

struct OwnItem {
  const OwnParts* parts;
  double mean;  // of the first metric
  int repeats;  // scored answers
};
void add_own_figures(const std::vector<OwnItem>& items, Cell& cell);

}  // namespace assay

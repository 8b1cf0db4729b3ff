#include "stats/sensitivity.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace assay {
namespace {

bool is_whole(double score) {
  return score == 0 || score == 1;
}

}  // namespace

double score_at_least(const Proportion& right) {
  return wilson_interval(right.successes, right.n, 1 - 2 * kSensitivityTail).low;
}

double score_at_least(std::span<const double> scores, const BootstrapOptions& bootstrap) {
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  const Proportion right{sum, static_cast<double>(scores.size())};
  if (std::all_of(scores.begin(), scores.end(), is_whole)) return score_at_least(right);
  std::vector<Cluster> clusters;
  clusters.reserve(scores.size());
  for (const double score : scores) clusters.push_back({score, 1});
  const auto distribution = bootstrap_mean(clusters, bootstrap);
  return distribution ? bca_lower(*distribution, kSensitivityTail) : score_at_least(right);
}

bool has_sensitivity(double at_least, double floor, double margin) {
  return !(at_least <= floor + margin);  // a margin that is no number is another error
}

}  // namespace assay

#include "stats/arms.h"

#include <algorithm>

#include "stats/holm.h"
#include "stats/stratified.h"

namespace assay {
namespace {

bool counts(const ArmTask& task) {
  return task.weight > 0 && !task.scores.empty() && !task.scores.front().empty();
}

std::vector<Stratum> strata_of(std::span<const ArmTask> tasks, std::size_t one, std::size_t other) {
  std::vector<Stratum> out;
  std::vector<double> differences;
  for (const ArmTask& task : tasks) {
    if (!counts(task)) continue;
    differences.clear();
    for (std::size_t i = 0; i < task.scores[one].size(); ++i) {
      differences.push_back(task.scores[one][i] - task.scores[other][i]);
    }
    out.push_back(make_stratum(task.weight, differences));
  }
  return out;
}

ArmPair compare(std::span<const ArmTask> tasks, std::size_t one, std::size_t other) {
  const std::vector<Stratum> strata = strata_of(tasks, one, other);
  const double side = std::min(stratified_p_above(strata, 0), stratified_p_below(strata, 0));
  return {one, other, stratified_difference(strata), std::min(1.0, 2 * side)};
}

std::vector<double> means_of(std::span<const ArmTask> tasks, std::size_t arms) {
  std::vector<double> means(arms, 0);
  double weights = 0;
  for (const ArmTask& task : tasks) {
    if (!counts(task)) continue;
    weights += task.weight;
    for (std::size_t arm = 0; arm < arms; ++arm) {
      double sum = 0;
      for (const double score : task.scores[arm]) sum += score;
      means[arm] += task.weight * sum / static_cast<double>(task.scores[arm].size());
    }
  }
  for (double& mean : means) mean /= weights > 0 ? weights : 1;
  return means;
}

// All pairs, Holm; the best's are picked from them.
std::vector<ArmPair> by_holm(std::span<const ArmTask> tasks, std::size_t arms, std::size_t best) {
  std::vector<ArmPair> all;
  std::vector<double> p_values;
  for (std::size_t one = 0; one < arms; ++one) {
    for (std::size_t other = one + 1; other < arms; ++other) {
      all.push_back(compare(tasks, other == best ? other : one, other == best ? one : other));
      p_values.push_back(all.back().p);
    }
  }
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::vector<ArmPair> out;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].p_adjusted = adjusted[i];
    if (all[i].one == best) out.push_back(all[i]);
  }
  return out;
}

std::vector<ArmPair> by_bonferroni(std::span<const ArmTask> tasks, std::size_t arms,
                                   std::size_t best, std::int64_t pairs) {
  std::vector<ArmPair> out;
  for (std::size_t other = 0; other < arms; ++other) {
    if (other == best) continue;
    out.push_back(compare(tasks, best, other));
    out.back().p_adjusted = std::min(1.0, out.back().p * static_cast<double>(pairs));
  }
  return out;
}

}  // namespace

ArmRanking compare_arms(std::span<const ArmTask> tasks, double alpha) {
  ArmRanking out;
  std::size_t arms = 0;
  for (const ArmTask& task : tasks) {
    arms = std::max(arms, task.scores.size());
    if (counts(task)) out.items += static_cast<std::int64_t>(task.scores.front().size());
  }
  out.means = means_of(tasks, arms);
  out.not_told_from_best.assign(arms, true);
  if (out.items == 0 || arms < 2) return out;
  out.best = static_cast<std::size_t>(std::ranges::max_element(out.means) - out.means.begin());
  out.pairs = static_cast<std::int64_t>(arms * (arms - 1) / 2);
  out.to_best = arms <= kMostArmsByHolm ? by_holm(tasks, arms, out.best)
                                        : by_bonferroni(tasks, arms, out.best, out.pairs);
  for (const ArmPair& pair : out.to_best) {
    out.not_told_from_best[pair.other] = pair.p_adjusted >= alpha;
  }
  return out;
}

}  // namespace assay

#include "stats/pooled_power.h"

#include "stats/power.h"

namespace assay {
namespace {

double weight_of(const PlannedTask& task, WeightRule rule) {
  if (task.items <= 0) return 0;
  return task_weight(rule, task.factor, task.may_reach > 0 ? task.may_reach : task.items);
}

enum class Of { items, answers };

// w_t^2 / n_t, w_t summing to 1: a task's part of the variance but for the discordance, of the
// items or of one answer.
std::vector<double> variances(std::span<const PlannedTask> tasks, WeightRule rule, Of of) {
  double total = 0;
  for (const PlannedTask& task : tasks) total += weight_of(task, rule);
  std::vector<double> out;
  for (const PlannedTask& task : tasks) {
    const double weight = total > 0 ? weight_of(task, rule) / total : 0;
    const double repeats = of == Of::answers ? task.repeats : 1;
    out.push_back(weight > 0 ? weight * weight / (static_cast<double>(task.items) * repeats) : 0);
  }
  return out;
}

}  // namespace

std::vector<PooledPower> pooled_power(std::span<const PlannedTask> tasks,
                                      std::span<const double> discordances, double margin,
                                      double alpha) {
  std::vector<PooledPower> out;
  std::int64_t items = 0;
  for (const PlannedTask& task : tasks) items += task.factor > 0 ? task.items : 0;
  if (items == 0) return out;
  for (const auto& entry : kWeightRules) {
    double variance = 0;
    double of_answers = 0;
    for (const double part : variances(tasks, entry.rule, Of::items)) variance += part;
    for (const double part : variances(tasks, entry.rule, Of::answers)) of_answers += part;
    for (const double discordance : discordances) {
      const double of_means = variance > 0 ? discordance * of_answers / variance : discordance;
      const PowerAssumptions assume{.discordance = of_means,
                                    .alpha = alpha,
                                    .design_effect = static_cast<double>(items) * variance};
      out.push_back({entry.rule, discordance, power_of_non_inferior(items, margin, assume),
                     smallest_detectable_difference(items, assume)});
    }
  }
  return out;
}

LargestVariance largest_variance(std::span<const PlannedTask> tasks, WeightRule weights) {
  LargestVariance out;
  double sum = 0;
  const std::vector<double> parts = variances(tasks, weights, Of::answers);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    sum += parts[i];
    if (parts[i] > out.share) out = {tasks[i].name, parts[i]};
  }
  if (sum > 0) out.share /= sum;
  return out;
}

}  // namespace assay

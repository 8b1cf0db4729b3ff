// How much a task counts in the pooled difference.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace assay {

// equal: every task the same, whatever its size; the mean of the tasks' scores, as others publish
// it. items: every item the same. square_root: between the two; the variance of the pooled
// difference stays near that of all items together without the largest task deciding alone.
enum class WeightRule { equal, square_root, items };

struct WeightRuleName {
  WeightRule rule;
  std::string_view name;  // in plans and JSON
};
inline constexpr std::array kWeightRules{WeightRuleName{WeightRule::equal, "equal"},
                                         WeightRuleName{WeightRule::square_root, "sqrt"},
                                         WeightRuleName{WeightRule::items, "items"}};

[[nodiscard]] constexpr std::string_view name_of(WeightRule rule) {
  for (const auto& entry : kWeightRules) {
    if (entry.rule == rule) return entry.name;
  }
  return "";
}

[[nodiscard]] constexpr std::optional<WeightRule> weight_rule_named(std::string_view name) {
  for (const auto& entry : kWeightRules) {
    if (entry.name == name) return entry.rule;
  }
  return std::nullopt;
}

// A task's weight: its own factor (1: none) times what the rule makes of the items it may reach.
[[nodiscard]] inline double task_weight(WeightRule rule, double factor, std::int64_t items) {
  const auto n = static_cast<double>(items);
  switch (rule) {
    case WeightRule::square_root:
      return factor * std::sqrt(n);
    case WeightRule::items:
      return factor * n;
    case WeightRule::equal:
      break;
  }
  return factor;
}

}  // namespace assay

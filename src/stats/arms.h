// Several arms that answered the same items: how they rank, and which of them the data cannot tell
// from the best.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace assay {

// One task, over the items that are scored for every arm.
struct ArmTask {
  double weight = 1;                        // relative; 0: it does not count
  std::vector<std::vector<double>> scores;  // by arm, then item; each in [0, 1]
};

struct ArmPair {
  std::size_t one = 0;
  std::size_t other = 0;
  double difference = 0;  // weighted mean of one minus other
  double p = 1;           // two-sided, H0: no difference
  double p_adjusted = 1;  // over all pairs of arms
};

struct ArmRanking {
  std::int64_t items = 0;        // that every arm shares, over all tasks that count
  std::vector<double> means;     // weighted over the tasks; one an arm
  std::size_t best = 0;          // highest mean; of equal ones the first
  std::vector<ArmPair> to_best;  // each other arm as `other`, the best as `one`
  std::vector<bool>
      not_told_from_best;  // the data cannot tell it from the best; the best itself too
  std::int64_t pairs = 0;  // that share alpha
};

// Beyond so many arms the pairs with the best one alone are tested, and Bonferroni's adjustment
// over all pairs stands in place of Holm's: it is never smaller.
inline constexpr std::size_t kMostArmsByHolm = 200;

// Tests all pairs of arms by the stratified score test (stats/stratified.h), two-sided, Holm over
// all of them. Since every pair is tested, the best may be picked by the same data: the chance that
// any arm is told from it wrongly is below alpha. "Cannot tell" is no proof of being equal.
// No items, or fewer than two arms: nothing is told apart.
[[nodiscard]] ArmRanking compare_arms(std::span<const ArmTask> tasks, double alpha);

}  // namespace assay

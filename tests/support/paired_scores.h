// Pairs of scores from a paired 2 x 2 table, and how close a figure must come to its source.
#pragma once

#include <vector>

#include "stats/comparison.h"

namespace assay {

inline constexpr double kTight = 1e-9;

// Right/wrong items, in the order of the arguments.
inline std::vector<PairedScore> binary_pairs(int both_right, int to_wrong, int to_right,
                                             int both_wrong) {
  std::vector<PairedScore> pairs;
  pairs.insert(pairs.end(), both_right, {1, 1});
  pairs.insert(pairs.end(), to_wrong, {1, 0});
  pairs.insert(pairs.end(), to_right, {0, 1});
  pairs.insert(pairs.end(), both_wrong, {0, 0});
  return pairs;
}

}  // namespace assay

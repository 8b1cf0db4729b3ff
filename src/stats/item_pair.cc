#include "stats/item_pair.h"

namespace assay {

std::optional<PairedScore> pair_of(std::span<const RepeatScore> baseline,
                                   std::span<const RepeatScore> candidate) {
  PairedScore sum{.repeats = 0};
  auto other = candidate.begin();
  for (const RepeatScore& one : baseline) {
    while (other != candidate.end() && other->repeat < one.repeat) ++other;
    if (other == candidate.end()) break;
    if (other->repeat != one.repeat || !one.score || !other->score) continue;
    sum.baseline += *one.score;
    sum.candidate += *other->score;
    ++sum.repeats;
  }
  if (sum.repeats == 0) return std::nullopt;
  return PairedScore{sum.baseline / sum.repeats, sum.candidate / sum.repeats, sum.repeats};
}

PairedScore together(const PairedScore& one, const PairedScore& other) {
  const int repeats = one.repeats + other.repeats;
  const auto mean = [&](double of_one, double of_other) {
    return (of_one * one.repeats + of_other * other.repeats) / repeats;
  };
  return {mean(one.baseline, other.baseline), mean(one.candidate, other.candidate), repeats};
}

}  // namespace assay

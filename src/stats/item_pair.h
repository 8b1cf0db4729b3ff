// How answers to one item become its pair, where an item is answered several times.
#pragma once

#include <optional>
#include <span>

#include "stats/comparison.h"
#include "values/looks.h"

namespace assay {

// Both sides averaged over the repeats that both have scored, so that no side has more answers to
// an item than the other, however often each was asked. None without such a repeat. Both ascending.
[[nodiscard]] std::optional<PairedScore> pair_of(std::span<const RepeatScore> baseline,
                                                 std::span<const RepeatScore> candidate);

// One pair of two that hold different repeats of the same item.
[[nodiscard]] PairedScore together(const PairedScore& one, const PairedScore& other);

}  // namespace assay

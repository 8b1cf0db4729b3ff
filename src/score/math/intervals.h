// Unions of intervals and points; private to score/math.
#pragma once

#include "score/math/value.h"

namespace assay {

// Compares both as sets of real numbers. Unsure when an end holds symbols, or when two ends are too
// close to be ordered.
[[nodiscard]] Truth same_pieces(const MathValue& gold, const MathValue& pred);

}  // namespace assay

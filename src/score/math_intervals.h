// Unions of intervals and points; private to src/score.
#pragma once

#include "score/math_value.h"

namespace assay {

// Both as sets of real numbers; unsure where an end is no closed number or an order is too close.
[[nodiscard]] Truth same_pieces(const MathValue& gold, const MathValue& pred);

}  // namespace assay

// Two steps of the LaTeX normalisation; private to score/math.
#pragma once

#include <string>

namespace assay {

// Drops a final \text{…} (with its exponent) and final unit words, unless nothing would be left.
[[nodiscard]] std::string without_units(std::string text);

// Puts the arguments of \frac12, \sqrt3, x^(2), sqrt(2) and 1/2 in braces.
[[nodiscard]] std::string fix_operators(std::string text);

}  // namespace assay

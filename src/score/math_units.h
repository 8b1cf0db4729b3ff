// Two steps of the LaTeX normalisation; private to src/score.
#pragma once

#include <string>

namespace assay {

// Drops a final \text{…} (with its exponent) and final unit words, unless nothing else would stay.
[[nodiscard]] std::string without_units(std::string text);

// \frac12, \sqrt3, x^(2), sqrt(2), 1/2 in full braces.
[[nodiscard]] std::string fix_operators(std::string text);

}  // namespace assay

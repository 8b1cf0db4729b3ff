// LaTeX answers in the spelling Math-Verify parses: latex2sympy2_extended 1.11's normalisation
// (math_normalization.py) as Math-Verify 0.9.0 configures it; private to score/math.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

// The contents of the boxes in the text, joined by ",": all of them, or with `last_only` the last
// one and those shortly before it. The whole text when it holds no box. Linear time.
[[nodiscard]] std::string boxed_content(std::string_view text, bool last_only);

// The whole normalisation, boxes first. Nothing for texts that it does not cover: more than
// 4,000 bytes, characters beyond ASCII, falling factorials "(n)_{k}".
[[nodiscard]] std::optional<std::string> normalize_latex(std::string_view text, bool last_box_only);

}  // namespace assay

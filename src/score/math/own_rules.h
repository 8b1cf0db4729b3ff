// Where `robust` departs from Math-Verify, on purpose: what it takes for the answer's text, and
// what makes two numbers equal. docs/scoring.md lists these rules. Private to score/math.
#pragma once

#include <string>
#include <string_view>

#include "score/math/scalar.h"
#include "score/math/value.h"

namespace assay {

// Two numbers without symbols. Unsure: none of the rules says anything.
//   - of two numbers with a base each ("4343_6"), the bases are the same;
//   - p% equals p and p/100, however p is written;
//   - numbers whose sizes differ by more than rounding are different, however small both are:
//     Math-Verify rounds to six places, and holds 1/2^99 for 1/2^98.
[[nodiscard]] Truth own_verdict(const Scalar& gold, const Scalar& pred);

// Takes off what own_verdict looks at, so that what is left is compared as Math-Verify does.
void forget_own(MathValue& value);

// The text with signs of Unicode as LaTeX and ASCII have them: "−" a minus, "90°" 90^\circ, "√2",
// full-width characters, white space of all widths; marks that are not shown (of direction, of no
// width) are taken off. Invalid UTF-8 stays.
[[nodiscard]] std::string plain_signs(std::string_view text);

// The text without white space and punctuation at its end; an ellipsis stays.
[[nodiscard]] std::string_view without_end_marks(std::string_view text);

// A box that says a sentence: "601" of "\text{The answer is 601.}"; otherwise all of `content`.
[[nodiscard]] std::string_view stated_in_text(std::string_view content);

// Reads normalised LaTeX as parse_latex, and percentages, too: "10\%", "10\%, 20\%", "x = 10\%".
[[nodiscard]] ParsedMath parse_found(std::string_view normalized);
// The same of a box or another stated answer, with the punctuation behind it: "601.".
[[nodiscard]] ParsedMath parse_stated(std::string_view normalized);

// The words of an answer in words, of which case, spaces, punctuation, Markdown and \text{} do not
// count: "evelyn" of "\text{Evelyn}" and of "**Evelyn**". Empty: there is more in it than words.
[[nodiscard]] std::string words_of(std::string_view text);

// What the last "final answer is" says, up to the end of its sentence; empty: there is none.
[[nodiscard]] std::string_view final_statement(std::string_view output);

}  // namespace assay

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
//     Math-Verify rounds to six places, and holds 1/2^99 for 1/2^98;
//   - a decimal is the number that rounds to it (same_as_shown).
// Two expressions, with symbols or without: the second has the first's value wherever that is
// defined (points.h). That they are different is left to Math-Verify's rules.
[[nodiscard]] Truth own_verdict(const Scalar& gold, const Scalar& pred);

// One number is a decimal and the other is not. Equal: the other one
//   - is the fraction whose digits repeat as shown, with dots behind them: 0.333…, 0.1616…;
//   - has these digits and more, where dots follow at least six of them;
//   - rounds to them, where there are at least ten.
// Different: there are dots behind digits that are all of the other number. Digits count from the
// first that is not 0. Unsure: anything else.
[[nodiscard]] Truth same_as_shown(const Scalar& a, const Scalar& b);

// "f(x) = …", "y = …" and what is behind their signs alone are the same; "x = 3" is not "y = 3".
// Unsure: neither is a function's definition.
[[nodiscard]] Truth same_definition(const MathValue& gold, const MathValue& pred);

// Takes off what own_verdict looks at, so that what is left is compared as Math-Verify does.
void forget_own(MathValue& value);

// The text with signs of Unicode as LaTeX and ASCII have them: "−" a minus, "90°" 90^\circ, "√2",
// full-width characters, white space of all widths; marks that are not shown (of direction, of no
// width) are taken off; "\text{ percent}" is \%. Invalid UTF-8 stays.
[[nodiscard]] std::string plain_signs(std::string_view text);

// The text without white space and punctuation at its end; an ellipsis stays.
[[nodiscard]] std::string_view without_end_marks(std::string_view text);

// A box that says a sentence: "601" of "\text{The answer is 601.}"; otherwise all of `content`.
[[nodiscard]] std::string_view stated_in_text(std::string_view content);

// A box's content without what only dresses it: \color{red}{7}, \large 7, \underline{7}, "~" for a
// space; a number whose thousands stand apart (12\,000) in one piece; "1/3" of "1/3 = 0.333…".
[[nodiscard]] std::string undressed(std::string_view content);

// The text with \framebox{…}, \bbox[…]{…}, \boxed7 and GLM-V's markers as \boxed{…}.
[[nodiscard]] std::string with_plain_boxes(std::string_view text);

// Whether the writer thinks again between two boxes: "\boxed{3}… wait, \boxed{7}".
[[nodiscard]] bool thinks_again(std::string_view between);

// Reads normalised LaTeX as parse_latex, and percentages, too: "10\%", "10\%, 20\%", "x = 10\%";
// "1 1/2" is a mixed number.
[[nodiscard]] ParsedMath parse_found(std::string_view normalized);
// The same of a box or another stated answer, with the punctuation behind it: "601.".
[[nodiscard]] ParsedMath parse_stated(std::string_view normalized);

// The words of an answer in words, of which case, spaces, punctuation, Markdown and \text{} do not
// count: "evelyn" of "\text{Evelyn}" and of "**Evelyn**". Empty: there is more in it than words.
[[nodiscard]] std::string words_of(std::string_view text);

// "1 1/2" as 1\frac{1}{2}, wherever it stands in the text: a whole number, white space, and a
// fraction of whole numbers that is less than 1. Every other text stays.
[[nodiscard]] std::string with_mixed_numbers(std::string_view text);

// What stands before dots at the end of a decimal: "0.33" of "0.33…", "0.33...", "0.33\ldots";
// empty: there are none.
[[nodiscard]] std::string_view before_dots(std::string_view content);
// Notes that dots follow the decimal `digits`, as which the value was read.
void add_dots(MathValue& value, std::string_view digits);

// "3,5" beside "3.5": one of them a decimal with a point, the other the same digits with a comma,
// behind which there are not three ("1,234" is a thousand and more). A comma between the digits of
// a list is none: in a gold answer with few digits and one behind it, and where the output shows
// that it writes points or lists (`output`: all that was answered): "x = 3 or x = 5", "2.5 + 1".
[[nodiscard]] bool same_but_for_comma(std::string_view gold, std::string_view pred,
                                      std::string_view output);

// The expression, as LaTeX, with which the last "answer is" or "answer:" of a text without a box
// goes on, where it is more than numbers and what plain arithmetic has: "9/2 \cdot \pi" of "The
// answer is 9/2 * π." Empty: there is none.
[[nodiscard]] std::string stated_expression(std::string_view output);

// What the last "final answer is" says, up to the end of its sentence; empty: there is none.
[[nodiscard]] std::string_view final_statement(std::string_view output);

}  // namespace assay

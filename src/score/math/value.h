// Answers as values, and their equivalence as Math-Verify 0.9.0 decides it. What is not
// certainly understood is `unknown`, and what is not certainly decided is `unsure`; then the
// library decides. Private to score/math.
#pragma once

#include <string_view>
#include <vector>

#include "score/math/scalar.h"

namespace assay {

struct MathValue {
  enum class Kind {
    scalar,
    tuple,
    set,
    interval,
    pair,
    interval_union,
    equation,
    relation,
    matrix
  };
  Kind kind = Kind::scalar;
  Scalar scalar;
  // tuple, set: the elements as written; interval: start, end; pair: two elements with symbols, on
  // whose values it depends whether they are a tuple or an interval; interval_union: its parts;
  // equation: the parts between the signs, two or more; relation: empty, an inequality is not read
  // further; matrix: the entries row by row.
  std::vector<MathValue> items;
  bool left_open = false;   // interval
  bool right_open = false;  // interval
  std::size_t columns = 0;  // matrix
  bool complex = false;     // the symbols are complex, not real (for the whole answer)
};

using ValueKind = MathValue::Kind;

struct ParsedMath {
  enum class State { value, fails, unknown };  // fails: the library certainly cannot read it either
  State state = State::unknown;
  MathValue value;
};

// Parses normalised LaTeX. The time is bounded for any text.
[[nodiscard]] ParsedMath parse_latex(std::string_view normalized);

// Parses arithmetic in Python's grammar, with "^" for "**".
[[nodiscard]] ParsedMath parse_arithmetic(std::string_view text);

// A plain number found in running text: "1,234" and ".50".
[[nodiscard]] MathValue plain_number(std::string_view integer, std::string_view decimal,
                                     bool percent);

[[nodiscard]] Truth same_answer(const MathValue& gold, const MathValue& pred);

}  // namespace assay

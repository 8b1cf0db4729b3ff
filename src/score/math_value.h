// Answers as values, and their equivalence as Math-Verify 0.9.0 decides it. What is not surely
// understood is `unknown`, and what is not surely decided `unsure`: the library decides it then.
// Private to src/score.
#pragma once

#include <string_view>
#include <vector>

#include "score/math_scalar.h"

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
  // tuple, set: elements as written; interval: start, end; pair: two, and whether they are meant as
  // a tuple or an interval hangs on their symbols; interval_union: its parts; equation: the parts
  // between the signs, two or more; relation: an inequality, which is not looked into; matrix: row
  // by row.
  std::vector<MathValue> items;
  bool left_open = false;   // interval
  bool right_open = false;  // interval
  std::size_t columns = 0;  // matrix
  bool complex = false;     // symbols are not taken as real (the whole answer's property)
};

struct ParsedMath {
  enum class State { value, fails, unknown };  // fails: the library surely cannot read it either
  State state = State::unknown;
  MathValue value;
};

// Normalised LaTeX. Bounded time, whatever the text.
[[nodiscard]] ParsedMath parse_latex(std::string_view normalized);

// Arithmetic as Python reads it, with "^" for "**".
[[nodiscard]] ParsedMath parse_arithmetic(std::string_view text);

// A plain number found in running text: "1,234" and ".50".
[[nodiscard]] MathValue plain_number(std::string_view integer, std::string_view decimal,
                                     bool percent);

[[nodiscard]] Truth same_answer(const MathValue& gold, const MathValue& pred);

}  // namespace assay

// Tokens of latex2sympy2_extended's grammar, as far as the fast path reads it; private to
// src/score.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

struct LatexToken {
  enum class Kind {
    number, percent_number, symbol, euler, pi, infinity, degree, plus, minus, times, divide, caret,
    underscore, factorial, open_paren, close_paren, open_bracket, close_bracket, open_brace,
    close_brace, open_set, close_set, comma, semicolon, frac, sqrt, binom, equals, approx, element_of,
    plus_minus, cup, cap, empty_set, reals, matrix_begin, matrix_end, row_end, column_end,
    end
  };
  Kind kind = Kind::end;
  std::string text;            // number: its digits; symbol: its name, lower case
  bool letter = false;         // symbol of a single letter
  bool glued = false;          // no white space before it
};

struct LatexTokens {
  enum class State { read, fails, unknown };
  State state = State::unknown;
  std::vector<LatexToken> tokens;  // closed by Kind::end
};

[[nodiscard]] LatexTokens tokenize_latex(std::string_view text);

}  // namespace assay

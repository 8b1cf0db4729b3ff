// Tokens of latex2sympy2_extended 1.11's grammar (PS.g4): the longest one at each place, as its
// lexer takes them. Those the fast path does not read further are `other`. Private to src/score.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

struct LatexToken {
  enum class Kind {
    number,
    symbol,
    euler,
    pi,
    infinity,
    function,
    degree,
    plus,
    minus,
    times,
    divide,
    caret,
    underscore,
    factorial,
    open_paren,
    close_paren,
    open_bracket,
    close_bracket,
    open_brace,
    close_brace,
    open_set,
    close_set,
    comma,
    semicolon,
    frac,
    sqrt,
    binom,
    equals,
    approx,
    inequality,
    element_of,
    plus_minus,
    cup,
    empty_set,
    reals,
    matrix_begin,
    matrix_end,
    row_end,
    column_end,
    arrow,           // valid in limits alone
    special,         // \lim, \int and their like, whose rules bend the others
    other_operator,  // joins two operands
    other,
    end
  };
  Kind kind = Kind::end;
  std::string text;     // number: its digits; symbol: its name, lower case; function: its name
  bool letter = false;  // symbol of a single letter
};

struct LatexTokens {
  enum class State {
    read,
    fails,  // the grammar surely has no reading
    unknown
  };
  State state = State::unknown;
  std::vector<LatexToken> tokens;  // closed by Kind::end
};

[[nodiscard]] LatexTokens tokenize_latex(std::string_view text);

// True when the order of the tokens alone rules out every reading: brackets that do not match, an
// operator without operand, a comma at the end.
[[nodiscard]] bool surely_malformed(const std::vector<LatexToken>& tokens);

}  // namespace assay

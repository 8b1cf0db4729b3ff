// Tokens of latex2sympy2_extended 1.11's grammar (PS.g4): at each place the longest one,
// as in its lexer. Tokens that this parser does not support are `other`. Private to score/math.
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
    arrow,           // valid only in limits
    special,         // \lim, \int and others that change how the tokens after them are read
    other_operator,  // any other operator between two operands
    other,
    end
  };
  Kind kind = Kind::end;
  std::string text;     // number: its digits; symbol: its name, lower case; function: its name
  bool letter = false;  // symbol of a single letter
};

using TokenKind = LatexToken::Kind;

struct LatexTokens {
  enum class State {
    read,
    fails,  // the grammar certainly cannot read the text
    unknown
  };
  State state = State::unknown;
  std::vector<LatexToken> tokens;  // the last one is Kind::end
};

[[nodiscard]] LatexTokens tokenize_latex(std::string_view text);

// True when the grammar certainly cannot read tokens in this order: brackets that do not match, an
// operator without operand, a comma at the end.
[[nodiscard]] bool surely_malformed(const std::vector<LatexToken>& tokens);

}  // namespace assay

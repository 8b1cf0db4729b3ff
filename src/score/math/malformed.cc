#include "score/math/lexer.h"

namespace assay {

namespace {

bool is_open(TokenKind kind) {
  return kind == TokenKind::open_paren || kind == TokenKind::open_bracket ||
         kind == TokenKind::open_brace || kind == TokenKind::open_set;
}

// True for operators that need an operand on both sides, so not for "+" and "-", which can be
// signs.
bool is_infix(TokenKind kind) {
  switch (kind) {
    case TokenKind::times:
    case TokenKind::divide:
    case TokenKind::caret:
    case TokenKind::comma:
    case TokenKind::semicolon:
    case TokenKind::equals:
    case TokenKind::approx:
    case TokenKind::inequality:
    case TokenKind::element_of:
    case TokenKind::cup:
    case TokenKind::other_operator:
      return true;
    default:
      return false;
  }
}

bool needs_operand_after(TokenKind kind) {
  return is_infix(kind) || kind == TokenKind::plus || kind == TokenKind::minus ||
         kind == TokenKind::plus_minus || kind == TokenKind::underscore;
}

bool is_close(TokenKind kind) {
  return kind == TokenKind::close_paren || kind == TokenKind::close_bracket ||
         kind == TokenKind::close_brace || kind == TokenKind::close_set;
}

// "(" may be closed by "]" and "[" by ")", since both write intervals. Braces must match.
bool closes(TokenKind open, TokenKind close) {
  switch (close) {
    case TokenKind::close_brace:
      return open == TokenKind::open_brace;
    case TokenKind::close_set:
      return open == TokenKind::open_set;
    default:
      return open == TokenKind::open_paren || open == TokenKind::open_bracket;
  }
}

bool unbalanced(const std::vector<LatexToken>& tokens) {
  std::vector<TokenKind> open;
  for (const LatexToken& token : tokens) {
    if (is_open(token.kind)) {
      open.push_back(token.kind);
    } else if (is_close(token.kind)) {
      if (open.empty() || !closes(open.back(), token.kind)) return true;
      open.pop_back();
    }
  }
  return !open.empty();
}

// True when `right` cannot begin the argument of `left`: an exponent is one atom or stands in
// braces, and so are the arguments of commands.
bool bad_argument(TokenKind left, TokenKind right) {
  switch (left) {
    case TokenKind::caret:
      switch (right) {
        case TokenKind::plus:
        case TokenKind::minus:
        case TokenKind::open_paren:
        case TokenKind::open_bracket:
        case TokenKind::open_set:
        case TokenKind::frac:
        case TokenKind::sqrt:
        case TokenKind::binom:
        case TokenKind::function:
        case TokenKind::euler:
          return true;
        default:
          return false;
      }
    case TokenKind::frac:
    case TokenKind::binom:
      return right != TokenKind::open_brace;
    case TokenKind::sqrt:
      return right != TokenKind::open_brace && right != TokenKind::open_bracket;
    default:
      return false;
  }
}

// True when no rule of the grammar allows `right` directly after `left`.
bool clash(TokenKind left, TokenKind right) {
  if (bad_argument(left, right)) return true;
  const bool no_operand = left == TokenKind::end || is_open(left) || needs_operand_after(left);
  if (no_operand && (is_infix(right) || right == TokenKind::factorial)) return true;
  if (left == TokenKind::end && is_close(right)) return true;
  if (needs_operand_after(left) && right == TokenKind::end) return true;
  // A comma before a bracket is allowed in a call, "f(x,)".
  return needs_operand_after(left) && left != TokenKind::comma && is_close(right);
}

}  // namespace

bool surely_malformed(const std::vector<LatexToken>& tokens) {
  bool matrix = false;
  bool rows = false;
  for (const LatexToken& token : tokens) {
    if (token.kind == TokenKind::special) return false;
    matrix = matrix || token.kind == TokenKind::matrix_begin;
    rows = rows || token.kind == TokenKind::row_end || token.kind == TokenKind::column_end ||
           token.kind == TokenKind::arrow;
  }
  if (matrix) return false;
  if (rows || unbalanced(tokens)) return true;
  TokenKind left = TokenKind::end;
  for (const LatexToken& token : tokens) {
    if (token.kind == TokenKind::end && left == TokenKind::end) break;
    if (clash(left, token.kind)) return true;
    left = token.kind;
  }
  return false;
}

}  // namespace assay

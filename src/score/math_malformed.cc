#include "score/math_lexer.h"

namespace assay {

namespace {

using Kind = LatexToken::Kind;

bool is_open(Kind kind) {
  return kind == Kind::open_paren || kind == Kind::open_bracket || kind == Kind::open_brace ||
         kind == Kind::open_set;
}

// Stands between two operands, and cannot be a sign.
bool is_infix(Kind kind) {
  switch (kind) {
    case Kind::times:
    case Kind::divide:
    case Kind::caret:
    case Kind::comma:
    case Kind::semicolon:
    case Kind::equals:
    case Kind::approx:
    case Kind::inequality:
    case Kind::element_of:
    case Kind::cup:
    case Kind::other_operator:
      return true;
    default:
      return false;
  }
}

bool needs_operand_after(Kind kind) {
  return is_infix(kind) || kind == Kind::plus || kind == Kind::minus || kind == Kind::plus_minus ||
         kind == Kind::underscore;
}

bool is_close(Kind kind) {
  return kind == Kind::close_paren || kind == Kind::close_bracket || kind == Kind::close_brace ||
         kind == Kind::close_set;
}

// "(" may be closed by "]": an interval. Braces have to match.
bool closes(Kind open, Kind close) {
  switch (close) {
    case Kind::close_brace:
      return open == Kind::open_brace;
    case Kind::close_set:
      return open == Kind::open_set;
    default:
      return open == Kind::open_paren || open == Kind::open_bracket;
  }
}

bool unbalanced(const std::vector<LatexToken>& tokens) {
  std::vector<Kind> open;
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

// An exponent is one atom, or stands in braces; so do the arguments of commands.
bool bad_argument(Kind left, Kind right) {
  switch (left) {
    case Kind::caret:
      switch (right) {
        case Kind::plus:
        case Kind::minus:
        case Kind::open_paren:
        case Kind::open_bracket:
        case Kind::open_set:
        case Kind::frac:
        case Kind::sqrt:
        case Kind::binom:
        case Kind::function:
        case Kind::euler:
          return true;
        default:
          return false;
      }
    case Kind::frac:
    case Kind::binom:
      return right != Kind::open_brace;
    case Kind::sqrt:
      return right != Kind::open_brace && right != Kind::open_bracket;
    default:
      return false;
  }
}

// Two neighbours no rule allows.
bool clash(Kind left, Kind right) {
  if (bad_argument(left, right)) return true;
  const bool no_operand = left == Kind::end || is_open(left) || needs_operand_after(left);
  if (no_operand && (is_infix(right) || right == Kind::factorial)) return true;
  if (left == Kind::end && is_close(right)) return true;
  if (needs_operand_after(left) && right == Kind::end) return true;
  // "f(x,)" is a call, and "^{}" stands in integrals only.
  return needs_operand_after(left) && left != Kind::comma && is_close(right);
}

}  // namespace

bool surely_malformed(const std::vector<LatexToken>& tokens) {
  bool matrix = false;
  bool rows = false;
  for (const LatexToken& token : tokens) {
    if (token.kind == Kind::special) return false;
    matrix = matrix || token.kind == Kind::matrix_begin;
    rows = rows || token.kind == Kind::row_end || token.kind == Kind::column_end ||
           token.kind == Kind::arrow;
  }
  if (matrix) return false;
  if (rows || unbalanced(tokens)) return true;
  Kind left = Kind::end;
  for (const LatexToken& token : tokens) {
    if (token.kind == Kind::end && left == Kind::end) break;
    if (clash(left, token.kind)) return true;
    left = token.kind;
  }
  return false;
}

}  // namespace assay

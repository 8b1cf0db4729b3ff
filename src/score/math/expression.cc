#include "score/math/expression.h"

#include <charconv>
#include <utility>

namespace assay {

namespace {

// "f(x,3)" of symbols and whole numbers; empty: an argument is something else.
std::string call_text(const std::string& name, const std::vector<Scalar>& arguments) {
  std::string text = name;
  for (const Scalar& argument : arguments) {
    text += &argument == arguments.data() ? "(" : ",";
    if (argument.form == Form::symbol) {
      text += argument.name;
    } else if (argument.form == Form::integer && argument.exact) {
      text += std::to_string(argument.exact->p);
    } else {
      return "";
    }
  }
  return text + ")";
}

}  // namespace

std::optional<Scalar> ExpressionParser::expression() {
  const Depth depth(*this);
  if (exhausted()) return std::nullopt;
  auto left = term();
  while (left && (is(Kind::plus) || is(Kind::minus))) {
    const bool minus = is(Kind::minus);
    ++pos_;
    const auto right = term();
    if (!right) return std::nullopt;
    left = sum(*left, minus ? negated(*right) : *right);
  }
  return left;
}

std::optional<Scalar> ExpressionParser::term() {
  auto left = signed_factors();
  while (left && (is(Kind::times) || is(Kind::divide))) {
    const bool divide = is(Kind::divide);
    ++pos_;
    const auto right = signed_factors();
    if (!right) return std::nullopt;
    left = divide ? quotient(*left, *right) : product(*left, *right);
  }
  return left;
}

std::optional<Scalar> ExpressionParser::signed_factors() {
  bool minus = false;
  while (is(Kind::plus) || is(Kind::minus)) {
    minus ^= is(Kind::minus);
    ++pos_;
  }
  auto value = factors();
  if (value && minus) return negated(*value);
  return value;
}

// Factors that stand side by side. A whole number before a positive fraction or number is a mixed
// fraction, as in the grammar, which therefore reads "2 3" and "2(3)" as 5.
std::optional<Scalar> ExpressionParser::factors(bool functions) {
  std::vector<Scalar> list;
  while (true) {
    auto factor = is(Kind::function) ? function() : postfix();
    if (!factor) return std::nullopt;
    list.push_back(*std::move(factor));
    if (!starts_factor(functions)) break;
  }
  Scalar value = std::move(list.back());
  for (std::size_t i = list.size() - 1; i-- > 0;) {
    const bool mixed = list[i].is_integer_literal() && value.is_rational_literal() && value.exact &&
                       value.exact->p > 0;
    if (!mixed) {
      value = product(list[i], value);
      continue;
    }
    const auto& whole = list[i].exact;
    if (!whole) return std::nullopt;
    const bool negative = whole->p < 0;
    value = sum(list[i], negative ? negated(value) : value);
    value.form = value.exact && value.exact->q == 1 ? Form::integer : Form::fraction;
  }
  return value;
}

bool ExpressionParser::starts_factor(bool functions) const {
  switch (token().kind) {
    case Kind::function:
      return functions;
    case Kind::number:
    case Kind::symbol:
    case Kind::euler:
    case Kind::pi:
    case Kind::infinity:
    case Kind::open_paren:
    case Kind::open_bracket:
    case Kind::open_brace:
    case Kind::open_set:
    case Kind::frac:
    case Kind::sqrt:
    case Kind::binom:
      return true;
    default:
      return false;
  }
}

// \sin x, \log_2(x). Without parentheses the argument is all factors that stand side by side. Where
// the grammar may end the argument elsewhere, nothing is returned.
std::optional<Scalar> ExpressionParser::function() {
  const Depth depth(*this);
  if (exhausted()) return std::nullopt;
  const std::string name = token().text;
  ++pos_;
  std::optional<Scalar> base;
  if (name == "log" && take(Kind::underscore)) {
    base = script();
    if (!base) return std::nullopt;
  }
  std::optional<Scalar> exponent;
  if (take(Kind::caret)) {
    exponent = script();
    const bool whole = exponent && exponent->is_integer_literal() && exponent->exact;
    if (!whole || exponent->exact->p <= 0) return std::nullopt;
  }
  const bool parentheses = is(Kind::open_paren);
  const auto argument = parentheses ? group(Kind::close_paren) : factors(false);
  if (!argument || is(Kind::function) || is(Kind::factorial)) return std::nullopt;
  if (parentheses && (is(Kind::caret) || is(Kind::degree) || starts_factor(true))) {
    return std::nullopt;
  }
  if (is(Kind::times) || is(Kind::divide)) return std::nullopt;
  Scalar value = elementary(name, *argument);
  if (base) value = quotient(elementary("ln", *argument), elementary("ln", *base));
  if (exponent) value = power(value, *exponent);
  value.form = Form::other;
  return value;
}

std::optional<Scalar> ExpressionParser::postfix() {
  if (exhausted()) return std::nullopt;
  const bool name = is(Kind::symbol) || is(Kind::pi);
  const std::string head = is(Kind::pi) ? "pi" : token().text;
  auto value = atom();
  if (!value) return std::nullopt;
  std::optional<Scalar> exponent;
  if (take(Kind::caret)) {
    exponent = script();
    if (!exponent || is(Kind::caret)) return std::nullopt;
  }
  if (name && (is(Kind::open_paren) || is(Kind::open_bracket))) {
    const std::size_t end = call_end();
    if (end != 0) {
      value = call(value->name.empty() ? head : value->name);
      if (!value || pos_ != end) return std::nullopt;
    }
  }
  if (name && is(Kind::open_brace)) beyond_ = true;
  if (exponent) value = power(*value, *exponent);
  while (is(Kind::factorial) || is(Kind::degree)) {
    value = is(Kind::factorial) ? factorial(*value) : in_degrees(*value);
    ++pos_;
  }
  return value;
}

// What follows a name: "(x)" and "(x, y)" are a function's arguments, "(x + 1)" is a factor.
// Returns the position after the arguments, or 0 for a factor.
std::size_t ExpressionParser::call_end() const {
  int depth = 0;
  bool comma = false;
  for (std::size_t i = pos_; i < tokens_.size(); ++i) {
    const Kind kind = tokens_[i].kind;
    if (kind == Kind::open_paren || kind == Kind::open_bracket || kind == Kind::open_brace) ++depth;
    if (kind == Kind::comma) comma = true;
    if (kind != Kind::close_paren && kind != Kind::close_bracket && kind != Kind::close_brace) {
      continue;
    }
    if (--depth == 0) return comma || is_atom(pos_ + 1, i) ? i + 1 : 0;
  }
  return 0;
}

// True for one number, or one symbol with its subscript and exponent.
bool ExpressionParser::is_atom(std::size_t begin, std::size_t end) const {
  if (begin == end) return false;
  const Kind first = tokens_[begin].kind;
  if (first != Kind::symbol && first != Kind::pi) {
    return end == begin + 1 && (first == Kind::number || first == Kind::infinity);
  }
  std::size_t i = begin + 1;
  while (i < end && (tokens_[i].kind == Kind::caret || tokens_[i].kind == Kind::underscore)) {
    ++i;
    if (i < end && tokens_[i].kind == Kind::open_brace) {
      while (i < end && tokens_[i].kind != Kind::close_brace) ++i;
    }
    ++i;
  }
  return i >= end;
}

std::optional<Scalar> ExpressionParser::call(const std::string& name) {
  const Kind close = is(Kind::open_paren) ? Kind::close_paren : Kind::close_bracket;
  std::vector<Scalar> arguments;
  do {
    ++pos_;
    auto argument = expression();
    if (!argument) return std::nullopt;
    arguments.push_back(*std::move(argument));
  } while (is(Kind::comma));
  if (!take(close)) return std::nullopt;
  Scalar value = undefined_function(name, arguments);
  value.call = call_text(name, arguments);
  return value;
}

// What stands after "^": one atom, or an expression in braces.
std::optional<Scalar> ExpressionParser::script() {
  if (take(Kind::open_brace)) {
    auto value = expression();
    if (!value || !take(Kind::close_brace) || is(Kind::underscore)) return std::nullopt;
    return value;
  }
  if (is(Kind::number)) {
    Scalar value = decimal_scalar(token().text);
    ++pos_;
    if (is(Kind::underscore)) return std::nullopt;
    return value;
  }
  if (is(Kind::symbol) && token().letter) {
    if (token().text == "t") return std::nullopt;  // "^T" is the transpose
    auto value = symbol_scalar(token().text);
    ++pos_;
    if (is(Kind::underscore) || is(Kind::caret)) return std::nullopt;
    return value;
  }
  if (take(Kind::pi)) return pi_scalar();
  return std::nullopt;
}

// A symbol with its subscript.
std::optional<Scalar> ExpressionParser::symbol_atom() {
  if (!is(Kind::symbol)) return std::nullopt;
  std::string name = token().text;
  ++pos_;
  if (take(Kind::underscore)) {
    std::string sub;
    if (take(Kind::open_brace)) {
      while (is(Kind::number) || is(Kind::plus) || is(Kind::minus) ||
             (is(Kind::symbol) && token().letter)) {
        sub += token().text;
        ++pos_;
      }
      if (!take(Kind::close_brace)) return std::nullopt;
    } else if (is(Kind::number) || (is(Kind::symbol) && token().letter)) {
      const bool letter = is(Kind::symbol);
      sub = token().text;
      ++pos_;
      if (letter && (is(Kind::caret) || is(Kind::underscore))) return std::nullopt;
    }
    if (sub.empty()) return std::nullopt;
    name.append(sub.size() > 1 ? "_{" : "_").append(sub).append(sub.size() > 1 ? "}" : "");
  }
  return symbol_scalar(std::move(name));
}

std::optional<Scalar> ExpressionParser::group(Kind close) {
  ++pos_;
  auto value = expression();
  if (!value || !take(close)) return std::nullopt;
  return value;
}

std::optional<Scalar> ExpressionParser::braced() {
  return is(Kind::open_brace) ? group(Kind::close_brace) : std::nullopt;
}

std::optional<Scalar> ExpressionParser::atom() {
  switch (token().kind) {
    case Kind::number:
      return number_atom();
    case Kind::symbol:
      return symbol_atom();
    case Kind::euler:
      ++pos_;
      return euler_scalar();
    case Kind::pi:
      ++pos_;
      if (is(Kind::underscore)) return std::nullopt;
      return pi_scalar();
    case Kind::infinity:
      ++pos_;
      return infinity_scalar();
    case Kind::open_paren:
      return group(Kind::close_paren);
    case Kind::open_bracket:
      return group(Kind::close_bracket);
    case Kind::open_brace:
      return group(Kind::close_brace);
    case Kind::open_set:
      return group(Kind::close_set);
    case Kind::frac:
    case Kind::binom:
      return two_arguments();
    case Kind::sqrt:
      return root();
    default:
      return std::nullopt;
  }
}

// A number. As in the library, the base in "52_8" has no part in its value.
std::optional<Scalar> ExpressionParser::number_atom() {
  Scalar value = decimal_scalar(token().text);
  ++pos_;
  if (take(Kind::underscore)) {
    const bool braces = take(Kind::open_brace);
    const std::string& digits = token().text;
    const auto end = digits.data() + digits.size();
    int base = 0;
    const bool whole = std::from_chars(digits.data(), end, base).ptr == end;
    if (!take(Kind::number) || (braces && !take(Kind::close_brace))) return std::nullopt;
    value.base = whole ? base : 0;
  }
  return value;
}

std::optional<Scalar> ExpressionParser::two_arguments() {
  const bool fraction = is(Kind::frac);
  ++pos_;
  const auto upper = braced();
  if (!upper) return std::nullopt;
  const auto lower = braced();
  if (!lower) return std::nullopt;
  return fraction ? quotient(*upper, *lower) : binomial(*upper, *lower);
}

std::optional<Scalar> ExpressionParser::root() {
  ++pos_;
  Scalar degree = integer_scalar(2);
  if (is(Kind::open_bracket)) {
    const auto given = group(Kind::close_bracket);
    if (!given || !given->is_integer_literal()) return std::nullopt;
    degree = *given;
  }
  const auto base = braced();
  if (!base) return std::nullopt;
  return power(*base, quotient(integer_scalar(1), degree));
}

}  // namespace assay

// A number or expression: its exact value when it is a small rational, its value in double
// precision with a few fixed values put in for its symbols, and how it was written, as far as
// Math-Verify's verdict depends on that. Private to score/math.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "score/math/points.h"

namespace assay {

enum class Truth { no, yes, unsure };

// Logical "and": `no` when one of them is `no`.
[[nodiscard]] constexpr Truth both(Truth a, Truth b) {
  if (a == Truth::no || b == Truth::no) return Truth::no;
  return a == Truth::yes && b == Truth::yes ? Truth::yes : Truth::unsure;
}

struct Rational {
  std::int64_t p = 0;
  std::int64_t q = 1;  // > 0, in lowest terms
  friend bool operator==(const Rational&, const Rational&) = default;
};

// How the expression is written.
enum class Form {
  integer,          // 12
  fraction,         // 1/2 of two integers
  decimal,          // 0.5
  percent_integer,  // 50%
  percent_decimal,  // 12.5%
  infinity,         // with the sign of the values
  symbol,           // x, \alpha, \text{word}
  euler,            // e
  word,             // a product of symbols and e, in this order: "even"
  other,
};

// How a number is written down as a decimal.
struct ShownDigits {
  double unit = 0;                    // of its last digit; 0: it is no decimal
  int digits = 0;                     // from the first one that is not 0
  bool more = false;                  // dots follow
  std::optional<Rational> repeating;  // the value, where dots follow digits that repeat
};

struct Scalar {
  static constexpr std::size_t kPoints = 3;
  Form form = Form::other;
  std::optional<Rational> exact;     // of a rational expression without symbols, when small
  std::array<double, kPoints> at{};  // NaN: not defined, or not computed
  double scale = 1;                  // the largest magnitude among the intermediate results
  bool symbols = false;
  bool irrational = false;  // roots, pi, e, powers with an exponent that is not an integer
  bool inexact = false;     // a rational too large for `exact`
  bool decimal = false;     // it contains a decimal
  bool percent = false;
  std::string name;  // of a symbol or word

  // What Math-Verify does not look at, and `robust` does (own_rules.h).
  // ln |value| to ten digits, of an expression without symbols. Infinite: too large, or too near
  // to 0, to be reckoned (9^(9^(9^9))).
  std::optional<double> log_size;
  int base = 0;                 // of "4343_6"; 0: none is given
  bool either_percent = false;  // p% is both p and p/100, however p is written
  Points points;
  ShownDigits shown;  // of a decimal, also with a power of ten behind it
  std::string call;   // "f(x)", "f(3)": of a name with its arguments

  [[nodiscard]] bool is_integer_literal() const { return form == Form::integer; }
  [[nodiscard]] bool is_rational_literal() const {
    return form == Form::integer || form == Form::fraction;
  }
  [[nodiscard]] bool is_closed() const { return !symbols; }
};

[[nodiscard]] inline bool is_beyond_reckoning(const Scalar& s) {
  return s.log_size && std::isinf(*s.log_size);
}

// p/q in lowest terms. Nothing for q = 0, and beyond 2^53, where a double is no longer exact.
[[nodiscard]] std::optional<Rational> reduced(__int128 p, __int128 q);

// A symbol, e, or a product of them written as a word.
[[nodiscard]] bool is_name_atom(const Scalar& s);

[[nodiscard]] Scalar integer_scalar(std::int64_t value);
// Precondition: digits with at most one point, no sign.
[[nodiscard]] Scalar decimal_scalar(std::string_view digits);
[[nodiscard]] Scalar symbol_scalar(std::string name);
[[nodiscard]] Scalar euler_scalar();
[[nodiscard]] Scalar pi_scalar();
[[nodiscard]] Scalar infinity_scalar();
[[nodiscard]] Scalar percent_scalar(const Scalar& number);

[[nodiscard]] Scalar negated(const Scalar& a);
[[nodiscard]] Scalar sum(const Scalar& a, const Scalar& b);
[[nodiscard]] Scalar product(const Scalar& a, const Scalar& b);
[[nodiscard]] Scalar quotient(const Scalar& a, const Scalar& b);
[[nodiscard]] Scalar power(const Scalar& base, const Scalar& exponent);
// For integers from 0 to 20; NaN for anything else, of which log_size may be known all the same.
[[nodiscard]] Scalar factorial(const Scalar& a);
[[nodiscard]] Scalar binomial(const Scalar& n, const Scalar& k);
// The value in degrees: of the same size.
[[nodiscard]] Scalar in_degrees(const Scalar& a);
// sin, cos, tan, csc, sec, cot, arcsin, arccos, arctan, exp, ln; log: of base 10.
[[nodiscard]] Scalar elementary(std::string_view name, const Scalar& a);
// A function that is only known by its name and arguments.
[[nodiscard]] Scalar undefined_function(std::string_view name,
                                        const std::vector<Scalar>& arguments);

// The verdict of own_rules.h, where it has one; else Math-Verify's on two expressions (grader.py,
// sympy_expr_eq), where that is certain; else unsure.
[[nodiscard]] Truth same_scalar(const Scalar& gold, const Scalar& pred);
// a < b for closed scalars; unsure when they are too close or not defined.
[[nodiscard]] Truth less(const Scalar& a, const Scalar& b);

}  // namespace assay

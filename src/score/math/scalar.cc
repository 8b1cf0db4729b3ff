#include "score/math/scalar.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numbers>
#include <numeric>

namespace assay {

std::optional<Rational> reduced(__int128 p, __int128 q) {
  if (q == 0) return std::nullopt;
  if (q < 0) {
    p = -p;
    q = -q;
  }
  __int128 a = p < 0 ? -p : p;
  __int128 b = q;
  while (b != 0) {
    const __int128 rest = a % b;
    a = b;
    b = rest;
  }
  if (a > 1) {
    p /= a;
    q /= a;
  }
  constexpr __int128 kLimit = std::int64_t{1} << 53;  // exact as a double
  if (p > kLimit || p < -kLimit || q > kLimit) return std::nullopt;
  return Rational{static_cast<std::int64_t>(p), static_cast<std::int64_t>(q)};
}

bool is_name_atom(const Scalar& s) {
  return s.form == Form::symbol || s.form == Form::euler || s.form == Form::word;
}

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double value_of(const Rational& r) {
  return static_cast<double>(r.p) / static_cast<double>(r.q);
}

void set_exact(Scalar& s, const std::optional<Rational>& exact) {
  s.exact = exact;
  s.inexact |= !exact;
  if (exact) s.at.fill(value_of(*exact));
}

// ln |value| where the value tells it. The value of a sum may be what rounding has left of it.
void set_log_size(Scalar& s) {
  const double value = std::abs(s.at[0]);
  if (!s.symbols && std::isnormal(value)) s.log_size = std::log(value);
}

void set_log_size(Scalar& s, double log_size) {
  if (!std::isnan(log_size)) s.log_size = log_size;
}

// The unit of a decimal that is multiplied by a power of ten.
void keep_shown(Scalar& s, const Scalar& decimal, const Scalar& factor) {
  const double size = std::abs(factor.at[0]);
  if (decimal.shown.unit == 0 || factor.symbols || factor.shown.unit != 0 || !(size > 0)) return;
  const double exponent = std::log10(size);
  if (std::abs(exponent - std::round(exponent)) > 1e-12) return;
  s.shown = decimal.shown;
  s.shown.unit *= size;
  s.shown.repeating.reset();
}

void widen_scale(Scalar& s) {
  for (const double v : s.at) s.scale = std::max(s.scale, std::abs(v));
}

// A result with the properties that it takes over from both operands.
Scalar joined(const Scalar& a, const Scalar& b) {
  Scalar s;
  s.symbols = a.symbols || b.symbols;
  s.irrational = a.irrational || b.irrational;
  s.inexact = a.inexact || b.inexact;
  s.decimal = a.decimal || b.decimal;
  s.percent = a.percent || b.percent;
  s.scale = std::max(a.scale, b.scale);
  return s;
}

template <typename Exact, typename Value>
Scalar combined(const Scalar& a, const Scalar& b, Exact exact, Value value) {
  Scalar s = joined(a, b);
  if (a.form == Form::infinity || b.form == Form::infinity) {
    s.at.fill(kNan);
    return s;
  }
  if (a.exact && b.exact) set_exact(s, exact(*a.exact, *b.exact));
  if (!s.exact) {
    for (std::size_t i = 0; i < Scalar::kPoints; ++i) {
      s.at[i] = value(a.at[i], b.at[i]);
      if (!std::isfinite(s.at[i])) s.at[i] = kNan;
    }
  }
  widen_scale(s);
  return s;
}

// The value of a symbol at a point: always the same for the same name, in (0.3, 2.3).
double sample(const std::string& name, std::size_t point) {
  std::uint64_t h = 0x9E3779B97F4A7C15U * (point + 1);
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  h ^= h >> 31U;
  h *= 0xBF58476D1CE4E5B9U;
  h ^= h >> 29U;
  return 0.3 + 2.0 * static_cast<double>(h >> 11U) / 9007199254740992.0;
}

// Stirling's series, to ten digits from 20 on (std::lgamma writes to a global variable).
double log_factorial(double n) {
  return n * std::log(n) - n + 0.5 * std::log(2 * std::numbers::pi * n) + 1 / (12 * n) -
         1 / (360 * n * n * n);
}

Scalar constant(double value) {
  Scalar s;
  s.at.fill(value);
  s.points = constant_points(value);
  s.irrational = true;
  widen_scale(s);
  set_log_size(s);
  return s;
}

}  // namespace

Scalar integer_scalar(std::int64_t value) {
  Scalar s;
  s.form = Form::integer;
  set_exact(s, reduced(value, 1));
  if (!s.exact) s.at.fill(static_cast<double>(value));
  s.points = constant_points(static_cast<double>(value));
  widen_scale(s);
  set_log_size(s);
  return s;
}

Scalar decimal_scalar(std::string_view digits) {
  const auto point = digits.find('.');
  Scalar s;
  s.form = point == std::string_view::npos ? Form::integer : Form::decimal;
  s.decimal = s.form == Form::decimal;
  __int128 p = 0;
  __int128 q = 1;
  bool small = true;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] == '.') continue;
    small = small && p < (__int128{1} << 100) && q < (__int128{1} << 100);
    if (!small) break;
    p = p * 10 + (digits[i] - '0');
    if (point != std::string_view::npos && i > point) q *= 10;
  }
  const double value = std::strtod(std::string(digits).c_str(), nullptr);
  s.at.fill(std::isfinite(value) ? value : kNan);
  set_exact(s, small ? reduced(p, q) : std::nullopt);
  s.points = constant_points(s.at[0]);
  if (s.decimal) {
    const auto first = digits.find_first_not_of("0.");
    const auto end = static_cast<int>(digits.size());
    s.shown.unit = std::pow(10.0, static_cast<double>(point) + 1 - end);
    const bool whole = first < point;
    if (first != std::string_view::npos)
      s.shown.digits = end - static_cast<int>(first) - (whole ? 1 : 0);
  }
  widen_scale(s);
  set_log_size(s);
  return s;
}

Scalar symbol_scalar(std::string name) {
  Scalar s;
  s.form = Form::symbol;
  s.symbols = true;
  for (std::size_t i = 0; i < Scalar::kPoints; ++i) s.at[i] = sample(name, i);
  s.points = symbol_points(name);
  s.name = std::move(name);
  widen_scale(s);
  return s;
}

Scalar euler_scalar() {
  Scalar s = constant(std::numbers::e);
  s.form = Form::euler;
  s.name.assign(1, 'e');
  return s;
}

Scalar pi_scalar() {
  return constant(std::numbers::pi);
}

Scalar infinity_scalar() {
  Scalar s;
  s.form = Form::infinity;
  s.at.fill(std::numeric_limits<double>::infinity());
  return s;
}

Scalar percent_scalar(const Scalar& number) {
  Scalar s = product(number, quotient(integer_scalar(1), integer_scalar(100)));
  s.percent = true;
  s.either_percent = true;
  s.form = number.form == Form::integer   ? Form::percent_integer
           : number.form == Form::decimal ? Form::percent_decimal
                                          : Form::other;
  return s;
}

Scalar negated(const Scalar& a) {
  Scalar s = a;
  const bool number = a.form == Form::integer || a.form == Form::fraction ||
                      a.form == Form::decimal || a.form == Form::infinity;
  if (!number) s.form = Form::other;
  s.name.clear();
  if (s.exact) s.exact->p = -s.exact->p;
  for (double& v : s.at) v = -v;
  s.points = product_points(a.points, constant_points(-1));
  if (s.shown.repeating) s.shown.repeating->p = -s.shown.repeating->p;
  s.call.clear();
  return s;
}

Scalar sum(const Scalar& a, const Scalar& b) {
  Scalar s = combined(
      a, b,
      [](const Rational& x, const Rational& y) {
        return reduced(__int128{x.p} * y.q + __int128{y.p} * x.q, __int128{x.q} * y.q);
      },
      [](double x, double y) { return x + y; });
  s.points = sum_points(a.points, b.points);
  // Of a difference of large numbers few digits are left.
  const bool digits_left = s.exact || std::abs(s.at[0]) > 1e-4 * s.scale;
  if (digits_left && a.log_size && b.log_size) set_log_size(s);
  if (is_beyond_reckoning(a) != is_beyond_reckoning(b) && !s.symbols) {
    const Scalar& huge = is_beyond_reckoning(a) ? a : b;
    if (*huge.log_size > 0) s.log_size = huge.log_size;
  }
  return s;
}

Scalar product(const Scalar& a, const Scalar& b) {
  Scalar s = combined(
      a, b,
      [](const Rational& x, const Rational& y) {
        return reduced(__int128{x.p} * y.p, __int128{x.q} * y.q);
      },
      [](double x, double y) { return x * y; });
  s.points = product_points(a.points, b.points);
  keep_shown(s, a, b);
  keep_shown(s, b, a);
  if (a.log_size && b.log_size) set_log_size(s, *a.log_size + *b.log_size);
  if (is_name_atom(a) && is_name_atom(b)) {
    s.form = Form::word;
    s.name = a.name + b.name;
  }
  return s;
}

Scalar quotient(const Scalar& a, const Scalar& b) {
  Scalar s = combined(
      a, b,
      [](const Rational& x, const Rational& y) {
        return reduced(__int128{x.p} * y.q, __int128{x.q} * y.p);
      },
      [](double x, double y) { return y == 0 ? kNan : x / y; });
  s.points = quotient_points(a.points, b.points);
  if (b.exact && b.exact->p == 0) s.at.fill(kNan);
  if (a.log_size && b.log_size) set_log_size(s, *a.log_size - *b.log_size);
  if (a.form == Form::integer && b.form == Form::integer && s.exact) {
    s.form = s.exact->q == 1 ? Form::integer : Form::fraction;
  }
  return s;
}

Scalar power(const Scalar& base, const Scalar& exponent) {
  Scalar s = joined(base, exponent);
  if (base.form == Form::infinity || exponent.form == Form::infinity) {
    s.at.fill(kNan);
    return s;
  }
  s.points = power_points(base.points, exponent.points);
  const bool whole = exponent.exact && exponent.exact->q == 1 && !exponent.decimal;
  if (!whole || std::abs(exponent.exact->p) > 64) s.irrational = true;
  if (base.exact && whole && std::abs(exponent.exact->p) <= 64) {
    std::optional<Rational> result = Rational{1, 1};
    for (std::int64_t i = 0; result && i < std::abs(exponent.exact->p); ++i) {
      result =
          exponent.exact->p > 0
              ? reduced(__int128{result->p} * base.exact->p, __int128{result->q} * base.exact->q)
              : reduced(__int128{result->p} * base.exact->q, __int128{result->q} * base.exact->p);
    }
    set_exact(s, result);
  }
  if (!s.exact) {
    for (std::size_t i = 0; i < Scalar::kPoints; ++i) {
      s.at[i] = std::pow(base.at[i], exponent.at[i]);
      if (!std::isfinite(s.at[i])) s.at[i] = kNan;
    }
  }
  const bool real = whole || base.at[0] > 0;
  if (base.log_size && real && exponent.is_closed()) {
    if (std::isfinite(exponent.at[0])) {
      set_log_size(s, *base.log_size * exponent.at[0]);
    } else if (exponent.log_size && *base.log_size != 0) {
      set_log_size(s, *base.log_size * std::exp(*exponent.log_size));
    }
  }
  widen_scale(s);
  return s;
}

Scalar factorial(const Scalar& a) {
  Scalar s = joined(a, a);
  const bool whole = a.exact && a.exact->q == 1 && a.exact->p >= 0 && !a.decimal;
  if (whole && a.exact->p > 20) s.log_size = log_factorial(static_cast<double>(a.exact->p));
  if (!a.exact || a.exact->q != 1 || a.exact->p < 0 || a.exact->p > 20) {
    s.at.fill(kNan);
    return s;
  }
  std::int64_t value = 1;
  for (std::int64_t i = 2; i <= a.exact->p; ++i) value *= i;
  s = integer_scalar(value);
  s.form = Form::other;
  return s;
}

Scalar binomial(const Scalar& n, const Scalar& k) {
  const bool small = n.is_integer_literal() && k.is_integer_literal() && n.exact && k.exact &&
                     k.exact->p >= 0 && n.exact->p >= k.exact->p && n.exact->p <= 60;
  if (!small) {
    Scalar s = joined(n, k);
    s.at.fill(kNan);
    return s;
  }
  __int128 value = 1;
  for (std::int64_t i = 1; i <= k.exact->p; ++i) value = value * (n.exact->p - k.exact->p + i) / i;
  return integer_scalar(static_cast<std::int64_t>(value));
}

Scalar in_degrees(const Scalar& a) {
  Scalar s = a;
  s.points = degree_points(a.points);
  return s;
}

Scalar elementary(std::string_view name, const Scalar& a) {
  struct Function {
    std::string_view name;
    double (*value)(double);
  };
  static constexpr Function kFunctions[] = {
      {"sin", [](double x) { return std::sin(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"tan", [](double x) { return std::tan(x); }},
      {"csc", [](double x) { return 1 / std::sin(x); }},
      {"sec", [](double x) { return 1 / std::cos(x); }},
      {"cot", [](double x) { return 1 / std::tan(x); }},
      {"arcsin", [](double x) { return std::asin(x); }},
      {"arccos", [](double x) { return std::acos(x); }},
      {"arctan", [](double x) { return std::atan(x); }},
      {"exp", [](double x) { return std::exp(x); }},
      {"ln", [](double x) { return std::log(x); }},
      {"log", [](double x) { return std::log10(x); }},
  };
  const auto* const function = std::ranges::find(kFunctions, name, &Function::name);
  const bool known = function != std::end(kFunctions) && a.form != Form::infinity;
  Scalar s = joined(a, a);
  s.irrational = true;
  if (a.form != Form::infinity) s.points = function_points(name, a.points);
  for (std::size_t i = 0; i < Scalar::kPoints; ++i) {
    const double y = known ? function->value(a.at[i]) : kNan;
    s.at[i] = std::isfinite(y) ? y : kNan;
  }
  widen_scale(s);
  return s;
}

Scalar undefined_function(std::string_view name, const std::vector<Scalar>& arguments) {
  Scalar s;
  for (const Scalar& argument : arguments) s = joined(s, argument);
  s.symbols = true;
  s.irrational = true;
  for (std::size_t i = 0; i < Scalar::kPoints; ++i) {
    std::string key = "function ";
    key.append(name);
    bool known = true;
    for (const Scalar& argument : arguments) {
      known = known && std::isfinite(argument.at[i]);
      // Rounded, so that equal arguments that were computed in two ways mostly give the same key.
      // When they do not, two equal functions look different; same_scalar never trusts small
      // differences.
      key.append(" ").append(std::to_string(argument.at[i]));
    }
    s.at[i] = known ? sample(key, i) : kNan;
  }
  widen_scale(s);
  return s;
}

}  // namespace assay

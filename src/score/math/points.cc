#include "score/math/points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace assay {

namespace {

using Complex = std::complex<double>;

// A number in [0, 1) that is always the same for the same name and point.
double drawn(std::string_view name, std::size_t point) {
  std::uint64_t h = 0xD6E8FEB86659FD93U * (point + 1);
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  h = (h ^ (h >> 32U)) * 0xD6E8FEB86659FD93U;
  h ^= h >> 32U;
  return static_cast<double>(h >> 11U) / 9007199254740992.0;
}

double symbol_value(std::string_view name, std::size_t point) {
  const double size = 0.3 + 2.7 * drawn(name, point);
  const bool negative = point >= 3 && drawn(name, point + Points::kCount) < 0.5;
  return negative ? -size : size;
}

// Notes where the values are not defined or not real.
Points noted(Points p) {
  for (std::size_t i = 0; i < Points::kCount; ++i) {
    const auto bit = static_cast<std::uint8_t>(1U << i);
    if (!std::isfinite(p.at[i].real()) || !std::isfinite(p.at[i].imag())) p.undefined |= bit;
    if (p.at[i].imag() != 0) p.nonreal |= bit;
  }
  return p;
}

template <typename Value>
Points joined_points(const Points& a, const Points& b, Value value) {
  Points p;
  p.known = a.known && b.known;
  if (!p.known) return p;
  p.symbols = a.symbols || b.symbols;
  p.imaginary = a.imaginary || b.imaginary;
  p.degrees = a.degrees || b.degrees;
  p.undefined = a.undefined | b.undefined;
  p.nonreal = a.nonreal | b.nonreal;
  for (std::size_t i = 0; i < Points::kCount; ++i) p.at[i] = value(a.at[i], b.at[i]);
  return noted(p);
}

Complex power_of(Complex base, Complex exponent) {
  const double n = exponent.real();
  if (exponent.imag() != 0 || n != std::floor(n) || std::abs(n) > 64) {
    const bool real = exponent.imag() == 0 && base.imag() == 0 && base.real() >= 0;
    return real ? Complex(std::pow(base.real(), n)) : std::pow(base, exponent);
  }
  Complex result = 1;
  for (int k = 0; k < static_cast<int>(std::abs(n)); ++k) result *= base;
  return n < 0 ? 1.0 / result : result;
}

struct ComplexFunction {
  std::string_view name;
  Complex (*value)(Complex);
};

constexpr ComplexFunction kComplexFunctions[] = {
    {"sin", [](Complex x) { return std::sin(x); }},
    {"cos", [](Complex x) { return std::cos(x); }},
    {"tan", [](Complex x) { return std::tan(x); }},
    {"csc", [](Complex x) { return 1.0 / std::sin(x); }},
    {"sec", [](Complex x) { return 1.0 / std::cos(x); }},
    {"cot", [](Complex x) { return 1.0 / std::tan(x); }},
    {"arcsin", [](Complex x) { return std::asin(x); }},
    {"arccos", [](Complex x) { return std::acos(x); }},
    {"arctan", [](Complex x) { return std::atan(x); }},
    {"exp", [](Complex x) { return std::exp(x); }},
    {"ln", [](Complex x) { return std::log(x); }},
    {"log", [](Complex x) { return std::log(x) / std::numbers::ln10; }},
};

// How far the values lie apart over the points that count.
double variation(const Points& p, std::uint8_t left_out) {
  double largest = 0;
  for (std::size_t i = 0; i < Points::kCount; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (((left_out >> i) & 1U) == 0 && ((left_out >> j) & 1U) == 0) {
        largest = std::max(largest, std::abs(p.at[i] - p.at[j]));
      }
    }
  }
  return largest;
}

// Two numbers without symbols: to 13 digits, where a double tells whole numbers of that size apart.
bool same_closed(Complex gold, Complex pred) {
  const double size = std::abs(gold);
  return size > 1e-6 && size < 1e9 && std::abs(gold - pred) <= 1e-13 * size;
}

}  // namespace

Points constant_points(double value) {
  Points p;
  p.known = true;
  p.at.fill(value);
  return noted(p);
}

Points symbol_points(std::string_view name) {
  Points p;
  p.known = true;
  p.imaginary = name == "i";
  p.symbols = !p.imaginary;
  for (std::size_t i = 0; i < Points::kCount; ++i) {
    p.at[i] = p.imaginary ? Complex(0, 1) : Complex(symbol_value(name, i));
  }
  return noted(p);
}

Points sum_points(const Points& a, const Points& b) {
  return joined_points(a, b, [](Complex x, Complex y) { return x + y; });
}

Points product_points(const Points& a, const Points& b) {
  return joined_points(a, b, [](Complex x, Complex y) { return x * y; });
}

Points quotient_points(const Points& a, const Points& b) {
  return joined_points(a, b, [](Complex x, Complex y) {
    return y == 0.0 ? Complex(std::numeric_limits<double>::quiet_NaN()) : x / y;
  });
}

Points power_points(const Points& base, const Points& exponent) {
  return joined_points(base, exponent, power_of);
}

Points function_points(std::string_view name, const Points& a) {
  const auto* const function = std::ranges::find(kComplexFunctions, name, &ComplexFunction::name);
  if (function == std::end(kComplexFunctions)) return {};
  Points p = joined_points(a, a, [&](Complex x, Complex) { return function->value(x); });
  p.degrees = false;
  return p;
}

Points degree_points(const Points& a) {
  Points p = product_points(a, constant_points(std::numbers::pi / 180));
  p.degrees = true;
  return p;
}

bool same_wherever_defined(const Points& gold, const Points& pred) {
  if (!gold.known || !pred.known || gold.degrees || pred.degrees) return false;
  const bool symbols = gold.symbols || pred.symbols;
  const bool complex = gold.imaginary || pred.imaginary;
  const std::uint8_t no_gold = complex ? gold.undefined : gold.undefined | gold.nonreal;
  const std::uint8_t no_pred = complex ? pred.undefined : pred.undefined | pred.nonreal;
  const double differences = variation(gold, no_gold);
  int points = 0;
  for (std::size_t i = 0; i < Points::kCount; ++i) {
    if (((no_gold >> i) & 1U) != 0) continue;
    if (((no_pred >> i) & 1U) != 0) return false;
    // Nothing that only a few points would show, or only their last digits, may pass for equal.
    const double margin = std::min(1e-11 * differences, 1e-10 * std::abs(gold.at[i]));
    const double rounding = 4e-16 * std::abs(gold.at[i]);
    const bool same = symbols ? margin > rounding && std::abs(gold.at[i] - pred.at[i]) <= margin
                              : same_closed(gold.at[i], pred.at[i]);
    if (!same) return false;
    ++points;
  }
  return points >= 3;
}

}  // namespace assay

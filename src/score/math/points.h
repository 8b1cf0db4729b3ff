// The values of an expression at fixed real points of its symbols, as an expert would put numbers
// into both sides: i is the imaginary unit, degrees within sin and the like are angles. Math-Verify
// has neither; this is `robust` alone (own_rules.h). Private to score/math.
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace assay {

struct Points {
  // The first three have positive symbols alone, the others symbols of both signs.
  static constexpr std::size_t kCount = 8;
  std::array<std::complex<double>, kCount> at{};
  bool known = false;      // false: there is something in it that is not evaluated
  bool symbols = false;    // other than the imaginary unit
  bool imaginary = false;  // the imaginary unit occurs
  bool degrees = false;    // it is, or has a part that is, an angle in degrees
  // One bit a point: a value within it is not defined there; is defined, but not real.
  std::uint8_t undefined = 0;
  std::uint8_t nonreal = 0;
};

[[nodiscard]] Points constant_points(double value);
// "i" is the imaginary unit, every other symbol real.
[[nodiscard]] Points symbol_points(std::string_view name);
[[nodiscard]] Points sum_points(const Points& a, const Points& b);
[[nodiscard]] Points product_points(const Points& a, const Points& b);
[[nodiscard]] Points quotient_points(const Points& a, const Points& b);
[[nodiscard]] Points power_points(const Points& base, const Points& exponent);
// sin, cos, tan, csc, sec, cot, arcsin, arccos, arctan, exp, ln; log: of base 10.
[[nodiscard]] Points function_points(std::string_view name, const Points& a);
// The angle of so many degrees.
[[nodiscard]] Points degree_points(const Points& a);

// Whether the second has the first's value wherever the first is defined, at three points at the
// least. Where neither has an imaginary unit, "defined" means that every value on the way is real:
// sqrt(x^2) is not x, and ln(x^2) equals no 2 ln(x). False: they differ, or too few digits tell.
[[nodiscard]] bool same_wherever_defined(const Points& gold, const Points& pred);

}  // namespace assay

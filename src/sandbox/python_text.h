// Python's str.split and decimal.Decimal on UTF-8 text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

[[nodiscard]] std::vector<std::string_view> python_split(std::string_view text);  // str.split()

// decimal.Decimal(text) as far as equality needs it.
struct DecimalValue {
  enum class Kind { finite, infinite, nan } kind = Kind::finite;
  bool negative = false;
  std::string digits;         // no leading or trailing zeros; empty for zero
  std::int64_t exponent = 0;  // value = digits * 10^exponent; 0 for zero

  // As Python compares: zeros are equal whatever their sign, NaN equals nothing.
  [[nodiscard]] bool equals(const DecimalValue& other) const;
};

// Nothing when Decimal() would raise. Exponents beyond 18 digits count as not a number.
[[nodiscard]] std::optional<DecimalValue> parse_decimal(std::string_view token);

// The exact decimal value of a finite double.
[[nodiscard]] DecimalValue exact_decimal(double value);

}  // namespace assay

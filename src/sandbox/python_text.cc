#include "sandbox/python_text.h"

#include <array>
#include <charconv>
#include <cstdio>

#include "base/ascii.h"
#include "base/unicode.h"

namespace assay {
namespace {

// Reads the parts of a number.
struct Scanner {
  std::string_view rest;

  bool take(char lower) {
    if (rest.empty() || to_lower(rest.front()) != lower) {
      return false;
    }
    rest.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    Scanner copy = *this;
    for (const char c : word) {
      if (!copy.take(c)) return false;
    }
    *this = copy;
    return true;
  }
  std::string digits() {
    std::string out;
    while (!rest.empty() && is_digit(rest.front())) {
      out += rest.front();
      rest.remove_prefix(1);
    }
    return out;
  }
};

void normalise(DecimalValue& value) {
  const std::size_t first = value.digits.find_first_not_of('0');
  if (first == std::string::npos) {
    value.digits.clear();
    value.exponent = 0;
    return;
  }
  value.digits.erase(0, first);
  const std::size_t last = value.digits.find_last_not_of('0');
  value.exponent += static_cast<std::int64_t>(value.digits.size() - last - 1);
  value.digits.erase(last + 1);
}

std::optional<DecimalValue> parse_special(Scanner scan, bool negative) {
  DecimalValue out;
  out.negative = negative;
  if (scan.take_word("inf")) {
    scan.take_word("inity");
    out.kind = DecimalValue::Kind::infinite;
  } else {
    scan.take('s');
    if (!scan.take_word("nan")) return std::nullopt;
    scan.digits();
    out.kind = DecimalValue::Kind::nan;
  }
  if (!scan.rest.empty()) return std::nullopt;
  return out;
}

}  // namespace

std::vector<std::string_view> python_split(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const CodePoint c = code_point_at(text, at);
    if (is_space(c.value)) {
      if (at > begin) out.push_back(text.substr(begin, at - begin));
      begin = at + c.bytes;
    }
    at += c.bytes;
  }
  if (at > begin) out.push_back(text.substr(begin, at - begin));
  return out;
}

bool DecimalValue::equals(const DecimalValue& other) const {
  if (kind != other.kind || kind == Kind::nan) return false;
  if (kind == Kind::infinite) return negative == other.negative;
  if (digits != other.digits || exponent != other.exponent) return false;
  return digits.empty() || negative == other.negative;
}

std::optional<DecimalValue> parse_decimal(std::string_view token) {
  std::string plain;  // Decimal drops every underscore
  for (const char c : token) {
    if (c != '_') plain += c;
  }
  Scanner scan{plain};
  DecimalValue out;
  out.negative = scan.take('-');
  if (!out.negative) scan.take('+');
  out.digits = scan.digits();
  if (scan.take('.')) {
    const std::string fraction = scan.digits();
    out.exponent = -static_cast<std::int64_t>(fraction.size());
    out.digits += fraction;
  }
  if (out.digits.empty())
    return out.exponent == 0 ? parse_special(scan, out.negative) : std::nullopt;
  if (scan.take('e')) {
    std::string sign = scan.take('-') ? "-" : "";
    if (sign.empty()) scan.take('+');
    const std::string power = sign + scan.digits();
    std::int64_t value = 0;
    const char* end = power.data() + power.size();
    const auto [stop, error] = std::from_chars(power.data(), end, value);
    if (error != std::errc{} || stop != end || power.size() > 19) return std::nullopt;
    out.exponent += value;
  }
  if (!scan.rest.empty()) return std::nullopt;
  normalise(out);
  return out;
}

DecimalValue exact_decimal(double value) {
  // A double has at most 767 significant decimal digits, so this is exact.
  std::array<char, 900> text{};
  const int n = std::snprintf(text.data(), text.size(), "%.767e", value);
  return parse_decimal(std::string_view(text.data(), static_cast<std::size_t>(n)))
      .value_or(DecimalValue{});
}

}  // namespace assay

#include "sandbox/python_text.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cstdio>

namespace assay {
namespace {

// Bytes of the white-space character (str.isspace) at the front of text; 0 when there is none.
std::size_t space_at_front(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return (first >= 9 && first <= 13) || (first >= 28 && first <= 32) ? 1 : 0;
  if (first == 0xC2 && text.size() >= 2) return byte(1) == 0x85 || byte(1) == 0xA0 ? 2 : 0;
  if (text.size() < 3) return 0;
  const unsigned code = static_cast<unsigned>(first) << 16 | static_cast<unsigned>(byte(1)) << 8 |
                        static_cast<unsigned>(byte(2));
  // U+1680, U+2000-200A, U+2028, U+2029, U+202F, U+205F, U+3000
  const bool space = code == 0xE19A80 || (code >= 0xE28080 && code <= 0xE2808A) ||
                     code == 0xE280A8 || code == 0xE280A9 || code == 0xE280AF || code == 0xE2819F ||
                     code == 0xE38080;
  return space ? 3 : 0;
}

std::size_t space_at_back(std::string_view text) {
  for (std::size_t n = 1; n <= 3 && n <= text.size(); ++n) {
    if (space_at_front(text.substr(text.size() - n)) == n) return n;
  }
  return 0;
}

// A run of digits with single underscores between or around them, as Decimal strips all of them.
struct Scanner {
  std::string_view rest;

  bool take(char lower) {
    if (rest.empty() || std::tolower(static_cast<unsigned char>(rest.front())) != lower) {
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
    while (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0) {
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

std::string_view python_strip(std::string_view text) {
  while (const std::size_t n = space_at_front(text)) text.remove_prefix(n);
  while (const std::size_t n = space_at_back(text)) text.remove_suffix(n);
  return text;
}

std::vector<std::string_view> python_split(std::string_view text) {
  std::vector<std::string_view> out;
  std::size_t begin = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t n = space_at_front(text.substr(at));
    if (n == 0) {
      ++at;
      continue;
    }
    if (at > begin) out.push_back(text.substr(begin, at - begin));
    at += n;
    begin = at;
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

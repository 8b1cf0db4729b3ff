// The rules of own_rules.h about how numbers are written: mixed numbers, dots, the decimal comma.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/ascii.h"
#include "base/text.h"
#include "score/math/own_rules.h"
#include "score/math/scan.h"

namespace assay {

namespace {

using scan::kNone;

struct MixedNumber {
  std::size_t end = kNone;  // kNone: there is none here
  std::string_view whole, upper, lower;
};

// The number of a few digits; 0 for anything else.
int small_number(std::string_view digits) {
  constexpr std::size_t kMaxDigits = 8;
  int value = 0;
  if (digits.size() <= kMaxDigits) {
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
  }
  return value;
}

MixedNumber mixed_number_at(std::string_view text, std::size_t i) {
  const char before = i > 0 ? text[i - 1] : ' ';
  if (is_word_char(before) || before == '.' || before == '^' || before == '/') return {};
  const std::size_t whole = scan::digits_end(text, i);
  const std::size_t upper = scan::skip_space(text, whole);
  const std::size_t slash = scan::digits_end(text, upper);
  if (whole == i || upper == whole || slash == upper || scan::at(text, slash) != '/') return {};
  const std::size_t end = scan::digits_end(text, slash + 1);
  const char after = scan::at(text, end);
  const bool decimal = after == '.' && is_digit(scan::at(text, end + 1));
  if (end == slash + 1 || is_word_char(after) || after == '/' || after == '^' || decimal) return {};
  MixedNumber mixed{end, text.substr(i, whole - i), text.substr(upper, slash - upper),
                    text.substr(slash + 1, end - slash - 1)};
  const int numerator = small_number(mixed.upper);
  const bool proper = numerator > 0 && numerator < small_number(mixed.lower);
  return proper && small_number(mixed.whole) > 0 ? mixed : MixedNumber{};
}

// The value of a decimal whose last digits repeat: a single one three times, more of them twice.
std::optional<Rational> repeating_value(std::string_view digits) {
  const std::size_t point = digits.find('.');
  if (point == kNone) return std::nullopt;
  const std::string_view decimals = digits.substr(point + 1);
  for (std::size_t block = 1; block * 2 <= decimals.size(); ++block) {
    const std::size_t times = block == 1 ? 3 : 2;
    if (block * times > decimals.size()) continue;
    const std::string_view tail = decimals.substr(decimals.size() - block * times);
    if (tail.substr(block) != tail.substr(0, tail.size() - block)) continue;
    // All digits but one block, and those before the first block: their difference is whole.
    const std::string all = std::string(digits.substr(0, point)) + std::string(decimals);
    constexpr std::size_t kMaxDigits = 15;
    if (all.size() > kMaxDigits) return std::nullopt;
    const auto number = [](std::string_view text) {
      std::int64_t value = 0;
      std::from_chars(text.data(), text.data() + text.size(), value);
      return value;
    };
    __int128 scale = 1;
    for (std::size_t i = block; i < decimals.size(); ++i) scale *= 10;
    __int128 period = 1;
    for (std::size_t i = 0; i < block; ++i) period *= 10;
    const __int128 difference = number(all) - number(all.substr(0, all.size() - block));
    return reduced(difference, scale * (period - 1));
  }
  return std::nullopt;
}

Truth shown_with_dots(const Scalar& decimal, const Scalar& other) {
  constexpr int kLeastDigits = 6;
  const ShownDigits& shown = decimal.shown;
  if (shown.repeating && other.exact && *shown.repeating == *other.exact) return Truth::yes;
  const double rest = std::abs(other.at[0]) - std::abs(decimal.at[0]);
  const double noise = 4e-16 * std::abs(other.at[0]);
  if (std::abs(rest) <= noise) return Truth::no;
  const bool begins_so = rest > 0 && rest < shown.unit;
  const bool same_sign = (other.at[0] < 0) == (decimal.at[0] < 0);
  return shown.digits >= kLeastDigits && begins_so && same_sign ? Truth::yes : Truth::unsure;
}

}  // namespace

Truth same_as_shown(const Scalar& a, const Scalar& b) {
  const bool one = (a.shown.unit > 0) != (b.shown.unit > 0);
  const bool first = one ? a.shown.unit > 0 : a.shown.more;
  const Scalar& decimal = first ? a : b;
  const Scalar& other = first ? b : a;
  if (decimal.shown.more && !other.shown.more && !one) {
    return decimal.exact && decimal.exact == other.exact ? Truth::no : Truth::unsure;
  }
  if (!one || other.decimal || std::isnan(other.at[0]) || std::isnan(decimal.at[0])) {
    return Truth::unsure;
  }
  if (decimal.shown.more) return shown_with_dots(decimal, other);
  constexpr int kLeastDigits = 10;
  const double margin = std::max(0.5 * decimal.shown.unit, 4e-16 * std::abs(other.at[0]));
  const bool rounds = std::abs(other.at[0] - decimal.at[0]) <= margin * (1 + 1e-6);
  return decimal.shown.digits >= kLeastDigits && rounds ? Truth::yes : Truth::unsure;
}

std::string with_mixed_numbers(std::string_view text) {
  if (text.find('/') == kNone) return std::string(text);
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    const MixedNumber mixed = mixed_number_at(text, i);
    if (mixed.end == kNone) {
      result.push_back(text[i++]);
      continue;
    }
    result.append(mixed.whole).append("\\frac{").append(mixed.upper).append("}{");
    result.append(mixed.lower).append("}");
    i = mixed.end;
  }
  return result;
}

std::string_view before_dots(std::string_view content) {
  std::string_view text = trim(content);
  while (text.ends_with('$')) text = trim(text.substr(0, text.size() - 1));
  bool dots = false;
  for (const std::string_view sign :
       {"\\ldots", "\\cdots", "\\dots", "{...}", "...", "\xE2\x80\xA6"}) {
    if (!text.ends_with(sign)) continue;
    text = trim(text.substr(0, text.size() - sign.size()));
    dots = true;
    break;
  }
  const std::size_t point = text.rfind('.');
  const bool decimal =
      point != kNone && point + 1 < text.size() && scan::digits_end(text, point + 1) == text.size();
  return dots && decimal ? text : std::string_view();
}

void add_dots(MathValue& value, std::string_view digits) {
  if (value.kind != ValueKind::scalar || value.scalar.shown.unit == 0) return;
  while (!digits.empty() && (digits.front() == '$' || digits.front() == '-')) {
    digits = trim(digits.substr(1));
  }
  value.scalar.shown.more = true;
  const bool plain = std::ranges::all_of(digits, [](char c) { return is_digit(c) || c == '.'; });
  if (plain) value.scalar.shown.repeating = repeating_value(digits);
  if (value.scalar.at[0] < 0 && value.scalar.shown.repeating) {
    value.scalar.shown.repeating->p = -value.scalar.shown.repeating->p;
  }
}

bool same_but_for_comma(std::string_view a, std::string_view b) {
  if (a.find(',') == kNone) std::swap(a, b);
  const std::size_t comma = a.find(',');
  if (comma == kNone || comma == 0 || b.find(',') != kNone) return false;
  const std::size_t begin = a.starts_with('-') ? 1 : 0;
  const std::size_t decimals = a.size() - comma - 1;
  const bool number = comma > begin && decimals > 0 && decimals != 3 &&
                      scan::digits_end(a, begin) == comma &&
                      scan::digits_end(a, comma + 1) == a.size();
  if (!number || b.find('.') == kNone) return false;
  while (b.ends_with('0')) b.remove_suffix(1);
  std::string with_point(a);
  with_point[comma] = '.';
  while (with_point.ends_with('0')) with_point.pop_back();
  return with_point == b;
}

}  // namespace assay

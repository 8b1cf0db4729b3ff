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

namespace {

// Whether a number with a decimal point stands in the text.
bool writes_points(std::string_view text) {
  for (std::size_t i = text.find('.'); i != kNone; i = text.find('.', i + 1)) {
    if (i > 0 && is_digit(text[i - 1]) && is_digit(scan::at(text, i + 1))) return true;
  }
  return false;
}

// Whether the text gives both numbers by themselves: "x = 3 or x = 5", "3 and 5", "3, 5"; or speaks
// of several.
bool lists(std::string_view text, std::string_view first, std::string_view second) {
  for (const std::string_view several : {"solutions", "roots", "values", "zeros", "answers are"}) {
    if (scan::find_word(text, several, 0) != kNone) return true;
  }
  const auto stands_alone = [&](std::size_t i, std::string_view number) {
    const char before = i > 0 ? text[i - 1] : '\0';
    const char behind = scan::at(text, i + number.size());
    const bool part = is_digit(before) || before == ',' || is_digit(behind) ||
                      (behind == ',' && is_digit(scan::at(text, i + number.size() + 1)));
    return !part && scan::stands(text, i, number);
  };
  for (std::size_t i = text.find(first); i != kNone; i = text.find(first, i + 1)) {
    if (!stands_alone(i, first)) continue;
    std::string_view rest = text.substr(i + first.size(), 24);
    const std::size_t other = rest.find(second);
    if (other == kNone || !stands_alone(i + first.size() + other, second)) continue;
    // What may stand between two elements: a sign or word that joins, and "x =".
    std::string between;
    for (const char c : rest.substr(0, other)) {
      if (is_letter(c)) between.push_back(to_lower(c));
      if (c == ',' || c == ';') between.push_back(c);
    }
    for (const std::string_view joint :
         {",", ";", "and", "or", ",and", ",or", "textand", "textor"}) {
      if (between == joint || (between.starts_with(joint) && between.size() == joint.size() + 1)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

bool same_but_for_comma(std::string_view gold, std::string_view pred, std::string_view output) {
  const bool gold_has_it = gold.find(',') != kNone;
  const std::string_view with_comma = gold_has_it ? gold : pred;
  std::string_view with_point = gold_has_it ? pred : gold;
  const std::size_t comma = with_comma.find(',');
  if (comma == kNone || comma == 0 || with_point.find(',') != kNone) return false;
  const std::size_t begin = with_comma.starts_with('-') ? 1 : 0;
  const std::size_t decimals = with_comma.size() - comma - 1;
  const bool number = comma > begin && decimals > 0 && decimals != 3 &&
                      scan::digits_end(with_comma, begin) == comma &&
                      scan::digits_end(with_comma, comma + 1) == with_comma.size();
  if (!number || with_point.find('.') == kNone) return false;
  const bool short_list = decimals == 1 && comma - begin < 3;
  if (gold_has_it ? short_list
                  : writes_points(output) ||
                        lists(output, with_comma.substr(0, comma), with_comma.substr(comma + 1))) {
    return false;
  }
  while (with_point.ends_with('0')) with_point.remove_suffix(1);
  std::string same(with_comma);
  same[comma] = '.';
  while (same.ends_with('0')) same.pop_back();
  return same == with_point;
}

}  // namespace assay

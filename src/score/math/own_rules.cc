#include "score/math/own_rules.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"
#include "score/math/scan.h"

namespace assay {

namespace {

using scan::kNone;

// Whether two numbers are equal to the digits that a double has; unsure between that and what
// rounding to six places would tell apart.
Truth same_number(const std::optional<Rational>& a, const std::optional<Rational>& b, double x,
                  double y) {
  if (a && b) return *a == *b ? Truth::yes : Truth::no;
  const double scale = std::max(std::abs(x), std::abs(y));
  const double difference = std::abs(x - y);
  if (std::isnan(difference)) return Truth::unsure;
  if (difference <= 1e-12 * scale) return Truth::yes;
  return difference > 1e-6 * scale ? Truth::no : Truth::unsure;
}

std::optional<Rational> hundredfold(const std::optional<Rational>& r) {
  return r ? reduced(__int128{r->p} * 100, r->q) : std::nullopt;
}

Truth same_percentage(const Scalar& a, const Scalar& b) {
  const Truth by_value = same_number(a.exact, b.exact, a.at[0], b.at[0]);
  if (by_value == Truth::yes || (a.percent && b.percent)) return by_value;
  const Scalar& percent = a.percent ? a : b;
  const Scalar& other = a.percent ? b : a;
  const Truth as_written =
      same_number(hundredfold(percent.exact), other.exact, percent.at[0] * 100, other.at[0]);
  if (as_written == Truth::yes) return Truth::yes;
  return both(by_value, as_written) == Truth::no &&
                 (by_value == Truth::unsure || as_written == Truth::unsure)
             ? Truth::unsure
             : Truth::no;
}

bool is_zero(const Scalar& s) {
  return s.exact && s.exact->p == 0 && !s.decimal;
}

bool sizes_differ(const Scalar& a, const Scalar& b) {
  if (is_zero(a) || is_zero(b)) return is_zero(a) ? b.log_size.has_value() : a.log_size.has_value();
  if (!a.log_size || !b.log_size) return false;
  const double largest = std::max({1.0, std::abs(*a.log_size), std::abs(*b.log_size)});
  // Decimals may be rounded; between those that are that near, Math-Verify's rounding decides.
  const double margin = a.decimal || b.decimal ? 1e-3 : 1e-9 * largest;
  return std::abs(*a.log_size - *b.log_size) > margin;
}

// By values at points. What numbers that are rationals are is told by their exact values alone.
bool same_expression(const Scalar& a, const Scalar& b) {
  const bool closed = !a.points.symbols && !b.points.symbols;
  if (a.percent || b.percent || a.base != 0 || b.base != 0) return false;
  if (closed && ((a.exact && b.exact) || a.inexact || b.inexact)) return false;
  return same_wherever_defined(a.points, b.points);
}

// A definition's name: "f(x)" or "y"; empty: it is none.
std::string defined_name(const MathValue& value) {
  if (value.kind != ValueKind::equation || value.items.size() != 2) return "";
  const MathValue& left = value.items.front();
  if (left.kind != ValueKind::scalar) return "";
  if (!left.scalar.call.empty()) return left.scalar.call;
  return left.scalar.form == Form::symbol ? left.scalar.name : "";
}

bool is_call(std::string_view name) {
  return name.ends_with(')');
}

}  // namespace

Truth same_definition(const MathValue& gold, const MathValue& pred) {
  const std::string a = defined_name(gold);
  const std::string b = defined_name(pred);
  if (!is_call(a) && !is_call(b)) return Truth::unsure;
  const auto defines = [](const MathValue& value, std::string_view name, std::string_view other) {
    if (name == other) return true;
    if (name.empty()) return value.kind != ValueKind::equation;
    // "y" may take the place of f(x), where the function is none of y itself, and "f" as well.
    const bool of_it = other.find("(y") != kNone || other.find(",y") != kNone;
    return (name == "y" && !of_it) || other.starts_with(std::string(name) + "(");
  };
  const bool same = is_call(a) ? defines(pred, b, a) : defines(gold, a, b);
  if (!same) return Truth::unsure;
  const MathValue& left = a.empty() ? gold : gold.items.back();
  const MathValue& right = b.empty() ? pred : pred.items.back();
  return same_answer(left, right);
}

Truth own_verdict(const Scalar& gold, const Scalar& pred) {
  if (gold.form == Form::infinity || pred.form == Form::infinity) return Truth::unsure;
  if (same_expression(gold, pred)) return Truth::yes;
  if (is_beyond_reckoning(gold) != is_beyond_reckoning(pred)) {
    const Scalar& other = is_beyond_reckoning(gold) ? pred : gold;
    if (other.symbols || other.log_size || is_zero(other)) return Truth::no;
  }
  if (gold.symbols || pred.symbols) return Truth::unsure;
  if (gold.base != 0 && pred.base != 0 && gold.base != pred.base) return Truth::no;
  if (gold.either_percent || pred.either_percent) return same_percentage(gold, pred);
  if (gold.percent || pred.percent) return Truth::unsure;
  if (const Truth shown = same_as_shown(gold, pred); shown != Truth::unsure) return shown;
  return sizes_differ(gold, pred) ? Truth::no : Truth::unsure;
}

void forget_own(MathValue& value) {
  value.scalar.log_size.reset();
  value.scalar.base = 0;
  value.scalar.either_percent = false;
  value.scalar.points = {};
  value.scalar.shown = {};
  value.scalar.call.clear();
  for (MathValue& item : value.items) forget_own(item);
}

namespace {

// The scalars that a percent sign may stand behind: the number itself, the elements of a set or
// tuple, the last side of an equation.
std::vector<MathValue*> percent_places(MathValue& value) {
  if (value.kind == ValueKind::scalar) return {&value};
  if (value.kind == ValueKind::equation) return percent_places(value.items.back());
  std::vector<MathValue*> places;
  const bool list = value.kind == ValueKind::set || value.kind == ValueKind::tuple ||
                    value.kind == ValueKind::interval;
  if (list) {
    for (MathValue& item : value.items) places.push_back(&item);
  }
  return places;
}

// Takes off "\%" and "%", and counts them.
std::size_t take_percents(std::string& text) {
  text = replace_all(std::move(text), "\\%", "%");
  const std::size_t signs = static_cast<std::size_t>(std::ranges::count(text, '%'));
  std::erase(text, '%');
  return signs;
}

// Nothing where not every number has its sign.
ParsedMath parse_percentages(std::string text) {
  const std::size_t signs = take_percents(text);
  ParsedMath parsed = parse_latex(trim(text));
  if (parsed.state != ParsedMath::State::value) return parsed;
  const std::vector<MathValue*> places = percent_places(parsed.value);
  if (places.size() != signs) return {ParsedMath::State::fails, {}};
  for (MathValue* place : places) {
    if (place->kind != ValueKind::scalar || place->scalar.symbols) {
      return {ParsedMath::State::fails, {}};
    }
    place->scalar = percent_scalar(place->scalar);
  }
  return parsed;
}

}  // namespace

std::string_view without_end_marks(std::string_view text) {
  while (true) {
    text = trim(text);
    if (text.empty() || text.ends_with("..")) return text;
    const bool space = text.ends_with("\\,") || text.ends_with("\\;") || text.ends_with("\\ ");
    if (space) {
      text.remove_suffix(2);
    } else if (std::string_view(".,;:").find(text.back()) != kNone && !text.ends_with("\\:")) {
      text.remove_suffix(1);
    } else {
      return text;
    }
  }
}

ParsedMath parse_found(std::string_view normalized) {
  constexpr std::size_t kMaxPercentageBytes = 4000;
  const std::string text = with_mixed_numbers(normalized);
  if (text.find('%') != kNone && text.size() <= kMaxPercentageBytes) {
    return parse_percentages(text);
  }
  return parse_latex(text);
}

ParsedMath parse_stated(std::string_view normalized) {
  ParsedMath parsed = parse_found(normalized);
  const std::string_view text = without_end_marks(normalized);
  if (parsed.state == ParsedMath::State::fails && text != normalized) parsed = parse_found(text);
  return parsed;
}

std::string_view stated_in_text(std::string_view content) {
  constexpr std::string_view kText = "\\text{";
  const std::string_view all = trim(content);
  if (!all.starts_with(kText) || !all.ends_with('}')) return content;
  const std::string_view inside = all.substr(kText.size(), all.size() - kText.size() - 1);
  if (inside.find_first_of("{}") != kNone) return content;
  std::size_t at = kNone;
  std::size_t size = 0;
  for (const std::string_view sign : {" is ", "is: ", " equals ", " = ", "nswer: "}) {
    const std::size_t found = inside.rfind(sign);
    if (found == kNone || (at != kNone && found <= at)) continue;
    at = found;
    size = sign.size();
  }
  if (at == kNone) return content;
  const std::string_view stated = without_end_marks(inside.substr(at + size));
  const bool number = !stated.empty() && std::ranges::any_of(stated, is_digit);
  return number ? stated : content;
}

}  // namespace assay

// Math-Verify's verdict on two expressions (grader.py, sympy_expr_eq), where it is sure.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/ascii.h"
#include "score/math/own_rules.h"
#include "score/math/scalar.h"

namespace assay {

namespace {

// True for a letter followed by letters, digits, "_" and braces: SymPy prints only symbols like
// this.
bool is_plain_name(const std::string& name) {
  static constexpr std::string_view kConstants[] = {"pi", "oo", "zoo", "nan"};
  return !name.empty() && is_lower_letter(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) {
                       return is_lower_letter(c) || is_digit(c) || c == '_' || c == '{' || c == '}';
                     }) &&
         std::find(std::begin(kConstants), std::end(kConstants), name) == std::end(kConstants);
}

// Precondition: at least one of them is a symbol.
Truth same_symbols(const Scalar& a, const Scalar& b) {
  if (is_name_atom(a) && is_name_atom(b)) return a.name == b.name ? Truth::yes : Truth::no;
  // The library compares them as text, so a symbol "5" (from \text{5}) equals the number 5.
  const Scalar& symbol = a.form == Form::symbol ? a : b;
  return is_plain_name(symbol.name) ? Truth::no : Truth::unsure;
}

bool is_decimal_number(const Scalar& s) {
  return s.form == Form::decimal || s.form == Form::percent_decimal;
}

bool is_whole_or_percent(const Scalar& s) {
  return s.form == Form::integer || s.form == Form::percent_integer;
}

// 9% and 9 count as equal, so do 9% and 0.09; 100% and 1 are left to the library.
Truth same_percent(const Scalar& a, const Scalar& b, Truth by_value) {
  if (a.form == Form::other || b.form == Form::other) return Truth::unsure;
  if (!is_whole_or_percent(a) || !is_whole_or_percent(b)) return by_value;
  if (a.form == b.form) return by_value;
  const Scalar& percent = a.form == Form::percent_integer ? a : b;
  const Scalar& whole = a.form == Form::percent_integer ? b : a;
  if (!percent.exact || !whole.exact) return Truth::unsure;
  const auto raw = reduced(__int128{percent.exact->p} * 100, percent.exact->q);
  if (raw == whole.exact) return Truth::yes;
  return by_value == Truth::no ? Truth::no : Truth::unsure;
}

Truth same_value(const Scalar& a, const Scalar& b) {
  if (a.exact && b.exact && *a.exact == *b.exact) return Truth::yes;
  const double scale = std::max(a.scale, b.scale);
  bool equal = true;
  bool undefined = false;
  for (std::size_t i = 0; i < Scalar::kPoints; ++i) {
    const double difference = std::abs(a.at[i] - b.at[i]);
    if (std::isnan(difference)) {
      undefined = true;
      continue;
    }
    // Decimals are compared after rounding to 6 places.
    const double margin = 1e-8 * scale + (a.decimal || b.decimal ? 2e-6 : 0.0);
    if (difference > margin) return Truth::no;
    equal = equal && difference <= 1e-13 * scale;
  }
  if (undefined || !equal || a.inexact || b.inexact) return Truth::unsure;
  // Equal at all points. SymPy simplifies the difference of numbers and of rational functions to
  // zero, but perhaps not that of expressions with roots of symbols.
  const bool irrational = a.irrational || b.irrational;
  if ((a.symbols || b.symbols) && irrational) return Truth::unsure;
  return a.exact && b.exact ? Truth::unsure : Truth::yes;
}

}  // namespace

Truth same_scalar(const Scalar& gold, const Scalar& pred) {
  if (const Truth own = own_verdict(gold, pred); own != Truth::unsure) return own;
  if (gold.form == Form::infinity || pred.form == Form::infinity) {
    if (gold.form != pred.form) return gold.symbols || pred.symbols ? Truth::unsure : Truth::no;
    return gold.at[0] == pred.at[0] ? Truth::yes : Truth::no;
  }
  if (gold.form == Form::symbol || pred.form == Form::symbol) return same_symbols(gold, pred);
  if (gold.symbols != pred.symbols && (gold.percent || pred.percent)) return Truth::unsure;
  const Truth by_value = same_value(gold, pred);
  if (gold.percent || pred.percent) return same_percent(gold, pred, by_value);
  if (by_value == Truth::yes && is_decimal_number(gold) != is_decimal_number(pred) &&
      !(gold.exact && pred.exact)) {
    return Truth::yes;  // a decimal and a root that agree to 13 places
  }
  return by_value;
}

Truth less(const Scalar& a, const Scalar& b) {
  if (a.symbols || b.symbols) return Truth::unsure;
  if (a.exact && b.exact && *a.exact == *b.exact) return Truth::no;
  const double x = a.at[0];
  const double y = b.at[0];
  if (std::isnan(x) || std::isnan(y)) return Truth::unsure;
  if (std::isinf(x) || std::isinf(y)) return x < y ? Truth::yes : Truth::no;
  if (std::abs(x - y) <= 1e-9 * std::max(a.scale, b.scale)) return Truth::unsure;
  return x < y ? Truth::yes : Truth::no;
}

}  // namespace assay

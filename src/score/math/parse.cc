// The part of latex2sympy2_extended's grammar that most answers use: expressions (expression.h) in
// tuples, sets, intervals, equations and matrices. Where the grammar is ambiguous or surprising,
// the result is `unknown`, and the library decides.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "score/math/expression.h"
#include "score/math/lexer.h"
#include "score/math/scan.h"
#include "score/math/value.h"

namespace assay {

namespace {

using State = ParsedMath::State;

MathValue scalar_value(Scalar scalar) {
  MathValue value;
  value.scalar = std::move(scalar);
  return value;
}

MathValue collection(MathValue::Kind kind, std::vector<MathValue> items) {
  MathValue value;
  value.kind = kind;
  value.items = std::move(items);
  return value;
}

class AnswerParser : private ExpressionParser {
 public:
  explicit AnswerParser(const std::vector<LatexToken>& tokens) : ExpressionParser(tokens) {}

  std::optional<MathValue> parse() {
    if (is(Kind::matrix_begin)) return whole([this] { return matrix(); });
    auto value = whole([this] { return named_answer(); });
    if (!value) value = whole([this] { return elements(); });
    if (!value) value = whole([this] { return set_relation(); });
    // A rule met something it does not support, so the library may read the text in another way.
    return beyond_ ? std::nullopt : value;
  }

  // True when an interval's ends hold symbols. The library cannot make an interval of them when
  // they are complex.
  [[nodiscard]] bool symbolic_pair() const { return symbolic_pair_; }

 private:
  template <typename Rule>
  std::optional<MathValue> whole(Rule rule) {
    pos_ = 0;
    auto value = rule();
    if (!value || !is(Kind::end)) return std::nullopt;
    return value;
  }

  // "x = …", "(x, y) = …", "x \in …": an equation with one symbol (or a tuple of them) on the left.
  std::optional<MathValue> named_answer() {
    std::optional<MathValue> left;
    if (take(Kind::open_paren)) {
      std::vector<MathValue> names;
      do {
        auto name = symbol_atom();
        if (!name) return std::nullopt;
        names.push_back(scalar_value(*std::move(name)));
      } while (take(Kind::comma));
      if (!take(Kind::close_paren)) return std::nullopt;
      left = names.size() == 1 ? std::move(names[0])
                               : collection(MathValue::Kind::tuple, std::move(names));
    } else {
      auto name = symbol_atom();
      if (!name) return std::nullopt;
      left = scalar_value(*std::move(name));
    }
    if (!take(Kind::equals) && !take(Kind::element_of)) return std::nullopt;
    const std::size_t after = pos_;
    auto right = element_list(false);
    if (!right || !is(Kind::end)) {
      pos_ = after;
      right = union_expression();
    }
    if (!right) return std::nullopt;
    std::vector<MathValue> sides;
    sides.push_back(*std::move(left));
    sides.push_back(*std::move(right));
    return collection(MathValue::Kind::equation, std::move(sides));
  }

  std::optional<MathValue> elements() { return element_list(true); }
  std::optional<MathValue> set_relation() { return union_expression(); }

  // Elements separated by commas, in groups separated by semicolons.
  std::optional<std::vector<std::vector<MathValue>>> groups(bool relations) {
    const Depth depth(*this);
    std::vector<std::vector<MathValue>> result;
    do {
      result.emplace_back();
      do {
        if (exhausted() || !element(relations, result.back())) return std::nullopt;
      } while (take(Kind::comma));
    } while (take(Kind::semicolon));
    return result;
  }

  static MathValue from_groups(std::vector<std::vector<MathValue>> groups) {
    if (groups.size() == 1) {
      if (groups[0].size() == 1) return std::move(groups[0][0]);
      return collection(MathValue::Kind::set, std::move(groups[0]));
    }
    const bool single = std::all_of(groups.begin(), groups.end(),
                                    [](const auto& group) { return group.size() == 1; });
    std::vector<MathValue> items;
    items.reserve(groups.size());
    for (auto& group : groups) {
      items.push_back(single ? std::move(group[0])
                             : collection(MathValue::Kind::tuple, std::move(group)));
    }
    return collection(MathValue::Kind::set, std::move(items));
  }

  static std::vector<MathValue> flattened(std::vector<std::vector<MathValue>> groups) {
    std::vector<MathValue> items;
    for (auto& group : groups) {
      for (auto& item : group) items.push_back(std::move(item));
    }
    return items;
  }

  std::optional<MathValue> element_list(bool relations) {
    auto list = groups(relations);
    if (!list) return std::nullopt;
    return from_groups(*std::move(list));
  }

  [[nodiscard]] bool at_element_end() const {
    switch (token().kind) {
      case Kind::end:
      case Kind::comma:
      case Kind::semicolon:
      case Kind::close_paren:
      case Kind::close_bracket:
      case Kind::close_brace:
      case Kind::close_set:
        return true;
      default:
        return false;
    }
  }

  // Appends one element, or two for "\pm".
  bool element(bool relations, std::vector<MathValue>& into) {
    const std::size_t begin = pos_;
    if (auto set = set_atom(); set && at_element_end()) {
      into.push_back(*std::move(set));
      return true;
    }
    pos_ = begin;
    std::optional<Scalar> left;
    if (!is(Kind::plus_minus)) {
      left = expression();
      if (!left) return false;
    }
    if (take(Kind::plus_minus)) {
      const auto right = expression();
      if (!right) return false;
      into.push_back(scalar_value(left ? sum(*left, *right) : negated(*right)));
      into.push_back(scalar_value(left ? sum(*left, negated(*right)) : *right));
      return at_element_end();
    }
    if (!left) return false;
    MathValue value = scalar_value(*std::move(left));
    if (relations && !relation(value)) return false;
    into.push_back(std::move(value));
    return at_element_end();
  }

  // What may follow the expression `value`: "= b = c", "< b" and "\approx b". False when the parts
  // after the signs cannot be read.
  bool relation(MathValue& value) {
    if (is(Kind::equals)) {
      value = collection(MathValue::Kind::equation, {std::move(value)});
      while (take(Kind::equals)) {
        auto part = expression();
        if (!part) return false;
        value.items.push_back(scalar_value(*std::move(part)));
      }
    }
    if (is(Kind::inequality)) return inequality(value);
    // Of "1/3 \approx 0.33" the value is what stands before the sign.
    while (is(Kind::approx)) {
      const bool number = value.kind == MathValue::Kind::equation || value.scalar.is_closed();
      ++pos_;
      if (!number || !expression()) return false;
    }
    return true;
  }

  bool inequality(MathValue& value) {
    if (value.kind != MathValue::Kind::scalar) return false;
    bool symbols = value.scalar.symbols;
    int signs = 0;
    while (take(Kind::inequality)) {
      const auto part = expression();
      // Between two numbers the library may evaluate the inequality at once, and then fails on the
      // next sign.
      if (!part || (++signs > 1 && !symbols && !part->symbols)) return false;
      symbols = part->symbols;
    }
    value = collection(MathValue::Kind::relation, {});
    return true;
  }

  // An interval, a tuple, a set in braces, or a named set.
  std::optional<MathValue> set_atom() {
    if (exhausted()) return std::nullopt;
    if (take(Kind::empty_set)) return collection(MathValue::Kind::set, {});
    if (take(Kind::reals))
      return interval(negated(infinity_scalar()), infinity_scalar(), true, true);
    const Kind open = token().kind;
    if (open != Kind::open_paren && open != Kind::open_bracket && open != Kind::open_set &&
        open != Kind::open_brace) {
      return std::nullopt;
    }
    ++pos_;
    const std::size_t inside = pos_;
    if (open == Kind::open_paren || open == Kind::open_bracket) {
      if (auto value = interval_after(open)) return value;
      pos_ = inside;
    }
    auto list = groups(true);
    if (!list) return std::nullopt;
    if (open == Kind::open_set || open == Kind::open_brace) {
      if (!take(open == Kind::open_set ? Kind::close_set : Kind::close_brace)) return std::nullopt;
      return collection(MathValue::Kind::set, flattened(*std::move(list)));
    }
    if (!take(open == Kind::open_paren ? Kind::close_paren : Kind::close_bracket)) {
      return std::nullopt;
    }
    std::vector<MathValue> items = flattened(*std::move(list));
    if (items.size() == 1) return std::move(items[0]);
    return collection(MathValue::Kind::tuple, std::move(items));
  }

  static MathValue interval(Scalar start, Scalar end, bool left_open, bool right_open) {
    MathValue value = collection(MathValue::Kind::interval, {});
    value.items.push_back(scalar_value(std::move(start)));
    value.items.push_back(scalar_value(std::move(end)));
    value.left_open = left_open;
    value.right_open = right_open;
    return value;
  }

  // Two expressions and a closing bracket. Ends that are not in ascending order make a tuple, or
  // the empty set when the interval is half open.
  std::optional<MathValue> interval_after(Kind open) {
    auto start = expression();
    if (!start || !take(Kind::comma)) return std::nullopt;
    auto end = expression();
    if (!end) return std::nullopt;
    const bool left_open = open == Kind::open_paren;
    const bool right_open = is(Kind::close_paren);
    if (!take(Kind::close_paren) && !take(Kind::close_bracket)) return std::nullopt;
    const bool closed = start->is_closed() && end->is_closed();
    if (!closed) {
      MathValue value = interval(*std::move(start), *std::move(end), left_open, right_open);
      value.kind = MathValue::Kind::pair;
      symbolic_pair_ = true;
      return value;
    }
    const Truth forward = less(*start, *end);
    const Truth backward = less(*end, *start);
    if (forward == Truth::unsure || backward == Truth::unsure) {
      beyond_ = true;
      return std::nullopt;
    }
    if (forward == Truth::yes) {
      return interval(*std::move(start), *std::move(end), left_open, right_open);
    }
    const bool same = backward == Truth::no;
    if (left_open == right_open && (left_open || !same)) {
      return collection(MathValue::Kind::tuple,
                        {scalar_value(*std::move(start)), scalar_value(*std::move(end))});
    }
    if (left_open != right_open) return collection(MathValue::Kind::set, {});
    return collection(MathValue::Kind::set, {scalar_value(*std::move(start))});  // [a, a]
  }

  // Intervals, sets and tuples joined by \cup.
  std::optional<MathValue> union_expression() {
    std::vector<MathValue> parts;
    do {
      auto part = set_atom();
      if (!part) return std::nullopt;
      if (part->kind == MathValue::Kind::scalar) return std::nullopt;
      if (part->kind == MathValue::Kind::tuple) part->kind = MathValue::Kind::set;
      parts.push_back(*std::move(part));
    } while (take(Kind::cup));
    if (parts.size() == 1) return std::move(parts[0]);
    return collection(MathValue::Kind::interval_union, std::move(parts));
  }

  std::optional<MathValue> matrix() {
    MathValue value = collection(MathValue::Kind::matrix, {});
    ++pos_;
    while (true) {
      std::size_t columns = 0;
      do {
        auto entry = expression();
        if (!entry) return std::nullopt;
        value.items.push_back(scalar_value(*std::move(entry)));
        ++columns;
      } while (take(Kind::column_end));
      if (value.columns != 0 && value.columns != columns) return std::nullopt;
      value.columns = columns;
      if (take(Kind::row_end) && !is(Kind::matrix_end)) continue;
      if (!take(Kind::matrix_end)) return std::nullopt;
      return value;
    }
  }

  bool symbolic_pair_ = false;
};

// True when the library treats all symbols as complex because of an imaginary unit or the like.
// Such symbols differ from real ones of the same name.
bool is_complex(std::string_view text) {
  for (const std::string_view sign : {"\\text{i}", "\\text{rank}", "\\text{Re}", "\\text{Im}"}) {
    if (text.find(sign) != scan::kNone) return true;
  }
  for (std::size_t i = text.find('i'); i != scan::kNone; i = text.find('i', i + 1)) {
    const bool before = i > 0 && is_word_char(text[i - 1]);
    if (!before && !is_word_char(scan::at(text, i + 1))) return true;
  }
  return false;
}

// True for "-12,345.67", which is one number, not a set.
bool is_comma_number(std::string_view text) {
  std::size_t i = text.starts_with('-') ? 1 : 0;
  const std::size_t lead = scan::digits_end(text, i);
  if (lead == i || lead - i > 3 || scan::at(text, lead) != ',') return false;
  i = lead;
  while (scan::at(text, i) == ',') {
    if (scan::digits_end(text, i + 1) != i + 4) return false;
    i += 4;
  }
  if (scan::at(text, i) == '.') {
    const std::size_t end = scan::digits_end(text, i + 1);
    if (end == i + 1) return false;
    i = end;
  }
  return i == text.size();
}

ParsedMath parse_once(std::string_view text) {
  if (text.empty()) return {State::fails, {}};
  const LatexTokens lexed = tokenize_latex(text);
  if (lexed.state == LatexTokens::State::fails || surely_malformed(lexed.tokens)) {
    return {State::fails, {}};
  }
  if (lexed.state == LatexTokens::State::unknown) return {};
  ParsedMath result;
  if (is_comma_number(text)) {
    const bool negative = text.starts_with('-');
    std::string digits;
    for (const char c : text.substr(negative ? 1 : 0)) {
      if (c != ',') digits.push_back(c);
    }
    if (digits[0] == '0') return {};
    const Scalar number = decimal_scalar(digits);
    result.value = scalar_value(negative ? negated(number) : number);
  } else {
    AnswerParser parser(lexed.tokens);
    auto value = parser.parse();
    if (!value || (parser.symbolic_pair() && is_complex(text))) return {};
    result.value = *std::move(value);
  }
  result.value.complex = is_complex(text);
  result.state = State::value;
  return result;
}

// The text after the last "=" when there are at least two of them and no "," or ";". The library
// tries it when it cannot read the whole text. Empty: there is none.
std::string_view last_side(std::string_view text) {
  if (text.find_first_of(",;") != scan::kNone) return {};
  std::size_t sides = 1;
  std::size_t last = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool sign =
        text[i] == '=' && (i == 0 || std::string_view("\\<!>").find(text[i - 1]) == scan::kNone);
    if (!sign) continue;
    ++sides;
    last = i + 1;
  }
  return sides > 2 ? text.substr(last) : std::string_view();
}

}  // namespace

ParsedMath parse_latex(std::string_view normalized) {
  ParsedMath result = parse_once(normalized);
  if (result.state != State::fails) return result;
  const std::string_view last = last_side(normalized);
  return last.empty() ? result : parse_once(last);
}

}  // namespace assay

// latex2sympy2_extended's grammar for what answers are mostly made of. Where that grammar is
// ambiguous or surprising and the fast path does not follow it, the result is `unknown`.
#include <algorithm>
#include <optional>
#include <utility>

#include "score/math_lexer.h"
#include "score/math_scan.h"
#include "score/math_value.h"

namespace assay {

namespace {

using Kind = LatexToken::Kind;
using State = ParsedMath::State;

constexpr int kMaxDepth = 24;
constexpr int kMaxSteps = 20'000;

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

// Recursive descent; every function returns nothing when the text is not what it reads, and the
// caller goes back. Steps are counted, so going back cannot take for ever.
class Parser {
 public:
  explicit Parser(const std::vector<LatexToken>& tokens) : tokens_(tokens) {}

  std::optional<MathValue> parse() {
    if (is(Kind::matrix_begin)) return whole([this] { return matrix(); });
    auto value = whole([this] { return named_answer(); });
    if (!value) value = whole([this] { return elements(); });
    if (!value) value = whole([this] { return set_relation(); });
    // What was met on the way and is not followed may be how the library reads it.
    return beyond_ ? std::nullopt : value;
  }

 private:
  template <typename Rule>
  std::optional<MathValue> whole(Rule rule) {
    pos_ = 0;
    auto value = rule();
    if (!value || !is(Kind::end)) return std::nullopt;
    return value;
  }

  [[nodiscard]] const LatexToken& token() const { return tokens_[pos_]; }
  [[nodiscard]] bool is(Kind kind) const { return tokens_[pos_].kind == kind; }
  bool take(Kind kind) {
    if (!is(kind)) return false;
    ++pos_;
    return true;
  }

  struct Depth {
    explicit Depth(Parser& p) : parser(p) { ++parser.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    ~Depth() { --parser.depth_; }
    Parser& parser;
  };
  [[nodiscard]] bool exhausted() { return ++steps_ > kMaxSteps || depth_ > kMaxDepth; }

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

  // Elements between commas, groups of them between semicolons.
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

  // One element; "\pm" makes two.
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
    MathValue value = scalar_value(*std::move(left));
    if (relations && is(Kind::equals)) {
      value = collection(MathValue::Kind::equation, {std::move(value)});
      while (take(Kind::equals)) {
        auto part = expression();
        if (!part) return false;
        value.items.push_back(scalar_value(*std::move(part)));
      }
    }
    if (relations && is(Kind::inequality)) {
      bool symbols = value.kind == MathValue::Kind::scalar && value.scalar.symbols;
      int signs = 0;
      while (take(Kind::inequality)) {
        const auto part = expression();
        // Between numbers the library may decide it, and then cannot read the rest.
        if (!part || (++signs > 1 && !symbols && !part->symbols)) return false;
        symbols = part->symbols;
      }
      if (value.kind != MathValue::Kind::scalar) return false;
      into.push_back(collection(MathValue::Kind::relation, {}));
      return at_element_end();
    }
    // "1/3 \approx 0.33" stands for what is before the sign.
    while (relations && is(Kind::approx)) {
      const bool number = value.kind == MathValue::Kind::equation || value.scalar.is_closed();
      ++pos_;
      if (!number || !expression()) return false;
    }
    into.push_back(std::move(value));
    return at_element_end();
  }

  // An interval, a tuple, a set in braces, or a named set.
  std::optional<MathValue> set_atom() {
    if (exhausted()) return std::nullopt;
    if (take(Kind::empty_set)) return collection(MathValue::Kind::set, {});
    if (take(Kind::reals)) return interval(negated(infinity_scalar()), infinity_scalar(), true, true);
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

  // Two expressions and a closing bracket. Ends in the wrong order make a tuple, or, half open,
  // nothing at all.
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

  std::optional<Scalar> expression() {
    const Depth depth(*this);
    if (exhausted()) return std::nullopt;
    auto left = term();
    while (left && (is(Kind::plus) || is(Kind::minus))) {
      const bool minus = is(Kind::minus);
      ++pos_;
      const auto right = term();
      if (!right) return std::nullopt;
      left = sum(*left, minus ? negated(*right) : *right);
    }
    return left;
  }

  std::optional<Scalar> term() {
    auto left = signed_factors();
    while (left && (is(Kind::times) || is(Kind::divide))) {
      const bool divide = is(Kind::divide);
      ++pos_;
      const auto right = signed_factors();
      if (!right) return std::nullopt;
      left = divide ? quotient(*left, *right) : product(*left, *right);
    }
    return left;
  }

  std::optional<Scalar> signed_factors() {
    bool minus = false;
    while (is(Kind::plus) || is(Kind::minus)) {
      minus ^= is(Kind::minus);
      ++pos_;
    }
    auto value = factors();
    if (value && minus) return negated(*value);
    return value;
  }

  // Juxtaposed factors. A whole number before a positive fraction or number is a mixed fraction:
  // the grammar reads "2 3" and "2(3)" as 5, too.
  std::optional<Scalar> factors(bool functions = true) {
    std::vector<Scalar> list;
    while (true) {
      auto factor = is(Kind::function) ? function() : postfix();
      if (!factor) return std::nullopt;
      list.push_back(*std::move(factor));
      if (!starts_factor(functions)) break;
    }
    Scalar value = std::move(list.back());
    for (std::size_t i = list.size() - 1; i-- > 0;) {
      const bool mixed = list[i].is_integer_literal() && value.is_rational_literal() &&
                         value.exact && value.exact->p > 0;
      if (!mixed) {
        value = product(list[i], value);
        continue;
      }
      if (!list[i].exact) return std::nullopt;
      const bool negative = list[i].exact->p < 0;
      value = sum(list[i], negative ? negated(value) : value);
      value.form = value.exact && value.exact->q == 1 ? Form::integer : Form::fraction;
    }
    return value;
  }

  [[nodiscard]] bool starts_factor(bool functions) const {
    switch (token().kind) {
      case Kind::function:
        return functions;
      case Kind::number:
      case Kind::symbol:
      case Kind::euler:
      case Kind::pi:
      case Kind::infinity:
      case Kind::open_paren:
      case Kind::open_bracket:
      case Kind::open_brace:
      case Kind::open_set:
      case Kind::frac:
      case Kind::sqrt:
      case Kind::binom:
        return true;
      default:
        return false;
    }
  }

  // \sin x, \log_2(x): the argument without parentheses is all that is juxtaposed. Where it might
  // go on, or end sooner, the reading is given up.
  std::optional<Scalar> function() {
    const Depth depth(*this);
    if (exhausted()) return std::nullopt;
    const std::string name = token().text;
    ++pos_;
    std::optional<Scalar> base;
    if (name == "log" && take(Kind::underscore)) {
      base = script();
      if (!base) return std::nullopt;
    }
    std::optional<Scalar> exponent;
    if (take(Kind::caret)) {
      exponent = script();
      const bool whole = exponent && exponent->is_integer_literal() && exponent->exact;
      if (!whole || exponent->exact->p <= 0) return std::nullopt;
    }
    const bool parentheses = is(Kind::open_paren);
    const auto argument = parentheses ? group(Kind::close_paren) : factors(false);
    if (!argument || is(Kind::function) || is(Kind::factorial)) return std::nullopt;
    if (parentheses && (is(Kind::caret) || is(Kind::degree) || starts_factor(true))) {
      return std::nullopt;
    }
    if (is(Kind::times) || is(Kind::divide)) return std::nullopt;
    Scalar value = elementary(name, *argument);
    if (base) value = quotient(elementary("ln", *argument), elementary("ln", *base));
    if (exponent) value = power(value, *exponent);
    value.form = Form::other;
    return value;
  }

  std::optional<Scalar> postfix() {
    if (exhausted()) return std::nullopt;
    const bool name = is(Kind::symbol) || is(Kind::pi);
    const std::string head = is(Kind::pi) ? "pi" : token().text;
    auto value = atom();
    if (!value) return std::nullopt;
    std::optional<Scalar> exponent;
    if (take(Kind::caret)) {
      exponent = script();
      if (!exponent || is(Kind::caret)) return std::nullopt;
    }
    if (name && (is(Kind::open_paren) || is(Kind::open_bracket))) {
      const std::size_t end = call_end();
      if (end != 0) {
        value = call(value->name.empty() ? head : value->name);
        if (!value || pos_ != end) return std::nullopt;
      }
    }
    if (name && is(Kind::open_brace)) beyond_ = true;
    if (exponent) value = power(*value, *exponent);
    while (is(Kind::factorial) || is(Kind::degree)) {
      if (is(Kind::factorial)) value = factorial(*value);
      ++pos_;
    }
    return value;
  }

  // After a name: "(x)" and "(x, y)" are a function's arguments, "(x + 1)" is a factor. The position
  // after the arguments; 0: a factor.
  [[nodiscard]] std::size_t call_end() const {
    int depth = 0;
    bool comma = false;
    for (std::size_t i = pos_; i < tokens_.size(); ++i) {
      const Kind kind = tokens_[i].kind;
      if (kind == Kind::open_paren || kind == Kind::open_bracket || kind == Kind::open_brace) ++depth;
      if (kind == Kind::comma) comma = true;
      if (kind != Kind::close_paren && kind != Kind::close_bracket && kind != Kind::close_brace) {
        continue;
      }
      if (--depth == 0) return comma || is_atom(pos_ + 1, i) ? i + 1 : 0;
    }
    return 0;
  }

  // One number, or one symbol with its scripts.
  [[nodiscard]] bool is_atom(std::size_t begin, std::size_t end) const {
    if (begin == end) return false;
    const Kind first = tokens_[begin].kind;
    if (first != Kind::symbol && first != Kind::pi) {
      return end == begin + 1 && (first == Kind::number || first == Kind::infinity);
    }
    std::size_t i = begin + 1;
    while (i < end && (tokens_[i].kind == Kind::caret || tokens_[i].kind == Kind::underscore)) {
      ++i;
      if (i < end && tokens_[i].kind == Kind::open_brace) {
        while (i < end && tokens_[i].kind != Kind::close_brace) ++i;
      }
      ++i;
    }
    return i >= end;
  }

  std::optional<Scalar> call(const std::string& name) {
    const Kind close = is(Kind::open_paren) ? Kind::close_paren : Kind::close_bracket;
    std::vector<Scalar> arguments;
    do {
      ++pos_;
      auto argument = expression();
      if (!argument) return std::nullopt;
      arguments.push_back(*std::move(argument));
    } while (is(Kind::comma));
    if (!take(close)) return std::nullopt;
    return undefined_function(name, arguments);
  }

  // What stands after "^": one atom, or an expression in braces.
  std::optional<Scalar> script() {
    if (take(Kind::open_brace)) {
      auto value = expression();
      if (!value || !take(Kind::close_brace) || is(Kind::underscore)) return std::nullopt;
      return value;
    }
    if (is(Kind::number)) {
      Scalar value = decimal_scalar(token().text);
      ++pos_;
      if (is(Kind::underscore)) return std::nullopt;
      return value;
    }
    if (is(Kind::symbol) && token().letter) {
      if (token().text == "t") return std::nullopt;  // "^T" transposes
      auto value = symbol_scalar(token().text);
      ++pos_;
      if (is(Kind::underscore) || is(Kind::caret)) return std::nullopt;
      return value;
    }
    if (take(Kind::pi)) return pi_scalar();
    return std::nullopt;
  }

  // A symbol with its subscript.
  std::optional<Scalar> symbol_atom() {
    if (!is(Kind::symbol)) return std::nullopt;
    std::string name = token().text;
    ++pos_;
    if (take(Kind::underscore)) {
      std::string sub;
      if (take(Kind::open_brace)) {
        while (is(Kind::number) || is(Kind::plus) || is(Kind::minus) ||
               (is(Kind::symbol) && token().letter)) {
          sub += token().text;
          ++pos_;
        }
        if (!take(Kind::close_brace)) return std::nullopt;
      } else if (is(Kind::number) || (is(Kind::symbol) && token().letter)) {
        const bool letter = is(Kind::symbol);
        sub = token().text;
        ++pos_;
        if (letter && (is(Kind::caret) || is(Kind::underscore))) return std::nullopt;
      }
      if (sub.empty()) return std::nullopt;
      name.append(sub.size() > 1 ? "_{" : "_").append(sub).append(sub.size() > 1 ? "}" : "");
    }
    return symbol_scalar(std::move(name));
  }

  std::optional<Scalar> group(Kind close) {
    ++pos_;
    auto value = expression();
    if (!value || !take(close)) return std::nullopt;
    return value;
  }

  std::optional<Scalar> braced() { return is(Kind::open_brace) ? group(Kind::close_brace) : std::nullopt; }

  std::optional<Scalar> atom() {
    switch (token().kind) {
      case Kind::number:
        return number_atom();
      case Kind::symbol:
        return symbol_atom();
      case Kind::euler:
        ++pos_;
        return euler_scalar();
      case Kind::pi:
        ++pos_;
        if (is(Kind::underscore)) return std::nullopt;
        return pi_scalar();
      case Kind::infinity:
        ++pos_;
        return infinity_scalar();
      case Kind::open_paren:
        return group(Kind::close_paren);
      case Kind::open_bracket:
        return group(Kind::close_bracket);
      case Kind::open_brace:
        return group(Kind::close_brace);
      case Kind::open_set:
        return group(Kind::close_set);
      case Kind::frac:
      case Kind::binom:
        return two_arguments();
      case Kind::sqrt:
        return root();
      default:
        return std::nullopt;
    }
  }

  // The base of "52_8" is not looked at.
  std::optional<Scalar> number_atom() {
    Scalar value = decimal_scalar(token().text);
    ++pos_;
    if (take(Kind::underscore)) {
      if (take(Kind::open_brace)) {
        if (!take(Kind::number) || !take(Kind::close_brace)) return std::nullopt;
      } else if (!take(Kind::number)) {
        return std::nullopt;
      }
    }
    return value;
  }

  std::optional<Scalar> two_arguments() {
    const bool fraction = is(Kind::frac);
    ++pos_;
    const auto upper = braced();
    if (!upper) return std::nullopt;
    const auto lower = braced();
    if (!lower) return std::nullopt;
    return fraction ? quotient(*upper, *lower) : binomial(*upper, *lower);
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

  std::optional<Scalar> root() {
    ++pos_;
    Scalar degree = integer_scalar(2);
    if (is(Kind::open_bracket)) {
      const auto given = group(Kind::close_bracket);
      if (!given || !given->is_integer_literal()) return std::nullopt;
      degree = *given;
    }
    const auto base = braced();
    if (!base) return std::nullopt;
    return power(*base, quotient(integer_scalar(1), degree));
  }

  const std::vector<LatexToken>& tokens_;
  std::size_t pos_ = 0;
  int depth_ = 0;
  int steps_ = 0;
  bool beyond_ = false;
  bool symbolic_pair_ = false;

 public:
  // A pair of complex symbols is no interval the library can make.
  [[nodiscard]] bool symbolic_pair() const { return symbolic_pair_; }
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_word_char(char c) { return is_letter(c) || scan::is_digit(c) || c == '_'; }

// The library then takes all symbols as complex, and they differ from real ones of the same name.
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

// "-12,345.67", which is a number and no set.
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
    Parser parser(lexed.tokens);
    auto value = parser.parse();
    if (!value || (parser.symbolic_pair() && is_complex(text))) return {};
    result.value = *std::move(value);
  }
  result.value.complex = is_complex(text);
  result.state = State::value;
  return result;
}

// Of more than two sides without "," and ";" the last one, which the library tries when it cannot
// read the whole. Empty: there is none.
std::string_view last_side(std::string_view text) {
  if (text.find_first_of(",;") != scan::kNone) return {};
  std::size_t sides = 1;
  std::size_t last = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool sign = text[i] == '=' && (i == 0 || std::string_view("\\<!>").find(text[i - 1]) ==
                                                       scan::kNone);
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

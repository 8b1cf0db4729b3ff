// Plain arithmetic found in running text, as Python's grammar reads it.
#include <string>
#include <utility>

#include "base/ascii.h"
#include "score/math/scan.h"
#include "score/math/value.h"

namespace assay {

namespace {

constexpr std::size_t kMaxArithmeticBytes = 2000;
constexpr int kMaxDepth = 50;

class Arithmetic {
 public:
  explicit Arithmetic(std::string_view text) : text_(text) {}

  std::optional<Scalar> whole() {
    auto value = sum_of();
    skip();
    if (pos_ != text_.size()) return std::nullopt;
    return value;
  }

  // True when whole() gave nothing, but Python may be able to read the text.
  [[nodiscard]] bool beyond() const { return beyond_; }

 private:
  void skip() {
    while (pos_ < text_.size() && std::string_view(" \t\n\r\f").find(text_[pos_]) != scan::kNone) {
      ++pos_;
    }
  }
  bool take(std::string_view op) {
    skip();
    if (!scan::stands(text_, pos_, op)) return false;
    pos_ += op.size();
    return true;
  }

  std::optional<Scalar> sum_of() {
    if (++depth_ > kMaxDepth) {
      beyond_ = true;
      return std::nullopt;
    }
    auto left = product_of();
    while (left) {
      const bool plus = take("+");
      if (!plus && !take("-")) break;
      const auto right = product_of();
      if (!right) return std::nullopt;
      left = sum(*left, plus ? *right : negated(*right));
    }
    --depth_;
    return left;
  }

  std::optional<Scalar> product_of() {
    auto left = signed_power();
    while (left) {
      if (scan::stands(text_, pos_, "//")) {  // floor division
        beyond_ = true;
        return std::nullopt;
      }
      const bool times = take("*");
      if (!times && !take("/")) break;
      if (scan::at(text_, pos_) == '/' || scan::at(text_, pos_) == '*') return std::nullopt;
      const auto right = signed_power();
      if (!right) return std::nullopt;
      left = times ? product(*left, *right) : quotient(*left, *right);
      left->form = Form::other;  // SymPy keeps the product as written
      skip();
    }
    return left;
  }

  std::optional<Scalar> signed_power() {
    if (++depth_ > kMaxDepth) {
      beyond_ = true;
      return std::nullopt;
    }
    std::optional<Scalar> value;
    if (take("-")) {
      value = signed_power();
      if (value) value = negated(*value);
    } else if (take("+")) {
      value = signed_power();
    } else {
      value = atom();
      if (value && (take("**") || take("^"))) {
        const auto exponent = signed_power();
        if (!exponent) return std::nullopt;
        value = power(*value, *exponent);
      }
    }
    skip();
    --depth_;
    return value;
  }

  std::optional<Scalar> atom() {
    skip();
    if (take("(")) {
      auto value = sum_of();
      if (!value || !take(")")) return std::nullopt;
      return value;
    }
    const std::size_t begin = pos_;
    std::size_t end = scan::digits_end(text_, begin);
    const std::size_t whole_end = end;
    if (scan::at(text_, end) == '.') end = scan::digits_end(text_, end + 1);
    const std::string_view digits = text_.substr(begin, end - begin);
    if (whole_end == begin && digits.size() < 2) return std::nullopt;
    // Python refuses leading zeros ("007").
    if (whole_end == end && digits.size() > 1 && digits[0] == '0') {
      if (digits.find_first_not_of('0') == scan::kNone) beyond_ = true;  // but accepts "00"
      return std::nullopt;
    }
    pos_ = end;
    return decimal_scalar(digits);
  }

  std::string_view text_;
  std::size_t pos_ = 0;
  int depth_ = 0;
  bool beyond_ = false;
};

}  // namespace

ParsedMath parse_arithmetic(std::string_view text) {
  ParsedMath result;
  if (text.size() > kMaxArithmeticBytes) return result;
  Arithmetic arithmetic(text);
  auto value = arithmetic.whole();
  if (!value) {
    if (!arithmetic.beyond()) result.state = ParsedMath::State::fails;
    return result;
  }
  result.state = ParsedMath::State::value;
  result.value.scalar = *std::move(value);
  return result;
}

MathValue plain_number(std::string_view integer, std::string_view decimal, bool percent) {
  const bool negative = integer.starts_with('-');
  std::string digits;
  for (const char c : integer.substr(negative ? 1 : 0)) {
    if (is_digit(c)) digits.push_back(c);
  }
  if (digits.empty()) digits.push_back('0');
  if (!decimal.empty()) {
    digits += '.';
    digits += decimal.substr(1);
  }
  Scalar number = decimal_scalar(digits);
  if (negative) number = negated(number);
  MathValue value;
  value.scalar = percent ? percent_scalar(number) : std::move(number);
  return value;
}

}  // namespace assay

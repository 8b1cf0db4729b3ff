// Expressions over the tokens of an answer; private to score/math.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "score/math/lexer.h"
#include "score/math/scalar.h"

namespace assay {

// A recursive descent parser after latex2sympy2_extended's grammar. Every function returns nothing
// when the tokens do not match its rule, and the caller may go back and try another. The number of
// steps and the depth are limited, so time and stack are bounded.
class ExpressionParser {
 protected:
  using Kind = LatexToken::Kind;

  // The tokens end with Kind::end and outlive the parser.
  explicit ExpressionParser(const std::vector<LatexToken>& tokens) : tokens_(tokens) {}

  std::optional<Scalar> expression();
  std::optional<Scalar> symbol_atom();  // with its subscript

  [[nodiscard]] const LatexToken& token() const { return tokens_[pos_]; }
  [[nodiscard]] bool is(Kind kind) const { return tokens_[pos_].kind == kind; }
  bool take(Kind kind) {
    if (!is(kind)) return false;
    ++pos_;
    return true;
  }

  struct Depth {
    explicit Depth(ExpressionParser& p) : parser(p) { ++parser.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    ~Depth() { --parser.depth_; }
    ExpressionParser& parser;
  };
  [[nodiscard]] bool exhausted() { return ++steps_ > kMaxSteps || depth_ > kMaxDepth; }

  const std::vector<LatexToken>& tokens_;
  std::size_t pos_ = 0;
  bool beyond_ = false;  // met something that the library may read in another way

 private:
  std::optional<Scalar> term();
  std::optional<Scalar> signed_factors();
  std::optional<Scalar> factors(bool functions = true);
  [[nodiscard]] bool starts_factor(bool functions) const;
  std::optional<Scalar> function();
  std::optional<Scalar> postfix();
  [[nodiscard]] std::size_t call_end() const;
  [[nodiscard]] bool is_atom(std::size_t begin, std::size_t end) const;
  std::optional<Scalar> call(const std::string& name);
  std::optional<Scalar> script();
  std::optional<Scalar> group(Kind close);
  std::optional<Scalar> braced();
  std::optional<Scalar> atom();
  std::optional<Scalar> number_atom();
  std::optional<Scalar> two_arguments();
  std::optional<Scalar> root();

  static constexpr int kMaxDepth = 24;
  static constexpr int kMaxSteps = 20'000;
  int depth_ = 0;
  int steps_ = 0;
};

}  // namespace assay

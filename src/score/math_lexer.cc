#include "score/math_lexer.h"

#include <algorithm>
#include <array>

#include "score/math_scan.h"

namespace assay {

namespace {

using Kind = LatexToken::Kind;
using scan::at;
using scan::is_digit;
using scan::kNone;
using scan::stands;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

struct Spelling {
  std::string_view text;
  Kind kind;
};

// Longer ones before their prefixes.
constexpr Spelling kSpellings[] = {
    {"^{\\circ}", Kind::degree}, {"^\\circ", Kind::degree}, {"^{\\degree}", Kind::degree},
    {"^\\degree", Kind::degree}, {"\\{\\}", Kind::empty_set}, {"\\{", Kind::open_set},
    {"\\}", Kind::close_set}, {"\\\\", Kind::row_end}, {"+", Kind::plus}, {"-", Kind::minus},
    {"*", Kind::times}, {"/", Kind::divide}, {":", Kind::divide}, {"^", Kind::caret},
    {"_", Kind::underscore}, {"!", Kind::factorial}, {"(", Kind::open_paren},
    {")", Kind::close_paren}, {"[", Kind::open_bracket}, {"]", Kind::close_bracket},
    {"{", Kind::open_brace}, {"}", Kind::close_brace}, {",", Kind::comma}, {";", Kind::semicolon},
    {"=", Kind::equals}, {"&", Kind::column_end}};

constexpr Spelling kCommands[] = {
    {"cdot", Kind::times},       {"times", Kind::times},      {"div", Kind::divide},
    {"over", Kind::divide},      {"frac", Kind::frac},        {"sqrt", Kind::sqrt},
    {"binom", Kind::binom},      {"pi", Kind::pi},            {"infty", Kind::infinity},
    {"approx", Kind::approx},    {"in", Kind::element_of},    {"pm", Kind::plus_minus},
    {"mp", Kind::plus_minus},    {"cup", Kind::cup},          {"cap", Kind::cap},
    {"emptyset", Kind::empty_set}, {"lbrace", Kind::open_set}, {"rbrace", Kind::close_set}};

constexpr std::string_view kGreek[] = {
    "alpha", "beta", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu",
    "nu", "xi", "omicron", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
    "varepsilon", "vartheta", "varrho", "varsigma", "varphi"};

constexpr std::string_view kSpaces[] = {"quad", "qquad", "thinspace", "medspace", "thickspace"};

// Letters that together are a name of the grammar, not a product.
constexpr std::string_view kReserved[] = {
    "arsinh", "arcsinh", "arcosh", "arccosh", "artanh", "arctanh", "gcd", "lcm", "floor", "ceil",
    "eye", "zeros", "ones", "cols", "rows", "diag", "norm", "rank", "tr", "rref", "stack", "orth",
    "nullspace", "eig", "svd", "SVD", "matrix"};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  LatexTokens run() {
    LatexTokens result;
    while (true) {
      const bool spaced = skip_spaces();
      if (pos_ >= text_.size()) break;
      LatexToken token;
      token.glued = !spaced;
      const auto state = next(token);
      if (state != LatexTokens::State::read) {
        result.state = state;
        return result;
      }
      result.tokens.push_back(std::move(token));
    }
    result.tokens.emplace_back();
    result.state = LatexTokens::State::read;
    return result;
  }

 private:
  using State = LatexTokens::State;

  bool skip_spaces() {
    const std::size_t begin = pos_;
    while (pos_ < text_.size()) {
      if (is_blank(text_[pos_])) {
        ++pos_;
        continue;
      }
      std::size_t length = 0;
      for (const std::string_view space : {"\\,", "\\:", "\\;", "\\!", "\\$"}) {
        if (stands(text_, pos_, space)) length = space.size();
      }
      for (const std::string_view space : kSpaces) {
        if (text_[pos_] == '\\' && command_at(pos_) == space) length = 1 + space.size();
      }
      if (length == 0) break;
      pos_ += length;
    }
    return pos_ > begin;
  }

  // The letters after the backslash at `i`.
  std::string_view command_at(std::size_t i) const {
    std::size_t end = i + 1;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    return text_.substr(i + 1, end - i - 1);
  }

  State next(LatexToken& token) {
    const char c = text_[pos_];
    if (is_digit(c) || c == '.') return number(token);
    if (is_letter(c)) return letter(token);
    for (const Spelling& spelling : kSpellings) {
      if (!stands(text_, pos_, spelling.text)) continue;
      token.kind = spelling.kind;
      pos_ += spelling.text.size();
      return State::read;
    }
    if (c == '\\') return command(token);
    // No token of the grammar starts with these.
    return c == '?' || c == '@' || c == '#' || c == '`' ? State::fails : State::unknown;
  }

  State number(LatexToken& token) {
    const std::size_t begin = pos_;
    std::size_t end = scan::digits_end(text_, begin);
    if (at(text_, end) == '.') {
      const std::size_t more = scan::digits_end(text_, end + 1);
      if (more > end + 1) end = more;
    }
    if (end == begin) return State::fails;  // a point that belongs to no number
    if (at(text_, end) == 'E') return State::unknown;
    token.kind = Kind::number;
    token.text = std::string(text_.substr(begin, end - begin));
    pos_ = end;
    const std::size_t sign = end + (is_blank(at(text_, end)) ? 1 : 0);
    for (const std::string_view percent : {"\\%", "%"}) {
      if (!stands(text_, sign, percent)) continue;
      token.kind = Kind::percent_number;
      pos_ = sign + percent.size();
      break;
    }
    return State::read;
  }

  State letter(LatexToken& token) {
    if (run_end_ <= pos_) {
      run_end_ = pos_;
      while (run_end_ < text_.size() && is_letter(text_[run_end_])) ++run_end_;
      const std::string_view run = text_.substr(pos_, run_end_ - pos_);
      for (const std::string_view name : kReserved) {
        if (run.find(name) != kNone) return State::unknown;
      }
    }
    const char c = text_[pos_];
    if (c == 'I') return State::unknown;  // the imaginary unit
    if (c == 'd') {                       // "dx" and "d \theta" are differentials
      std::size_t next = pos_ + 1;
      while (next < text_.size() && is_blank(text_[next])) ++next;
      const bool command = at(text_, next) == '\\' && is_letter(at(text_, next + 1));
      if (is_letter(at(text_, next)) || command) return State::unknown;
    }
    ++pos_;
    if (c == 'e') {
      token.kind = Kind::euler;
    } else {
      token.kind = Kind::symbol;
      token.letter = c != 'E';
      token.text = std::string(1, scan::lower(c));
    }
    return State::read;
  }

  State command(LatexToken& token) {
    const std::string_view name = command_at(pos_);
    if (name.empty()) return State::unknown;
    if (name == "text" || name == "mbox") return text_symbol(token, name.size());
    if (name == "begin" || name == "end") return environment(token, name);
    if (stands(text_, pos_, "\\mathbb{R}")) {
      token.kind = Kind::reals;
      pos_ += 10;
      return State::read;
    }
    for (const Spelling& spelling : kCommands) {
      if (name != spelling.text) continue;
      token.kind = spelling.kind;
      pos_ += 1 + name.size();
      return State::read;
    }
    if (std::find(std::begin(kGreek), std::end(kGreek), name) == std::end(kGreek)) {
      return State::unknown;
    }
    token.kind = Kind::symbol;
    token.text = std::string(name);
    pos_ += 1 + name.size();
    return State::read;
  }

  // \text{…}: a symbol of that name.
  State text_symbol(LatexToken& token, std::size_t name_size) {
    std::size_t open = pos_ + 1 + name_size;
    if (is_blank(at(text_, open))) ++open;
    if (at(text_, open) != '{') return State::unknown;
    const std::size_t close = text_.find('}', open);
    if (close == kNone || text_[close - 1] == '\\') return State::unknown;
    for (const char c : text_.substr(open + 1, close - open - 1)) {
      if (c != ' ' && c != '(' && c != ')') token.text.push_back(scan::lower(c));
    }
    if (token.text.empty() || token.text == "pi" || token.text == "gamma" ||
        token.text.find('\\') != kNone) {
      return State::unknown;
    }
    token.kind = Kind::symbol;
    pos_ = close + 1;
    return State::read;
  }

  State environment(LatexToken& token, std::string_view name) {
    for (const std::string_view type : {"{pmatrix}", "{bmatrix}", "{matrix}"}) {
      if (!stands(text_, pos_ + 1 + name.size(), type)) continue;
      token.kind = name == "begin" ? Kind::matrix_begin : Kind::matrix_end;
      pos_ += 1 + name.size() + type.size();
      return State::read;
    }
    for (const std::string_view type : {"{array}", "{vmatrix}"}) {
      if (stands(text_, pos_ + 1 + name.size(), type)) return State::unknown;
    }
    return State::fails;  // no other environment is in the grammar
  }

  std::string_view text_;
  std::size_t pos_ = 0;
  std::size_t run_end_ = 0;
};

}  // namespace

LatexTokens tokenize_latex(std::string_view text) { return Lexer(text).run(); }

}  // namespace assay

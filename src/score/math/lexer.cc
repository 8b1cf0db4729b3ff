#include "score/math/lexer.h"

#include <algorithm>

#include "base/ascii.h"
#include "score/math/scan.h"
#include "score/math/tokens.h"

namespace assay {

namespace {

using scan::at;
using scan::kNone;
using scan::stands;

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  LatexTokens run() {
    LatexTokens result;
    bool unknown = false;
    while (pos_ < text_.size()) {
      LatexToken token;
      const Step step = next(token);
      if (step == Step::fails) {
        result.state = LatexTokens::State::fails;
        return result;
      }
      unknown = unknown || step == Step::unknown;
      if (step == Step::unknown) token.kind = TokenKind::other;
      if (step != Step::space) result.tokens.push_back(std::move(token));
    }
    result.tokens.emplace_back();
    result.state = unknown ? LatexTokens::State::unknown : LatexTokens::State::read;
    return result;
  }

 private:
  // unknown: a token that this parser does not support. The lexer goes on after it, because a later
  // token may still show that the grammar cannot read the text at all.
  enum class Step { token, space, fails, unknown };

  // Takes `size` bytes as a token of the kind.
  Step take(LatexToken& token, std::size_t size, TokenKind kind) {
    token.kind = kind;
    pos_ += size;
    return Step::token;
  }
  Step skip(std::size_t size, Step step) {
    pos_ += size;
    return step;
  }

  Step next(LatexToken& token) {
    const char c = text_[pos_];
    if (is_json_space(c)) return skip(1, Step::space);
    if (is_digit(c) || c == '.') return number(token);
    if (is_letter(c)) return letter(token);
    return fixed(token);
  }

  struct Spelling {
    std::size_t size = 0;  // 0: none
    Step step = Step::fails;
    TokenKind kind = TokenKind::other;
  };

  // The longest fixed spelling at this place, accents left out.
  [[nodiscard]] Spelling longest_spelling() const {
    Spelling longest;
    const auto consider = [&](std::string_view text, Step step, TokenKind kind) {
      if (text.size() > longest.size && stands(text_, pos_, text)) {
        longest = {text.size(), step, kind};
      }
    };
    for (const auto& spelling : tokens::kSpellings) {
      consider(spelling.text, Step::token, spelling.kind);
    }
    for (const auto symbol : tokens::kSymbols) consider(symbol, Step::token, TokenKind::symbol);
    for (const auto symbol : tokens::kOddSymbols) consider(symbol, Step::unknown, TokenKind::other);
    for (const auto space : tokens::kSpaces) consider(space, Step::space, TokenKind::other);
    return longest;
  }

  // The longest fixed spelling at this place: a token, a symbol, an accent or a space.
  Step fixed(LatexToken& token) {
    const Spelling longest = longest_spelling();
    for (const auto accent : tokens::kAccents) {
      const std::size_t end = stands(text_, pos_, accent) ? accent_end_at(accent.size()) : kNone;
      if (end == kNone || end - pos_ <= longest.size) continue;
      if (accent == "\\text" || accent == "\\mbox") {
        return text_symbol(token, pos_ + accent.size(), end);
      }
      return take(token, end - pos_, TokenKind::other);
    }
    if (longest.size == 0) return Step::fails;
    const std::string_view spelling = text_.substr(pos_, longest.size);
    if (longest.kind == TokenKind::symbol) {
      for (const char c : spelling.substr(1)) token.text.push_back(to_lower(c));
    } else if (longest.kind == TokenKind::function) {
      token.text = std::string(spelling.substr(1));
    } else if (longest.kind == TokenKind::plus || longest.kind == TokenKind::minus) {
      token.text = std::string(spelling.substr(0, 1));
    }
    token.kind = longest.kind;
    return skip(longest.size, longest.step);
  }

  // Where the braces after an accent end: after the first "}". kNone: no braces follow.
  std::size_t accent_end_at(std::size_t command_size) const {
    std::size_t open = pos_ + command_size;
    if (is_json_space(at(text_, open))) ++open;
    if (at(text_, open) != '{') return kNone;
    const std::size_t close = text_.find('}', open);
    return close == kNone ? kNone : close + 1;
  }

  // \text{…}: a symbol of that name.
  Step text_symbol(LatexToken& token, std::size_t begin, std::size_t end) {
    const std::size_t open = text_.find('{', begin);
    const std::string_view inside = text_.substr(open + 1, end - open - 2);
    for (const char c : inside) {
      if (c != ' ' && c != '(' && c != ')') token.text.push_back(to_lower(c));
    }
    token.kind = TokenKind::symbol;
    pos_ = end;
    const bool odd = token.text.empty() || token.text == "pi" || token.text == "gamma" ||
                     token.text.find('\\') != kNone;
    return odd ? Step::unknown : Step::token;
  }

  Step number(LatexToken& token) {
    const std::size_t begin = pos_;
    std::size_t end = scan::digits_end(text_, begin);
    if (at(text_, end) == '.') {
      const std::size_t more = scan::digits_end(text_, end + 1);
      if (more > end + 1) end = more;
    }
    if (end == begin) return Step::fails;  // a "." without digits
    token.text = std::string(text_.substr(begin, end - begin));
    if (at(text_, end) == 'E') return skip(end - pos_, Step::unknown);
    const std::size_t sign = end + (is_json_space(at(text_, end)) ? 1 : 0);
    for (const std::string_view percent : {"\\%", "%"}) {
      // The grammar has such numbers, but the library fails on them: it looks up a rule that its
      // generated parser does not have.
      if (stands(text_, sign, percent)) return Step::fails;
    }
    return take(token, end - pos_, TokenKind::number);
  }

  Step letter(LatexToken& token) {
    if (run_end_ <= pos_) {
      run_end_ = pos_;
      while (run_end_ < text_.size() && is_letter(text_[run_end_])) ++run_end_;
      const std::string_view run = text_.substr(pos_, run_end_ - pos_);
      for (const std::string_view name : tokens::kReserved) {
        if (run.find(name) != kNone) return skip(run.size(), Step::unknown);
      }
    }
    const char c = text_[pos_];
    if (c == 'I') return skip(1, Step::unknown);  // the imaginary unit
    if (c == 'd') {                               // "dx" and "d \theta" are differentials
      std::size_t next = pos_ + 1;
      while (next < text_.size() && is_json_space(text_[next])) ++next;
      const bool command = at(text_, next) == '\\' && is_letter(at(text_, next + 1));
      if (is_letter(at(text_, next)) || command) return skip(1, Step::unknown);
    }
    if (c == 'e') return take(token, 1, TokenKind::euler);
    token.letter = c != 'E';
    token.text = std::string(1, to_lower(c));
    return take(token, 1, TokenKind::symbol);
  }

  std::string_view text_;
  std::size_t pos_ = 0;
  std::size_t run_end_ = 0;
};

}  // namespace

LatexTokens tokenize_latex(std::string_view text) {
  return Lexer(text).run();
}

}  // namespace assay

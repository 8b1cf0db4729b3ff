#include "score/math_lexer.h"

#include <algorithm>

#include "score/math_scan.h"
#include "score/math_tokens.h"

namespace assay {

namespace {

using Kind = LatexToken::Kind;
using scan::at;
using scan::is_digit;
using scan::kNone;
using scan::stands;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

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
      if (step == Step::unknown) token.kind = Kind::other;
      if (step != Step::space) result.tokens.push_back(std::move(token));
    }
    result.tokens.emplace_back();
    result.state = unknown ? LatexTokens::State::unknown : LatexTokens::State::read;
    return result;
  }

 private:
  // unknown: a token whose place in the grammar is not followed; the reading goes on after it, as
  // what comes may still rule out every reading.
  enum class Step { token, space, fails, unknown };

  // Takes `size` bytes as a token of the kind.
  Step take(LatexToken& token, std::size_t size, Kind kind) {
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
    if (is_blank(c)) return skip(1, Step::space);
    if (is_digit(c) || c == '.') return number(token);
    if (is_letter(c)) return letter(token);
    return fixed(token);
  }

  // The longest fixed spelling here, be it a token, a symbol, an accent or a space.
  Step fixed(LatexToken& token) {
    std::size_t longest = 0;
    Step step = Step::fails;
    Kind kind = Kind::other;
    const auto consider = [&](std::string_view text, Step with, Kind as) {
      if (text.size() <= longest || !stands(text_, pos_, text)) return;
      longest = text.size();
      step = with;
      kind = as;
    };
    for (const auto& spelling : tokens::kSpellings) {
      consider(spelling.text, Step::token, spelling.kind);
    }
    for (const auto symbol : tokens::kSymbols) consider(symbol, Step::token, Kind::symbol);
    for (const auto symbol : tokens::kOddSymbols) consider(symbol, Step::unknown, Kind::other);
    for (const auto space : tokens::kSpaces) consider(space, Step::space, Kind::other);
    const std::size_t plain = longest;
    std::size_t accent_end = kNone;
    for (const auto accent : tokens::kAccents) {
      const std::size_t end = stands(text_, pos_, accent) ? accent_end_at(accent.size()) : kNone;
      if (end == kNone || end - pos_ <= plain) continue;
      accent_end = end;
      if (accent == "\\text" || accent == "\\mbox") {
        return text_symbol(token, pos_ + accent.size(), end);
      }
    }
    if (accent_end != kNone) {
      token.kind = Kind::other;
      pos_ = accent_end;
      return Step::token;
    }
    if (longest == 0) return Step::fails;
    if (kind == Kind::symbol) {
      for (const char c : text_.substr(pos_ + 1, longest - 1)) token.text.push_back(scan::lower(c));
    } else if (kind == Kind::function) {
      token.text = std::string(text_.substr(pos_ + 1, longest - 1));
    } else if (kind == Kind::plus || kind == Kind::minus) {
      token.text = std::string(text_.substr(pos_, 1));
    }
    token.kind = kind;
    return skip(longest, step);
  }

  // Where the braces after an accent end: at the first "}" that is not escaped.
  std::size_t accent_end_at(std::size_t command_size) const {
    std::size_t open = pos_ + command_size;
    if (is_blank(at(text_, open))) ++open;
    if (at(text_, open) != '{') return kNone;
    const std::size_t close = text_.find('}', open);
    return close == kNone ? kNone : close + 1;
  }

  // \text{…}: a symbol of that name.
  Step text_symbol(LatexToken& token, std::size_t begin, std::size_t end) {
    const std::size_t open = text_.find('{', begin);
    const std::string_view inside = text_.substr(open + 1, end - open - 2);
    for (const char c : inside) {
      if (c != ' ' && c != '(' && c != ')') token.text.push_back(scan::lower(c));
    }
    token.kind = Kind::symbol;
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
    if (end == begin) return Step::fails;  // a point that belongs to no number
    token.text = std::string(text_.substr(begin, end - begin));
    if (at(text_, end) == 'E') return skip(end - pos_, Step::unknown);
    const std::size_t sign = end + (is_blank(at(text_, end)) ? 1 : 0);
    for (const std::string_view percent : {"\\%", "%"}) {
      // The grammar has such numbers, but the library's parser stumbles over them: it looks for a
      // rule that its generated code does not have, and gives the answer up.
      if (stands(text_, sign, percent)) return Step::fails;
    }
    return take(token, end - pos_, Kind::number);
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
      while (next < text_.size() && is_blank(text_[next])) ++next;
      const bool command = at(text_, next) == '\\' && is_letter(at(text_, next + 1));
      if (is_letter(at(text_, next)) || command) return skip(1, Step::unknown);
    }
    if (c == 'e') return take(token, 1, Kind::euler);
    token.letter = c != 'E';
    token.text = std::string(1, scan::lower(c));
    return take(token, 1, Kind::symbol);
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

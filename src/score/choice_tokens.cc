#include "score/choice_tokens.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/unicode.h"
#include "score/choice_words.h"

namespace assay {

namespace {

constexpr std::size_t kMostChoiceBytes = 1UL << 20;

// Stand for themselves in `plain`; no text of a model holds control characters that matter here.
constexpr char kSilent = '\x02';  // parts words, is no mark
constexpr char kBox = '\x03';
constexpr char kBoxEnd = '\x04';

struct Replacement {
  std::string_view from;
  std::string_view to;
};

// What stands in other scripts or as a sign, by the English that says the same. Longer ones first
// where one begins another.
constexpr auto kReplacements = std::to_array<Replacement>({
    {"答案", " answer "},
    {"答え", " answer "},
    {"回答", " answer "},
    {"正答", " correct answer "},
    {"正解", " correct answer "},
    {"正确", " correct "},
    {"正確", " correct "},
    {"错误", " incorrect "},
    {"錯誤", " incorrect "},
    {"选项", " option "},
    {"選項", " option "},
    {"选择", " i choose "},
    {"選擇", " i choose "},
    {"选", " i choose "},
    {"選", " i choose "},
    {"总结", " recaps "},
    {"汇总", " recaps "},
    {"因此", " therefore "},
    {"所以", " therefore "},
    {"不是", " is not "},
    {"不选", " rejects "},
    {"是", " is "},
    {"为", " is "},
    {"為", " is "},
    {"は", " is "},
    {"和", " and "},
    {"或", " or "},
    {"정답", " correct answer "},
    {"답", " answer "},
    {"은", " is "},
    {"는", " is "},
    {"Ответ", " answer "},
    {"ответ", " answer "},
    {"\u2713", " : correct "},  // check marks
    {"\u2714", " : correct "},
    {"\u2705", " : correct "},
    {"\u2717", " : incorrect "},  // crosses
    {"\u2718", " : incorrect "},
    {"\u274c", " : incorrect "},
    {"\u2192", " -> "},  // arrows
    {"\u21d2", " -> "},
    {"\u2234", " therefore "},
    {"\u2013", " - "},  // dashes
    {"\u2014", " - "},
    {"\u2019", "'"},  // apostrophe and quotes
    {"\u2018", "\x02"},
    {"\u201c", "\x02"},
    {"\u201d", "\x02"},
    {"\u300c", "\x02"},
    {"\u300d", "\x02"},
    {"\u3010", "["},
    {"\u3011", "]"},
    {"\u3002", ". "},  // full stop and comma of Chinese and Japanese
    {"\u3001", ", "},
});

// LaTeX commands around a letter, and those that only space it.
constexpr auto kDress = std::to_array<std::string_view>(
    {"text",       "textbf",       "textit",    "textrm", "textsf", "texttt",    "textnormal",
     "mathrm",     "mathbf",       "mathsf",    "mathit", "mathtt", "mathcal",   "mathbb",
     "boldsymbol", "bm",           "bf",        "rm",     "emph",   "underline", "operatorname",
     "left",       "right",        "big",       "Big",    "bigl",   "bigr",      "quad",
     "qquad",      "displaystyle", "textstyle", "large",  "Large",  "LARGE",     "huge",
     "Huge",       "boldmath",     "mbox",      "hspace", "color",  "textcolor", "blue",
     "red",        "green"});

// "ÀÁÂ…ÿ" (U+00C0 to U+00FF) without accents; '.' where nothing stands for it.
constexpr std::string_view kUnaccented =
    "aaaaaaaceeeeiiiidnooooo.ouuuuy.saaaaaaaceeeeiiiidnooooo.ouuuuy.y";

class Plain {
 public:
  explicit Plain(std::string_view text) : text_(text) { out_.reserve(text.size() + 16); }

  std::string made() {
    while (at_ < text_.size()) step();
    return std::move(out_);
  }

 private:
  [[nodiscard]] char next(std::size_t ahead = 1) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n';
  }
  [[nodiscard]] char before() const { return at_ > 0 ? text_[at_ - 1] : '\n'; }
  [[nodiscard]] bool at_line_start() const {
    const auto end = out_.find_last_not_of(" \t\x02");
    return end == std::string::npos || out_[end] == '\n';
  }

  void put(char c) {
    out_.push_back(c);
    ++at_;
  }

  void step() {
    const char c = text_[at_];
    for (const auto& [marker, mark] : {std::pair(std::string_view("<|begin_of_box|>"), kBox),
                                       std::pair(std::string_view("<|end_of_box|>"), kBoxEnd)}) {
      if (c != '<' || !text_.substr(at_).starts_with(marker)) continue;  // of GLM-V
      out_.push_back(mark);
      at_ += marker.size();
      return;
    }
    if (static_cast<unsigned char>(c) >= 0x80) return foreign();
    if (c == '\\') return command();
    if (is_letter(c) || is_digit(c) || c == '\n') return put(c);
    if (c == '{') {
      open_.push_back(std::exchange(box_, false));
      if (!open_.back()) out_.push_back(kSilent);
      ++at_;
    } else if (c == '}') {
      const bool box = !open_.empty() && open_.back();
      if (!open_.empty()) open_.pop_back();
      put(box ? kBoxEnd : kSilent);
    } else if (c == '\'' || c == '_') {  // within a word it belongs to it
      const bool within = is_letter(before()) || is_digit(before());
      put(within && (is_letter(next()) || is_digit(next())) ? c : kSilent);
    } else if (c == '~' && next() == '~' && struck_out() > 0) {
      at_ += struck_out();
    } else if (c == '*' || c == '`' || c == '$' || c == '"' || c == '~') {
      put(kSilent);
    } else if (c == '#' || c == '>') {
      const bool heading = (c == '#' || next() == ' ') && at_line_start();
      put(heading ? kSilent : c);
    } else {
      put(static_cast<unsigned char>(c) <= ' ' ? ' ' : c);
    }
  }

  // "~~B~~": bytes that Markdown strikes out; 0: none.
  [[nodiscard]] std::size_t struck_out() const {
    constexpr std::size_t kLongest = 80;
    const std::string_view behind = text_.substr(at_ + 2, kLongest);
    const std::size_t end = std::min(behind.find("~~"), behind.find('\n'));
    const bool closed = end != std::string_view::npos && end > 0 && behind[end] == '~';
    return closed ? end + 4 : 0;
  }

  // The character behind the backslash, or the letters behind it.
  void command() {
    std::size_t end = at_ + 1;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    const std::string_view name = text_.substr(at_ + 1, end - at_ - 1);
    if (name.empty()) {
      const char c = next();
      const bool mark = c == '{' || c == '}' || c == '%';
      out_.push_back(mark ? c : kSilent);
      at_ += c == '\n' ? 1 : 2;
      return;
    }
    at_ = end;
    if (name == "boxed" || name == "fbox" || name == "framebox") {
      out_.push_back(kBox);
      while (at_ < text_.size() && text_[at_] == ' ') ++at_;
      box_ = at_ < text_.size() && text_[at_] == '{';
      return;
    }
    if (std::ranges::find(kDress, name) != kDress.end()) return out_.push_back(kSilent);
    out_.append({' ', kUnknownCommand, ' '});
  }

  bool replaced() {
    const std::string_view rest = text_.substr(at_);
    for (const Replacement& replacement : kReplacements) {
      if (rest[0] != replacement.from[0] || !rest.starts_with(replacement.from)) continue;
      out_ += replacement.to;
      at_ += replacement.from.size();
      return true;
    }
    return false;
  }

  void foreign() {
    if (replaced()) return;
    const CodePoint c = code_point_at(text_, at_);
    at_ += c.bytes;
    if (c.value >= 0xff01 && c.value <= 0xff5e) {  // full-width ASCII
      const char ascii = static_cast<char>(c.value - 0xfee0);
      out_.push_back(ascii);
    } else if (c.value >= 0x24b6 && c.value <= 0x24cf) {  // circled capitals
      out_.append({kSilent, static_cast<char>('A' + (c.value - 0x24b6)), kSilent});
    } else if (c.value >= 0x1d400 && c.value <= 0x1d419) {  // bold capitals of mathematics
      out_.append({kSilent, static_cast<char>('A' + (c.value - 0x1d400)), kSilent});
    } else if (c.value >= 0xc0 && c.value <= 0xff) {
      const char letter = kUnaccented[c.value - 0xc0];
      out_.push_back(letter == '.' ? kForeignWord : letter);
    } else if (c.value >= 0x2e80 && is_word(c.value)) {  // scripts without spaces between words
      out_.append({' ', kForeignWord, ' '});
    } else {
      out_.push_back(is_word(c.value) ? kForeignWord : kSilent);
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
  std::vector<bool> open_;  // braces; true: a box's
  bool box_ = false;        // the next brace opens a box
};

bool is_token_char(char c) {
  return is_word_char(c) || c == '\'' || c == kForeignWord || c == kUnknownCommand;
}

ChoiceToken::Kind kind_of(char c) {
  if (c == '\n') return ChoiceToken::Kind::line_end;
  if (c == kBox) return ChoiceToken::Kind::box;
  if (c == kBoxEnd) return ChoiceToken::Kind::box_end;
  return is_token_char(c) ? ChoiceToken::Kind::word : ChoiceToken::Kind::mark;
}

}  // namespace

std::string_view ChoiceText::word(std::size_t at) const {
  const ChoiceToken& found = token(at);
  const bool spelt = found.kind == ChoiceToken::Kind::word || found.kind == ChoiceToken::Kind::mark;
  return spelt ? std::string_view(lower).substr(found.begin, found.size) : std::string_view();
}

const ChoiceToken& ChoiceText::token(std::size_t at) const {
  static constexpr ChoiceToken kEnd;
  return at < tokens.size() ? tokens[at] : kEnd;
}

ChoiceText choice_tokens(std::string_view text) {
  if (text.size() > kMostChoiceBytes) text.remove_prefix(text.size() - kMostChoiceBytes);
  ChoiceText result;
  result.plain = Plain(text).made();
  const std::string& plain = result.plain;
  result.lower = plain;
  std::ranges::transform(plain, result.lower.begin(), to_lower);
  const auto silent = [&plain](std::size_t at) {
    return at < plain.size() && plain[at] == kSilent;
  };
  std::size_t last_end = 0;
  for (std::size_t at = 0; at < plain.size();) {
    if (plain[at] == ' ' || plain[at] == kSilent) {
      ++at;
      continue;
    }
    ChoiceToken token;
    token.kind = kind_of(plain[at]);
    std::size_t end = at + 1;
    if (token.kind == ChoiceToken::Kind::word) {
      while (end < plain.size() && is_token_char(plain[end])) ++end;
    }
    token.glued = at == last_end;
    token.set_off = at > 0 && silent(at - 1) && silent(end);
    token.begin = static_cast<std::uint32_t>(at);
    token.size = static_cast<std::uint32_t>(end - at);
    if (token.kind == ChoiceToken::Kind::word) {
      token.lists = choice_words::lists_with(std::string_view(result.lower).substr(at, end - at));
    }
    result.tokens.push_back(token);
    last_end = at = end;
  }
  return result;
}

}  // namespace assay

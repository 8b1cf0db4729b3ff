// An expression that an answer states without LaTeX's delimiters: it is taken whole.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "base/text.h"
#include "score/math/own_rules.h"
#include "score/math/scan.h"

namespace assay {

namespace {

using scan::at;
using scan::kNone;
using scan::stands;

// Where the text of the last "answer is" or "answer:" begins.
std::size_t last_statement(std::string_view output) {
  std::size_t begin = kNone;
  for (const std::string_view phrase : {"answer is", "answer:"}) {
    for (std::size_t i = scan::find_word(output, phrase, 0); i != kNone;
         i = scan::find_word(output, phrase, i + 1)) {
      const std::size_t end = i + phrase.size();
      if (begin == kNone || end > begin) begin = end;
    }
  }
  return begin;
}

// Commands that a stated expression may hold: operators, and all others.
constexpr std::array<std::string_view, 6> kOperators = {"\\pm",  "\\cdot", "\\times",
                                                        "\\div", "\\cup",  "\\in"};
constexpr std::array<std::string_view, 13> kCommands = {
    "\\pi",    "\\sqrt",  "\\frac", "\\dfrac", "\\tfrac", "\\cfrac", "\\left",
    "\\right", "\\infty", "\\circ", "\\,",     "\\!",     "\\$"};
constexpr std::array<std::string_view, 6> kSignsWithOperand = {"\\cdot", "\\times", "\\div",
                                                               "+",      "/",       "^"};
constexpr std::array<std::string_view, 6> kStatedFunctions = {"sin", "cos", "tan",
                                                              "log", "ln",  "exp"};
// Words that go on with the mathematics: what was read so far is a part of the answer.
constexpr std::array<std::string_view, 16> kMathWords = {
    "sec",  "csc",     "cot", "arcsin", "arccos",  "arctan", "times", "plus",
    "over", "divided", "mod", "choose", "squared", "minus",  "and",   "or"};

// Reads one statement from its beginning on, as far as it is mathematics.
class StatementReader {
 public:
  explicit StatementReader(std::string_view text) : text_(text) {}

  // Empty: there is no expression, or its end is not certain.
  std::string read() {
    read_parts();
    if (!ends_here()) return "";
    if (!open_.empty()) {
      if (latex_[open_.front()] == '{') return "";  // what it belongs to needs it
      latex_.resize(open_.front());
    }
    const std::string_view found = trim(latex_);
    for (const std::string_view sign : kSignsWithOperand) {
      if (found.ends_with(sign)) return "";
    }
    const bool dash = found.ends_with('-');
    const bool more = atoms_ > 0 && operators_ + numbers_ + atoms_ - (dash ? 1 : 0) > 1;
    const bool enclosed = found.starts_with('(') || found.starts_with('[');
    if ((!more && !listed_ && !certain_ && !enclosed) || found.ends_with('=') ||
        found.ends_with(','))
      return "";
    if (listed_ && !at_sentence_end()) return "";
    return std::string(trim(found.substr(0, found.size() - (dash ? 1 : 0))));
  }

 private:
  void read_parts() {
    while (pos_ < text_.size() && text_[pos_] != '\n' && step()) {
    }
  }

  // Whether what follows is the end of a sentence, or a word that is not mathematics.
  [[nodiscard]] bool ends_here() const {
    if (pos_ >= text_.size()) return true;
    const char c = text_[pos_];
    const std::size_t next = scan::skip_space(text_, pos_ + 1);
    if (c == ',' || c == ';') return !goes_on(next) || is_word(next);
    if (is_letter(c)) return is_word(pos_);
    for (const std::string_view command : {"\\text", "\\mathrm", "\\approx"}) {
      if (stands(text_, pos_, command)) return true;
    }
    return std::string_view("\n.:?!()[\"'").find(c) != kNone || (c & 0x80) != 0;
  }

  [[nodiscard]] bool at_sentence_end() const {
    const char c = at(text_, pos_);
    const char next = at(text_, pos_ + 1);
    return pos_ >= text_.size() || c == '\n' || (c == '.' && (next == '\0' || is_json_space(next)));
  }

  // Mathematics of one more answer: a digit, a letter or a command.
  [[nodiscard]] bool goes_on(std::size_t i) const {
    const char c = at(text_, i);
    return is_digit(c) || is_letter(c) || c == '\\' || c == '-' || c == '$' || c == '(';
  }

  // A word of prose at i.
  [[nodiscard]] bool is_word(std::size_t i) const {
    if (!is_letter(at(text_, i))) return false;
    const bool single = !is_letter(at(text_, i + 1));
    if (single && text_[i] != 'a' && text_[i] != 'I' && !is_unit(i)) return false;
    return std::ranges::none_of(kMathWords, [&](auto word) { return word_at(i, word); });
  }

  // "m^2" and "m^3" at the end of mathematics, and letters that are units behind a number.
  [[nodiscard]] bool is_unit(std::size_t i) const {
    const std::size_t before = trim(text_.substr(0, i)).size();
    if (before == 0 || !is_digit(text_[before - 1]) || is_letter(at(text_, i + 1))) return false;
    const bool power =
        at(text_, i + 1) == '^' && (at(text_, i + 2) == '2' || at(text_, i + 2) == '3');
    if (at(text_, i + 1) == '^' && !(power && text_[i] == 'm')) return false;
    const char behind = at(text_, scan::skip_space(text_, power ? i + 3 : i + 1));
    const bool goes_on = behind != '\0' && std::string_view("+-*=^(").find(behind) != kNone;
    return !goes_on && (before < i || power);
  }

  bool append(std::string_view what, std::size_t size) {
    latex_ += what;
    pos_ += size;
    return true;
  }

  // Takes the next part. False: mathematics ends before it.
  bool step() {
    const char c = text_[pos_];
    if (is_json_space(c)) return append(" ", 1);
    if (c == '$' || stands(text_, pos_, "**")) return append("", c == '$' ? 1 : 2);
    if (is_digit(c) || (c == '.' && is_digit(at(text_, pos_ + 1)))) return number();
    if (std::string_view("*+-/^=").find(c) != kNone) {
      ++operators_;
      return append(c == '*' ? "\\cdot " : text_.substr(pos_, 1), 1);
    }
    if (std::string_view("()[]{}").find(c) != kNone) return bracket(c);
    if (c == '!' && is_factorial()) return append("!", 1);
    if (c == '\\') return command();
    if (c == ',' || c == ';') return separator(1);
    return is_letter(c) && letter();
  }

  // An exclamation mark that a sign follows, or within brackets.
  [[nodiscard]] bool is_factorial() const {
    const char behind = at(text_, scan::skip_space(text_, pos_ + 1));
    return !open_.empty() || (behind != '\0' && std::string_view("+-*/^=").find(behind) != kNone);
  }

  // A comma, or "and", between two answers or within brackets.
  bool separator(std::size_t size) {
    const std::size_t next = scan::skip_space(text_, pos_ + size);
    if (!open_.empty()) {
      certain_ = true;
      return append(text_.substr(pos_, size), size);
    }
    if (word_at(next, "and") || word_at(next, "or")) return append("", size);
    if (!goes_on(next) || is_word(next) || trim(latex_).empty()) return false;
    listed_ = true;
    return append(", ", size);
  }

  bool bracket(char c) {
    const bool open = c == '(' || c == '[' || c == '{';
    if (open) {
      open_.push_back(latex_.size());
    } else if (open_.empty()) {
      return false;
    } else {
      open_.pop_back();
    }
    return append(text_.substr(pos_, 1), 1);
  }

  bool number() {
    std::size_t end = pos_;
    constexpr std::string_view kThousands = ",\\!";
    const auto joins = [&](char c) { return c == '.' || (c == ',' && open_.empty()); };
    while (is_digit(at(text_, end)) || (joins(at(text_, end)) && is_digit(at(text_, end + 1)))) {
      ++end;
      if (!stands(text_, end, kThousands) || !is_digit(at(text_, end + kThousands.size())))
        continue;
      end += kThousands.size();
      certain_ = true;
    }
    ++numbers_;
    return append(text_.substr(pos_, end - pos_), end - pos_);
  }

  bool command() {
    for (const std::string_view command : kOperators) {
      if (!stands(text_, pos_, command) || is_letter(at(text_, pos_ + command.size()))) continue;
      ++operators_;
      certain_ = true;
      return append(command, command.size());
    }
    for (const std::string_view command : kCommands) {
      const bool word = is_letter(command.back());
      if (!stands(text_, pos_, command)) continue;
      if (word && is_letter(at(text_, pos_ + command.size()))) continue;
      if (command != "\\circ") ++atoms_;
      certain_ = certain_ || command == "\\pi";
      return append(command, command.size());
    }
    return false;
  }

  [[nodiscard]] bool word_at(std::size_t i, std::string_view word) const {
    return stands(text_, i, word) && !is_letter(at(text_, i + word.size()));
  }

  [[nodiscard]] bool after_operator() const {
    const std::string_view before = trim(latex_);
    if (before.empty() || before.ends_with("\\cdot") || before.ends_with("\\times")) return true;
    return std::string_view("+-/^=(").find(before.back()) != kNone;
  }

  // "pi", "sqrt(2)", and letters alone: one that stands at a number, bracket or letter, or behind a
  // sign; "5 m" has a unit, and "a" before a word is prose.
  bool letter() {
    if (word_at(pos_, "pi")) {
      ++atoms_;
      certain_ = true;
      return append("\\pi ", 2);
    }
    if (word_at(pos_, "sqrt") && at(text_, pos_ + 4) == '(') return root();
    for (const std::string_view name : kStatedFunctions) {
      if (!word_at(pos_, name)) continue;
      ++atoms_;
      return append("\\" + std::string(name) + " ", name.size());
    }
    const bool spaced = pos_ > 0 && is_json_space(text_[pos_ - 1]);
    if (spaced && is_times()) {
      ++operators_;
      certain_ = true;
      return append("\\times ", 1);
    }
    if (is_unit(pos_)) return false;
    for (const std::string_view joint : {"and", "or"}) {
      if (spaced && word_at(pos_, joint)) return separator(joint.size());
    }
    if (is_product()) {
      ++atoms_;
      return append(text_.substr(pos_, 2), 2);
    }
    const std::size_t next = scan::skip_space(text_, pos_ + 1);
    const bool article = next > pos_ + 1 && is_letter(at(text_, next));
    const bool part = is_letter(at(text_, pos_ + 1)) || at(text_, pos_ + 1) == '\'';
    if (part || article || (spaced && !after_operator() && !is_factor(next))) return false;
    ++atoms_;
    return append(text_.substr(pos_, 1), 1);
  }

  // The x of "5 x 10^2".
  [[nodiscard]] bool is_times() const {
    const std::string_view before = trim(latex_);
    return text_[pos_] == 'x' && at(text_, pos_ + 1) == ' ' && is_digit(at(text_, pos_ + 2)) &&
           !before.empty() && is_digit(before.back());
  }

  // The letter of "\frac{1}{2} x + 2" and of "7/5 + 1/5 i"; not the x of "3 x 4" or a unit.
  [[nodiscard]] bool is_factor(std::size_t next) const {
    const char behind = at(text_, next);
    if (behind == '^' || behind == '+' || behind == '=') return true;
    const bool name = std::string_view("ixyzn").find(text_[pos_]) != kNone;
    return name && !is_digit(behind) && !is_letter(behind) && behind != '(';
  }

  // "qr" of "3qr + 6q": two letters at a number, and an operator behind them.
  [[nodiscard]] bool is_product() const {
    if (pos_ == 0 || !is_digit(text_[pos_ - 1]) || !is_letter(at(text_, pos_ + 1))) return false;
    const char behind = at(text_, scan::skip_space(text_, pos_ + 2));
    return !is_letter(at(text_, pos_ + 2)) && (behind == '+' || behind == '-' || behind == '=');
  }

  bool root() {
    const std::size_t close = text_.find(')', pos_);
    if (close == kNone) return false;
    StatementReader reader(text_.substr(pos_ + 5, close - pos_ - 5));
    reader.read_parts();
    if (reader.pos_ != reader.text_.size() || !reader.open_.empty()) return false;
    ++atoms_;
    certain_ = true;
    return append("\\sqrt{" + reader.latex_ + "}", close + 1 - pos_);
  }

  std::string_view text_;
  std::size_t pos_ = 0;
  std::string latex_;
  std::vector<std::size_t> open_;  // where brackets are open in latex_
  bool listed_ = false;            // several answers, a comma between them
  bool certain_ = false;           // a comma within brackets, or pi
  int numbers_ = 0;
  int operators_ = 0;
  int atoms_ = 0;  // letters, pi, roots, fractions
};

// What goes on behind a statement without changing it: a reason, a remark.
constexpr std::array<std::string_view, 15> kReasons = {
    "since", "because",  "as",    "which",   "where", "when",   "so",   "not",
    "given", "obtained", "being", "meaning", "that",  "rather", "using"};
// What takes an answer back, or states another one, further on in the text.
constexpr std::array<std::string_view, 20> kSecondThoughts = {
    "wait",      "actually",   "mistake", "mistaken",  "incorrect", "wrong",     "sorry",
    "correct",   "correction", "recheck", "oops",      "hmm",       "error",     "instead",
    "therefore", "answer",     "answers", "corrected", "hence",     "reconsider"};

std::string lower_word(std::string_view text, std::size_t i) {
  std::string word;
  constexpr std::size_t kLongest = 16;
  while (is_letter(at(text, i)) && word.size() < kLongest) word.push_back(to_lower(text[i++]));
  return word;
}

bool has_second_thoughts(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_letter(text[i]) || (i > 0 && is_letter(text[i - 1]))) continue;
    if (std::ranges::find(kSecondThoughts, lower_word(text, i)) != kSecondThoughts.end()) {
      return true;
    }
  }
  return false;
}

// Whether a statement is over at i: with its line or sentence, a bracket or a reason.
bool is_over(std::string_view text, std::size_t i) {
  while (at(text, i) == '*' || at(text, i) == '$' || at(text, i) == ' ') ++i;
  const char c = at(text, i);
  if (c == '\0' || c == '\n' || c == '(') return true;
  const char behind = at(text, i + 1);
  if (c == '.' || c == '!') return behind == '\0' || is_json_space(behind) || behind == '*';
  if (c == ',' || c == ';' || c == ':') i = scan::skip_space(text, i + 1);
  for (const std::string_view dash : {"\xE2\x80\x94", "\xE2\x80\x93", "- "}) {
    if (stands(text, i, dash)) i = scan::skip_space(text, i + dash.size());
  }
  return std::ranges::find(kReasons, lower_word(text, i)) != kReasons.end();
}

// A single number, or LaTeX between dollars, that "answer is" states, where further mathematics
// stands behind it, of which the library would take the last: "4" of "The answer is 4, since 2x =
// 8." Empty: it is more than that, or another answer follows.
std::string plain_statement(std::string_view text) {
  std::size_t begin = 0;
  std::size_t end = 0;
  if (text.starts_with('$') && !text.starts_with("$$")) {
    begin = 1;
    end = text.find('$', 1);
    if (end == kNone) return "";
  } else {
    end = text.starts_with('-') ? 1 : 0;
    const auto joins = [](char c) { return c == '.' || c == ','; };
    while (is_digit(at(text, end)) || (joins(at(text, end)) && is_digit(at(text, end + 1)))) ++end;
    if (end == 0 || !is_digit(text[end - 1])) return "";
  }
  const std::string_view found = text.substr(begin, end - begin);
  const std::size_t behind = end + begin;
  const std::string_view rest = text.substr(std::min(behind, text.size()));
  const bool more = std::ranges::any_of(rest, is_digit) || rest.find('$') != kNone;
  constexpr std::size_t kLongest = 100;
  if (!more || found.size() > kLongest || !is_over(text, behind)) return "";
  return has_second_thoughts(rest) ? std::string() : std::string(found);
}

// Whether LaTeX between dollars is all of the statement, which is then read as such.
bool is_latex_alone(std::string_view statement) {
  if (statement.starts_with("\\(") || statement.starts_with("\\[")) return true;
  if (!statement.starts_with('$')) return false;
  const std::size_t close = statement.find('$', 1);
  if (close == kNone || close == 1) return true;
  const std::string_view rest = trim(statement.substr(close + 1));
  const bool sign = !rest.empty() && std::string_view("*/^+").find(rest.front()) != kNone;
  const bool command = rest.starts_with("\\pi") || rest.starts_with("\\sqrt") ||
                       rest.starts_with("\\cdot") || rest.starts_with("\\times");
  return (!sign && !command) || rest.starts_with("**");
}

}  // namespace

std::string stated_expression(std::string_view output) {
  constexpr std::size_t kMaxBytes = 400;
  const std::size_t begin = last_statement(output);
  if (begin == kNone) return "";
  std::string_view statement = output.substr(begin, kMaxBytes);
  while (!statement.empty() && (std::string_view(":*_ ").find(statement.front()) != kNone)) {
    statement.remove_prefix(1);
  }
  if (statement.starts_with("\\begin{")) {
    const std::size_t close =
        statement.find('}', std::min(statement.rfind("\\end{"), statement.size()));
    return close == kNone ? std::string() : std::string(statement.substr(0, close + 1));
  }
  std::string found = is_latex_alone(statement) ? "" : StatementReader(statement).read();
  if (!found.empty()) return found;
  const auto before = static_cast<std::size_t>(statement.data() - output.data());
  return plain_statement(output.substr(before));
}

}  // namespace assay

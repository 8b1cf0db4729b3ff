#include "score/math/normalize.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "base/text.h"
#include "base/unicode.h"
#include "score/math/scan.h"
#include "score/math/units.h"

namespace assay {

namespace {

using scan::at;
using scan::kNone;
using scan::skip_space;
using scan::stands;

constexpr std::size_t kMaxLatexBytes = 4000;

struct Match {
  std::size_t end = kNone;  // kNone: no match here
  std::string_view replacement;
};

// Replaces what `rule` matches, from left to right. Replacements are not matched again.
template <typename Rule>
std::string substitute(std::string_view text, Rule rule) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Match match = rule(text, i);
    if (match.end == kNone) {
      result.push_back(text[i++]);
    } else {
      result += match.replacement;
      i = match.end;
    }
  }
  return result;
}

// "\left(" becomes "(".
Match sized_delimiter(std::string_view text, std::size_t i) {
  static constexpr std::array<std::string_view, 17> kLeft{
      "\\{",      "{",        "\\|",      "|",          "[",         "(",
      "\\rbracl", "\\lgroup", "\\lbrace", "\\lbrack",   "\\vert",    "\\lvert",
      "\\lceil",  "\\lfloor", "\\langle", "\\llcorner", "\\ulcorner"};
  for (const std::string_view command : {"\\left", "\\mleft"}) {
    if (!stands(text, i, command)) continue;
    for (const std::string_view delimiter : kLeft) {
      const std::size_t end = i + command.size();
      if (stands(text, end, delimiter)) return {end + delimiter.size(), delimiter};
    }
  }
  return {};
}

Match sized_right_delimiter(std::string_view text, std::size_t i) {
  static constexpr std::array<std::string_view, 16> kRight{
      "\\}",      "}",        "\\|",        "|",         "]",       ")",
      "\\rbrack", "\\rgroup", "\\rbrace",   "\\vert",    "\\rvert", "\\rceil",
      "\\rfloor", "\\rangle", "\\lrcorner", "\\urcorner"};
  for (const std::string_view command : {"\\right", "\\mright"}) {
    if (!stands(text, i, command)) continue;
    for (const std::string_view delimiter : kRight) {
      const std::size_t end = i + command.size();
      if (stands(text, end, delimiter)) return {end + delimiter.size(), delimiter};
    }
  }
  return {};
}

// Where "{", white space, `inside`, white space, "}" ends; kNone when it does not stand at i.
std::size_t braced(std::string_view text, std::size_t i, std::string_view inside) {
  if (at(text, i) != '{') return kNone;
  i = skip_space(text, i + 1);
  if (!stands(text, i, inside)) return kNone;
  i = skip_space(text, i + inside.size());
  return at(text, i) == '}' ? i + 1 : kNone;
}

Match useless_command(std::string_view text, std::size_t i) {
  const char c = text[i];
  if (c == '$') return {i + 1, ""};
  if (c == '"' || c == '\'') return i > 0 && text[i - 1] == '\\' ? Match{} : Match{i + 1, ""};
  if (c != '\\') return {};
  for (const std::string_view command : {"\\mathrm{th}", "\\displaystyle", "\\$"}) {
    if (stands(text, i, command)) return {i + command.size(), ""};
  }
  if (stands(text, i, "\\!")) return {skip_space(text, i + 2), ""};
  if (stands(text, i, "\\text")) {
    const std::size_t end = braced(text, skip_space(text, i + 5), "");
    if (end != kNone) return {end, ""};
  }
  return {};
}

Match command_synonym(std::string_view text, std::size_t i) {
  for (const std::string_view command :
       {"\\mathrm", "\\mathit", "\\mathbf", "\\textnormal", "\\textbf", "\\textit", "\\textrm"}) {
    if (stands(text, i, command)) return {i + command.size(), "\\text"};
  }
  for (const std::string_view command : {"\\dfrac", "\\tfrac", "\\cfrac"}) {
    if (stands(text, i, command)) return {i + command.size(), "\\frac"};
  }
  return {};
}

// "and" and "or" between answers, plain or in \text{}, become a comma.
Match conjunction(std::string_view text, std::size_t i) {
  const std::size_t word = skip_space(text, i + (text[i] == ',' ? 1 : 0));
  if (i == 0 || !is_letter(text[i - 1])) {
    for (const std::string_view joint : {"and", "or"}) {
      const std::size_t end = word + joint.size();
      if (stands(text, word, joint) && !is_letter(at(text, end))) return {end, ","};
    }
  }
  if (stands(text, word, "\\text")) {
    for (const std::string_view joint : {"and", "or"}) {
      const std::size_t end = braced(text, word + 5, joint);
      if (end != kNone) return {end, ","};
    }
  }
  return {};
}

// "percent", "percentage" and "pct", as words or in \text{}, become "%".
Match percent_word(std::string_view text, std::size_t i) {
  const std::size_t word = skip_space(text, i);
  for (const std::string_view name : {"percentage", "percent", "pct"}) {
    const std::size_t end = word + name.size();
    if (stands(text, word, name) && !is_word_char(at(text, end)) &&
        (word == 0 || !is_word_char(text[word - 1]))) {
      return {end, "\\%"};
    }
    const std::size_t in_text = stands(text, i, "\\text{") && stands(text, i + 6, name) &&
                                        at(text, i + 6 + name.size()) == '}'
                                    ? i + 7 + name.size()
                                    : kNone;
    if (in_text != kNone) return {in_text, "%"};
  }
  return {};
}

Match spelling(std::string_view text, std::size_t i) {
  Match match = command_synonym(text, i);
  if (match.end != kNone) return match;
  const char c = text[i];
  const bool space = is_python_space(c);
  if (space && at(text, i + 1) == '.') return {i + 2, " 0."};
  if (stands(text, i, "{.")) return {i + 2, "{0."};
  if (stands(text, i, "~=")) return {i + 2, "\\approx"};
  if (space || c == '{') {
    const std::size_t end = braced(text, skip_space(text, i), ",");
    if (end != kNone) return {end, ","};
  }
  match = conjunction(text, i);
  if (match.end != kNone) return match;
  const bool after_backslash = i > 0 && text[i - 1] == '\\';
  if (c == '\\' && !after_backslash && i + 1 < text.size() && is_python_space(text[i + 1])) {
    return {i + 2, " "};
  }
  if (stands(text, i, "infinity")) return {i + 8, "\\infty"};
  for (const std::string_view dots : {",\\ldots", "\\ldots"}) {
    if (stands(text, i, dots)) return {i + dots.size(), " "};
  }
  match = percent_word(text, i);
  if (match.end != kNone) return match;
  if (stands(text, i, "inf") && !after_backslash && !stands(text, i + 3, "inity")) {
    return {i + 3, "\\infty"};
  }
  if (stands(text, i, " sqrt")) return {i + 5, "\\sqrt"};
  return {};
}

// Two backslashes before a letter become one.
Match doubled_backslash(std::string_view text, std::size_t i) {
  return stands(text, i, "\\\\") && is_letter(at(text, i + 2)) ? Match{i + 2, "\\"} : Match{};
}

std::string basic(std::string text) {
  for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"\\mathrm{T}", "T"},
                                 {"\\mathrm{d}", "d"},
                                 {"{\\rm d}", "d"},
                                 {"\\left[\\begin{matrix}", "\\begin{bmatrix}"},
                                 {"\\end{matrix}\\right]", "\\end{bmatrix}"}}) {
    text = replace_all(std::move(text), from, to);
  }
  text = substitute(text, sized_delimiter);
  text = substitute(text, sized_right_delimiter);
  return text;
}

}  // namespace

std::optional<std::string> normalize_latex(std::string_view input, bool last_box_only) {
  std::string text = boxed_content(input, last_box_only);
  if (text.size() > kMaxLatexBytes) return std::nullopt;
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) {
    return std::nullopt;
  }
  text = basic(std::move(text));
  if (text.find(")_{") != kNone) return std::nullopt;
  text = substitute(text, useless_command);
  text = substitute(text, spelling);
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\t', ' ');
  if (text.find("matrix") == kNone) text = substitute(text, doubled_backslash);
  text = without_units(std::move(text));
  if (text.starts_with('.')) text.insert(0, "0");
  if (text == "0.5") text = "\\frac{1}{2}";
  return std::string(python_strip(fix_operators(std::move(text))));
}

}  // namespace assay

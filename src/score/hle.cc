#include "score/hle.h"

#include <algorithm>
#include <cstdlib>

#include "base/ascii.h"
#include "base/text.h"
#include "score/boxed.h"

namespace assay {

namespace {

bool starts_with_word(std::string_view text, std::string_view lower_case_word) {
  if (text.size() < lower_case_word.size()) return false;
  return std::equal(lower_case_word.begin(), lower_case_word.end(), text.begin(),
                    [](char a, char b) { return a == to_lower(b); });
}

constexpr std::string_view kWideColon = "\uff1a";

// A label ("answer") at the start of a line, followed by a colon; emphasis and list marks may
// precede it. Returns the offset just after the colon and closing emphasis, or npos.
std::size_t after_label(std::string_view line, std::string_view label) {
  std::size_t at = 0;
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t' || line[at] == '*' ||
                              line[at] == '_' || line[at] == '#' || line[at] == '-')) {
    ++at;
  }
  if (!starts_with_word(line.substr(at), label)) return std::string_view::npos;
  at += label.size();
  while (at < line.size() && (line[at] == '*' || line[at] == '_' || line[at] == ' ')) ++at;
  if (line.substr(at).starts_with(kWideColon)) {
    at += kWideColon.size();
  } else if (at < line.size() && line[at] == ':') {
    ++at;
  } else {
    return std::string_view::npos;
  }
  while (at < line.size() && (line[at] == '*' || line[at] == '_')) ++at;
  return at;
}

// "Answer:" as the benchmark asks for it, and what models write in its place.
std::size_t after_answer_label(std::string_view line) {
  for (const std::string_view label : {"answer", "final answer", "exact answer", "correct answer",
                                       "my answer", "\u7b54\u6848", "\u6700\u7ec8\u7b54\u6848"}) {
    if (const auto from = after_label(line, label); from != std::string_view::npos) return from;
  }
  return std::string_view::npos;
}

std::optional<double> parse_confidence(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && !is_digit(text[at])) ++at;
  if (at == text.size()) return std::nullopt;
  std::size_t end = at;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  const double value = std::strtod(std::string(text.substr(at, end - at)).c_str(), nullptr);
  while (end < text.size() && (text[end] == ' ' || text[end] == '\\')) ++end;
  const bool percent = end < text.size() && text[end] == '%';
  const bool decimal = text.substr(at).starts_with("0.") || text.substr(at).starts_with("1.0");
  const double share = percent || !decimal ? value / 100.0 : value;
  if (!(share >= 0.0 && share <= 1.0)) return std::nullopt;
  return share;
}

std::string_view strip_marks(std::string_view text) {
  text = trim(text);
  const auto is_mark = [](char c) { return c == '*' || c == '$' || c == '`' || c == ' '; };
  while (!text.empty() && (is_mark(text.back()) || text.back() == '.')) text.remove_suffix(1);
  while (!text.empty() && is_mark(text.front())) text.remove_prefix(1);
  return text;
}

}  // namespace

HleAnswer parse_hle_answer(std::string_view output) {
  HleAnswer result;
  bool in_answer = false;
  std::size_t at = 0;
  while (at <= output.size()) {
    const std::size_t end = std::min(output.find('\n', at), output.size());
    const std::string_view line = output.substr(at, end - at);
    if (const auto from = after_answer_label(line); from != std::string_view::npos) {
      result.answer = std::string(line.substr(from));
      in_answer = true;
    } else if (const auto value = after_label(line, "confidence");
               value != std::string_view::npos) {
      result.confidence = parse_confidence(line.substr(value));
      in_answer = false;
    } else if (after_label(line, "explanation") != std::string_view::npos) {
      in_answer = false;
    } else if (in_answer) {
      result.answer += '\n';
      result.answer += line;
    }
    if (end == output.size()) break;
    at = end + 1;
  }
  result.answer = std::string(trim(result.answer));
  return result;
}

std::optional<char> hle_choice_letter(std::string_view answer) {
  std::string boxed;
  if (const auto content = last_boxed(answer)) {
    boxed = *content;
    answer = boxed;
  }
  answer = strip_marks(answer);
  if (answer.starts_with("\\text{")) answer.remove_prefix(6);
  const bool parenthesis = answer.starts_with("(");
  if (parenthesis) answer.remove_prefix(1);
  if (answer.empty() || !is_letter(answer[0])) return std::nullopt;
  const char letter = answer[0];
  const std::string_view rest = answer.substr(1);
  // The letter must stand alone or be followed by a mark. A word that starts with it does not
  // count.
  const bool label = rest.empty() || rest[0] == ')' || rest[0] == '.' || rest[0] == ':' ||
                     rest[0] == '*' || rest[0] == '}' || rest[0] == ',';
  if (!label || (parenthesis && (rest.empty() || rest[0] != ')'))) return std::nullopt;
  return to_upper(letter);
}

bool hle_same_text(std::string_view answer, std::string_view gold) {
  answer = strip_marks(answer);
  gold = strip_marks(gold);
  return !gold.empty() && answer.size() == gold.size() &&
         std::equal(answer.begin(), answer.end(), gold.begin(),
                    [](char a, char b) { return to_lower(a) == to_lower(b); });
}

}  // namespace assay

// A judge's verdict in the shapes that judges give it in.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "base/text.h"
#include "score/hle.h"
#include "score/think.h"

namespace assay {

namespace {

using nlohmann::json;

constexpr std::size_t kLongestReasoning = 300;

bool is_mark(char c) {
  return std::string_view(" \t*_#-`'\"").find(c) != std::string_view::npos;
}

bool is_frame(char c) {
  return is_mark(c) || c == ',' || c == '.' || c == '}' || c == '{';
}

std::string_view without(std::string_view text, bool (*unwanted)(char)) {
  while (!text.empty() && unwanted(text.front())) text.remove_prefix(1);
  while (!text.empty() && unwanted(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_letters(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}

// "it's not 7" -> "it's", "not", "7".
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : lower_letters(text) + " ") {
    if (is_word_char(c) || c == '\'') {
      word.push_back(c);
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

// Words that take a verdict back or bind it to a condition. After "yes" a negation does so too;
// after "no" it is how one says why.
bool takes_back(bool verdict, std::string_view reason) {
  static constexpr auto kAlways = std::to_array<std::string_view>(
      {"but", "however", "if", "unless", "except", "although", "though", "wait", "actually",
       "maybe", "perhaps", "or", "partially", "partly", "unsure"});
  static constexpr auto kAfterYes = std::to_array<std::string_view>(
      {"no", "not", "false", "incorrect", "wrong", "cannot", "almost", "nearly"});
  static constexpr auto kAfterNo = std::to_array<std::string_view>({"yes", "true"});
  return std::ranges::any_of(words_of(reason), [verdict](const std::string& word) {
    const auto in = [&word](const auto& list) {
      return std::ranges::find(list, word) != list.end();
    };
    if (in(kAlways)) return true;
    return verdict ? in(kAfterYes) || word.ends_with("n't") : in(kAfterNo);
  });
}

// "yes", "'No'.", "true", "yes (both are 7)", "no: 7 is not 8". A word that goes on ("no doubt"), a
// choice of both and a verdict that is taken back are none.
std::optional<bool> verdict_in(std::string_view value) {
  value = without(trim(value), is_frame);
  const auto end = std::ranges::find_if_not(value, is_letter);
  const std::string word = lower_letters({value.begin(), end});
  const bool yes = word == "yes" || word == "true";
  if (!yes && word != "no" && word != "false") return std::nullopt;
  std::string_view rest(end, value.end());
  while (!rest.empty() && std::string_view("*_`'\"").find(rest.front()) != std::string_view::npos) {
    rest.remove_prefix(1);
  }
  if (trim(rest).empty()) return yes;
  const bool spaced = rest.front() == ' ';
  rest = trim(rest);
  // A reason stands in brackets or behind a mark; a slash or a plain word goes on with the phrase.
  static constexpr auto kBehind =
      std::to_array<std::string_view>({"(", ",", ";", ":", ".", "\u2013", "\u2014"});
  const bool set_off =
      std::ranges::any_of(kBehind, [rest](auto mark) { return rest.starts_with(mark); }) ||
      (spaced && rest.starts_with("- "));
  if (!set_off || takes_back(yes, rest)) return std::nullopt;
  return yes;
}

// What stands before the label on its line: list marks, a number, quotes, emphasis.
std::string_view after_marks(std::string_view line) {
  line = trim(line);
  std::size_t digits = 0;
  while (digits < line.size() && is_digit(line[digits])) ++digits;
  const bool numbered = digits > 0 && digits < 3 && digits < line.size() &&
                        (line[digits] == '.' || line[digits] == ')');
  if (numbered) line.remove_prefix(digits + 1);
  while (!line.empty() && (is_mark(line.front()) || line.front() == '{')) line.remove_prefix(1);
  return line;
}

struct Labelled {
  bool heading = false;  // the label stands alone: its value is the next line
  std::string_view value;
};

// The value of the label on this line; nothing when the line does not start with it.
std::optional<Labelled> labelled(std::string_view line, std::string_view label) {
  const std::string_view start = trim(line);
  std::string_view rest = after_marks(line);
  if (lower_letters(rest.substr(0, label.size())) != label) return std::nullopt;
  rest.remove_prefix(label.size());
  while (!rest.empty() && is_mark(rest.front())) rest.remove_prefix(1);
  for (const std::string_view choice : {"(yes/no)", "(yes or no)"}) {  // as the question wrote it
    if (lower_letters(rest.substr(0, choice.size())) == choice) rest.remove_prefix(choice.size());
  }
  while (!rest.empty() && is_mark(rest.front())) rest.remove_prefix(1);
  const bool marked = start.starts_with('#') || (start.starts_with("**") && start.ends_with("**"));
  if (rest.empty()) return marked ? std::optional(Labelled{true, {}}) : std::nullopt;
  if (rest.front() != ':') return std::nullopt;
  rest = without(trim(rest.substr(1)), is_frame);
  return Labelled{rest.empty(), rest};
}

// The object in the text, if all between its first and last brace is one.
std::optional<HleVerdict> from_object(std::string_view text) {
  const std::size_t from = text.find('{');
  const std::size_t to = text.rfind('}');
  if (from == std::string_view::npos || to == std::string_view::npos || to < from) {
    return std::nullopt;
  }
  const json value = json::parse(text.substr(from, to - from + 1), nullptr, false);
  if (!value.is_object() || !value.contains("correct")) return std::nullopt;
  HleVerdict verdict;
  const json& correct = value["correct"];
  if (correct.is_boolean()) verdict.correct = correct.get<bool>();
  if (correct.is_string()) verdict.correct = verdict_in(correct.get<std::string>());
  const json why = value.value("reasoning", json());
  if (why.is_string()) verdict.reasoning = one_line(why.get<std::string>(), kLongestReasoning);
  return verdict;
}

}  // namespace

HleVerdict parse_hle_verdict(std::string_view judge_output) {
  const std::string text = strip_thinking(judge_output).answer;
  if (auto verdict = from_object(text)) return *std::move(verdict);
  HleVerdict verdict;
  bool below_label = false;  // the line before was a heading "Correct"
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (trim(line).empty()) continue;
    if (std::exchange(below_label, false)) verdict.correct = verdict_in(line);
    if (const auto found = labelled(line, "correct")) {
      verdict.correct.reset();  // the last line counts, even if it is neither yes nor no
      below_label = found->heading;
      if (!found->heading) verdict.correct = verdict_in(found->value);
    } else if (const auto why = labelled(line, "reasoning"); why && !why->heading) {
      verdict.reasoning = std::string(why->value.substr(0, kLongestReasoning));
    }
  }
  return verdict;
}

}  // namespace assay

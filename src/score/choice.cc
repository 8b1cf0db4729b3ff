#include "score/choice.h"

#include <algorithm>

#include "base/unicode.h"

namespace assay {

namespace {

constexpr std::string_view kAnswerIs = "answer is ";
constexpr std::string_view kAnswerColon = "nswer:";  // after "a" or "A"

struct Letters {
  char last;
  [[nodiscard]] bool has(std::string_view text, std::size_t at) const {
    return at < text.size() && text[at] >= 'A' && text[at] <= last;
  }
};

std::optional<ChoiceExtraction> after_answer_is(std::string_view text, Letters letters) {
  for (std::size_t at = text.find(kAnswerIs); at != std::string_view::npos;
       at = text.find(kAnswerIs, at + 1)) {
    std::size_t letter = at + kAnswerIs.size();
    if (letter < text.size() && text[letter] == '(') ++letter;
    if (letters.has(text, letter)) return ChoiceExtraction{text[letter], "answer is"};
  }
  return std::nullopt;
}

// ".*[aA]nswer:\s*([A-J])": the last such place of the first line that has one.
std::optional<ChoiceExtraction> after_answer_colon(std::string_view text, Letters letters) {
  std::optional<ChoiceExtraction> found;
  std::size_t line_end = 0;  // of the line in which the last place was found
  for (std::size_t at = text.find(kAnswerColon); at != std::string_view::npos;
       at = text.find(kAnswerColon, at + 1)) {
    if (at == 0 || (text[at - 1] != 'a' && text[at - 1] != 'A')) continue;
    if (found && at > line_end) break;
    std::size_t letter = at + kAnswerColon.size();
    letter += space_length(text, letter);
    if (!letters.has(text, letter)) continue;
    if (!found) line_end = std::min(text.find('\n', at), text.size());
    found = ChoiceExtraction{text[letter], "answer:"};
  }
  return found;
}

std::optional<ChoiceExtraction> last_lone_letter(std::string_view text, Letters letters) {
  for (std::size_t at = text.size(); at-- > 0;) {
    if (letters.has(text, at) && at_word_boundary(text, at) && at_word_boundary(text, at + 1)) {
      return ChoiceExtraction{text[at], "last letter"};
    }
  }
  return std::nullopt;
}

// `prefix`, then one character, then ")". GPQA takes the first such place, and ignores the pattern
// when the character is not one of the options.
std::optional<ChoiceExtraction> in_parentheses(std::string_view text, std::string_view prefix,
                                               Letters letters) {
  for (std::size_t at = text.find(prefix); at != std::string_view::npos;
       at = text.find(prefix, at + 1)) {
    const std::size_t letter = at + prefix.size();
    if (letter >= text.size() || text[letter] == '\n') continue;
    const std::size_t close = letter + code_point_at(text, letter).bytes;
    if (close >= text.size() || text[close] != ')') continue;
    if (!letters.has(text, letter)) return std::nullopt;
    return ChoiceExtraction{text[letter], "(letter)"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<ChoiceExtraction> extract_choice(std::string_view text, int n_options) {
  const Letters letters{static_cast<char>('A' + std::clamp(n_options, 1, 26) - 1)};
  if (auto found = after_answer_is(text, letters)) return found;
  if (auto found = after_answer_colon(text, letters)) return found;
  return last_lone_letter(text, letters);
}

std::optional<ChoiceExtraction> extract_gpqa_choice(std::string_view text) {
  const Letters letters{'D'};
  for (const std::string_view prefix : {"answer is (", "Answer: (", "answer: (", "answer ("}) {
    if (auto found = in_parentheses(text, prefix, letters)) return found;
  }
  return extract_choice(text, 4);
}

}  // namespace assay

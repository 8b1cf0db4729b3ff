#include "score/choice_statement.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>
#include <vector>

#include "score/choice_found.h"
#include "score/choice_reader.h"
#include "score/choice_tokens.h"
#include "score/choice_words.h"

namespace assay {

namespace {

namespace words = choice_words;

std::vector<ChoiceStatement> statements_of(const ChoiceReader& text) {
  std::vector<ChoiceStatement> found = phrase_statements(text);
  std::ranges::copy(line_statements(text), std::back_inserter(found));
  std::ranges::stable_sort(found, {}, [](const ChoiceStatement& s) { return s.group.begin; });
  weigh_statements(text, found);
  return found;
}

StatedChoice choice_of(std::uint32_t letters, const char* stage) {
  StatedChoice choice;
  choice.stage = stage;
  if (std::popcount(letters) == 1) {
    choice.letter = static_cast<char>('A' + std::countr_zero(letters));
  }
  return choice;
}

}  // namespace

namespace {

// A text that is one letter and no other word, small or capital: "b", "(b)."
std::optional<std::uint32_t> letter_alone(const ChoiceReader& text) {
  std::optional<std::size_t> only;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!text.is_word(at)) continue;
    if (only) return std::nullopt;
    only = at;
  }
  const auto group = only ? text.letter(*only, true) : std::nullopt;
  return group ? std::optional(group->letters) : std::nullopt;
}

}  // namespace

StatedChoice stated_choice(std::string_view text, int n_options) {
  const ChoiceText tokens = choice_tokens(text);
  const ChoiceReader reader(tokens, n_options);
  const ChoiceStatement* last = nullptr;
  std::uint32_t letters = 0;
  const std::vector<ChoiceStatement> found = statements_of(reader);
  for (const ChoiceStatement& statement : found) {
    if (statement.weight == StatementWeight::none) continue;
    if (last != nullptr && statement.weight < last->weight) continue;
    letters = statement.adds && last != nullptr ? letters | statement.group.letters
                                                : statement.group.letters;
    last = &statement;
  }
  if (last != nullptr) return choice_of(letters, last->stage);
  const auto alone = letter_alone(reader);
  return alone ? choice_of(*alone, "own line") : StatedChoice{};
}

StatedChoice leading_choice(std::string_view answer, int n_options) {
  const ChoiceText tokens = choice_tokens(answer);
  const ChoiceReader reader(tokens, n_options);
  std::size_t at = 0;
  while (at < 6 &&
         (reader.in(words::kOptionWord, at) || reader.word(at) == "the" ||
          reader.word(at) == "either" || reader.word(at) == "both" || reader.is_mark(at, ":"))) {
    ++at;
  }
  const auto group = reader.letters(at, true);
  return group ? choice_of(group->letters, "answer line") : StatedChoice{};
}

}  // namespace assay

// Letters in a tokenised text: which single letters name an option, and which belong together; and
// the sentences they stand in. Used by the readers of statements alone.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>

#include "score/choice_tokens.h"

namespace assay {

// One letter or several that are named together ("B", "(B) and (C)").
struct LetterGroup {
  std::uint32_t letters = 0;  // bit 0: A
  std::size_t begin = 0;      // token of the first letter
  std::size_t end = 0;        // the first token behind, closing brackets included
  bool bracketed = false;     // "(B)", "[B]", or in a box

  [[nodiscard]] bool single() const { return std::popcount(letters) == 1; }
};

// What may stand between a noun and its letter, in a sentence, and on an option's line, in tokens:
// bounds of the work for each token.
inline constexpr std::size_t kLongestGap = 24;
inline constexpr std::size_t kLongestSentence = 60;
inline constexpr std::size_t kLongestLine = 200;

class ChoiceReader {
 public:
  ChoiceReader(const ChoiceText& text, int n_options);

  [[nodiscard]] std::string_view word(std::size_t at) const { return text_.word(at); }
  [[nodiscard]] const ChoiceToken& token(std::size_t at) const { return text_.token(at); }
  // Whether the word is in this list of choice_words.h.
  [[nodiscard]] bool in(const auto& list, std::size_t at) const {
    return (token(at).lists >> list.bit & 1U) != 0;
  }
  [[nodiscard]] std::size_t size() const { return text_.tokens.size(); }
  [[nodiscard]] bool is_mark(std::size_t at, std::string_view marks) const;
  [[nodiscard]] bool is_word(std::size_t at) const;
  [[nodiscard]] bool is_line_end(std::size_t at) const;
  [[nodiscard]] bool is_box(std::size_t at) const;
  // A full stop, question or exclamation mark, semicolon, or a line's end.
  [[nodiscard]] bool ends_sentence(std::size_t at) const;

  // The capital that names an option here. `small`: a small letter may, too, in brackets or at a
  // sentence's end.
  [[nodiscard]] std::optional<LetterGroup> letter(std::size_t at, bool small) const;
  // The letters that begin here, opening brackets before them and all that are named together.
  [[nodiscard]] std::optional<LetterGroup> letters(std::size_t at, bool small = false) const;

  // --- the sentence around, at most kLongestSentence tokens back
  [[nodiscard]] std::size_t sentence_start(std::size_t at) const;
  [[nodiscard]] std::size_t clause_start(std::size_t at) const;  // behind a comma, colon, bracket
  // What stands at `to` is only supposed, by the words of its sentence before it.
  [[nodiscard]] bool is_supposed(std::size_t from, std::size_t to) const;
  [[nodiscard]] bool is_negated(std::size_t from, std::size_t to) const;

 private:
  [[nodiscard]] bool part_of_more(std::size_t at) const;
  [[nodiscard]] bool article_or_pronoun(std::size_t at) const;
  [[nodiscard]] std::optional<LetterGroup> joined(std::size_t at) const;

  const ChoiceText& text_;
  char last_;
};

}  // namespace assay

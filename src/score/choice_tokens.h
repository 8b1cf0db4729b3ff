// A text as tokens in which a stated letter can be looked for: Markdown, LaTeX and quotes that only
// dress a letter up are gone, other scripts' words for "answer" and "correct" are English.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

struct ChoiceToken {
  enum class Kind : std::uint8_t { word, mark, box, box_end, line_end };
  Kind kind = Kind::line_end;
  bool glued = false;    // nothing stands between it and the token before
  bool set_off = false;  // emphasis, quotes, dollars or braces stand right before and behind
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  std::uint64_t lists = 0;  // of choice_words.h, that hold the word
};

struct ChoiceText {
  std::string plain;  // what the tokens lie in
  std::string lower;  // the same in lower case (ASCII)
  std::vector<ChoiceToken> tokens;

  // Of a word its lower-case letters, of a mark the mark; empty at a line's end, in a box and past
  // the end of the text.
  [[nodiscard]] std::string_view word(std::size_t at) const;
  [[nodiscard]] const ChoiceToken& token(std::size_t at) const;
};

// Linear in the text's length. At most its last MiB is read: what was stated longer ago is no
// longer the last thing stated.
[[nodiscard]] ChoiceText choice_tokens(std::string_view text);

// Word characters of other scripts, and a LaTeX command without a meaning of its own here.
inline constexpr char kForeignWord = '\x01';
inline constexpr char kUnknownCommand = '\x05';

}  // namespace assay

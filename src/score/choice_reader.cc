#include "score/choice_reader.h"

#include <algorithm>

#include "base/ascii.h"
#include "score/choice_words.h"

namespace assay {

namespace words = choice_words;

using Kind = ChoiceToken::Kind;

ChoiceReader::ChoiceReader(const ChoiceText& text, int n_options)
    : text_(text), last_(static_cast<char>('A' + std::clamp(n_options, 1, 26) - 1)) {}

bool ChoiceReader::is_mark(std::size_t at, std::string_view marks) const {
  return token(at).kind == Kind::mark && marks.find(word(at)) != std::string_view::npos;
}

bool ChoiceReader::is_word(std::size_t at) const {
  return token(at).kind == Kind::word;
}

bool ChoiceReader::is_line_end(std::size_t at) const {
  return token(at).kind == Kind::line_end;  // the end of the text is one, too
}

bool ChoiceReader::is_box(std::size_t at) const {
  return token(at).kind == Kind::box;
}

bool ChoiceReader::ends_sentence(std::size_t at) const {
  return is_line_end(at) || is_mark(at, ".?!;");
}

// "F(x)", "B-cell", "C++", "E = mc²", "U.S.A": the letter is a name within something else.
bool ChoiceReader::part_of_more(std::size_t at) const {
  if (token(at).glued && at > 1) {
    if (is_mark(at - 1, "-^/") && token(at - 1).glued && is_word(at - 2)) return true;
    if (is_mark(at - 1, ".") && token(at - 1).glued && token(at - 2).size == 1) return true;
  }
  const std::size_t next = at + 1;
  if (is_word(next)) {
    return text_.plain[token(next).begin] == kUnknownCommand && !token(at).set_off;
  }
  if (is_mark(next, "=^+%")) return true;
  if (is_mark(next, "<>")) return !is_mark(next + 1, "/") && !is_line_end(next + 1);
  if (!token(next).glued) return false;
  if (is_mark(next, "(")) return true;
  const bool letter_behind = token(next + 1).glued && is_word(next + 1);
  if (is_mark(next, "-")) return letter_behind;
  return is_mark(next, ".") && letter_behind && token(next + 1).size == 1;
}

bool ChoiceReader::article_or_pronoun(std::size_t at) const {
  const std::string_view letter = word(at);
  if (letter != "a" && letter != "i") return false;
  if (token(at).set_off || !is_word(at + 1)) return false;
  return text_.plain[token(at + 1).begin] != kForeignWord && !in(words::kBehindLetter, at + 1);
}

std::optional<LetterGroup> ChoiceReader::letter(std::size_t at, bool small) const {
  if (token(at).kind != Kind::word || token(at).size != 1) return std::nullopt;
  const char written = text_.plain[token(at).begin];
  if (!is_letter(written) || to_upper(written) > last_) return std::nullopt;
  if (is_lower_letter(written)) {
    const bool closed = (at > 0 && is_mark(at - 1, "([") && is_mark(at + 1, ")]")) ||
                        token(at + 1).kind == Kind::box_end;
    if (!small || (!closed && !ends_sentence(at + 1))) return std::nullopt;
  }
  if (part_of_more(at) || article_or_pronoun(at)) return std::nullopt;
  return LetterGroup{1U << (to_upper(written) - 'A'), at, at + 1, false};
}

// No list of options is longer. A text that names letters for megabytes would be read once for each
// of them.
constexpr int kMostJoined = 64;

// A further letter behind "and", "or", a comma, a slash.
std::optional<LetterGroup> ChoiceReader::joined(std::size_t at) const {
  std::size_t next = at;
  while (next < at + 4) {
    const bool by_word = in(words::kAnd, next) && is_word(next);
    if (!by_word && !is_mark(next, ",/&(")) break;
    ++next;
  }
  if (next == at || (next == at + 1 && is_mark(at, "("))) return std::nullopt;
  while (next < at + 7 && (in(words::kBetweenGroup, next) || is_mark(next, "(["))) {
    ++next;
  }
  auto found = letter(next, false);
  if (!found) return std::nullopt;
  while (is_mark(found->end, ")]")) ++found->end;
  const bool new_clause = is_word(found->end) && !in(words::kBehindGroup, found->end);
  if (new_clause) return std::nullopt;
  return found;
}

std::optional<LetterGroup> ChoiceReader::letters(std::size_t at, bool small) const {
  const std::size_t from = at;
  while (at < from + 4 && (is_mark(at, "([{") || is_box(at))) ++at;
  auto group = letter(at, small);
  if (!group) return std::nullopt;
  const auto close = [this](std::size_t end) {
    while (is_mark(end, ")]}") || token(end).kind == Kind::box_end) ++end;
    return end;
  };
  group->end = close(group->end);
  group->bracketed = at > from && group->end > at + 1;
  for (int joins = 0; joins < kMostJoined; ++joins) {
    const auto more = joined(group->end);
    if (!more) break;
    group->letters |= more->letters;
    group->end = close(more->end);
  }
  return group;
}

std::size_t ChoiceReader::sentence_start(std::size_t at) const {
  const std::size_t least = at > kLongestSentence ? at - kLongestSentence : 0;
  while (at > least && !ends_sentence(at - 1)) --at;
  return at;
}

std::size_t ChoiceReader::clause_start(std::size_t at) const {
  const std::size_t least = at > kLongestGap ? at - kLongestGap : 0;
  while (at > least && !ends_sentence(at - 1) && !is_mark(at - 1, ",:()")) --at;
  return at;
}

bool ChoiceReader::is_supposed(std::size_t from, std::size_t to) const {
  bool supposed = false;
  for (std::size_t at = sentence_start(from); at < to; ++at) {
    if (in(words::kSupposed, at)) supposed = true;
    if (in(words::kNoLongerSupposed, at)) supposed = false;
  }
  return supposed;
}

bool ChoiceReader::is_negated(std::size_t from, std::size_t to) const {
  for (std::size_t at = from; at < to; ++at) {
    if (in(words::kNot, at)) return true;
  }
  return false;
}

}  // namespace assay

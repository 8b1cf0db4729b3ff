// Statements as they are found in a text, and what becomes of them. Used by choice_statement.cc
// alone; each function is linear in the text's length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "score/choice_reader.h"

namespace assay {

// How much a statement weighs. The last of the heaviest counts.
enum class StatementWeight : std::uint8_t {
  none,      // denied
  supposed,  // "if …, the answer is B"; stated and then doubted
  inferred,  // "therefore, B", "this matches option B", "B. hydrogen" at the text's end
  stated,    // "the answer is B", a box, "B is correct", the letter alone on its line
};

struct ChoiceStatement {
  LetterGroup group;
  StatementWeight weight = StatementWeight::none;
  const char* stage = "";
  bool adds = false;     // "C is also correct": said in addition to the one before
  bool verdict = false;  // "(D) is correct", which may be said of each option in turn
};

// One statement; supposed where its sentence, from `from` on, or a question mark says so.
[[nodiscard]] ChoiceStatement statement_of(const ChoiceReader& text, const LetterGroup& group,
                                           StatementWeight weight, const char* stage,
                                           std::size_t from);

// Those in words and boxes (choice_phrases.cc), and those that are a line of their own
// (choice_lines.cc). In no order.
[[nodiscard]] std::vector<ChoiceStatement> phrase_statements(const ChoiceReader& text);
[[nodiscard]] std::vector<ChoiceStatement> line_statements(const ChoiceReader& text);

// The line that begins here and the next one that is not empty bear different letters.
[[nodiscard]] bool begins_option_list(const ChoiceReader& text, std::size_t at);

// Of statements in the text's order: denied and doubted ones weigh less, those that belong to other
// questions go, and neighbours without a word between them are joined (choice_weighing.cc).
void weigh_statements(const ChoiceReader& text, std::vector<ChoiceStatement>& statements);

}  // namespace assay

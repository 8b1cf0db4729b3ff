// What becomes of a text's statements by what stands around them.
#include <algorithm>

#include "base/ascii.h"
#include "score/choice_found.h"
#include "score/choice_words.h"

namespace assay {

namespace {

namespace words = choice_words;

// "No.", "That is wrong", "It is not" right behind the statement's sentence.
bool denied_behind(const ChoiceReader& text, std::size_t at) {
  const std::size_t most = at + kLongestSentence;
  while (at < most && !text.ends_sentence(at)) ++at;
  while (at < most && text.ends_sentence(at) && at < text.size()) ++at;
  if (text.word(at) == "no") return !text.is_word(at + 1);
  const std::string_view first = text.word(at);
  if (first == "that's") {
    return text.word(at + 1) == "wrong" || text.word(at + 1) == "incorrect" ||
           text.word(at + 1) == "not";
  }
  if (first != "that" && first != "this" && first != "it") return false;
  const std::string_view what = text.word(at + 2);
  if (text.word(at + 1) != "is") return false;
  if (what == "not")
    return text.ends_sentence(at + 3) || text.word(at + 3) == "right" ||
           text.word(at + 3) == "correct" || text.word(at + 3) == "so";
  return what == "wrong" || what == "incorrect";
}

// "Wait, …", "Actually, …", "let me recheck"; not "a common mistake".
bool is_doubt(const ChoiceReader& text, std::size_t at) {
  if (!text.in(words::kTakesBack, at)) return false;
  if (at == 0 || !text.is_word(at - 1)) return true;
  const std::string_view sigh = text.word(at - 1);  // "No wait, …", "Oh, but actually"
  if (sigh == "no" || sigh == "oh" || sigh == "but" || sigh == "ah") return true;
  for (std::size_t back = 1; back <= 3 && back <= at; ++back) {
    const std::string_view word = text.word(at - back);
    if (text.in(words::kFirstPerson, at - back) || word == "me" || word == "my") return true;
  }
  return false;
}

void weigh_again(const ChoiceReader& text, std::vector<ChoiceStatement>& found) {
  std::vector<std::size_t> doubts;
  std::size_t however = 0;  // "(A) and (B). However, since only one is asked for": the last such
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_doubt(text, at)) doubts.push_back(at);
    if (text.word(at) == "however") however = at;
  }
  for (ChoiceStatement& statement : found) {
    if (denied_behind(text, statement.group.end)) statement.weight = StatementWeight::none;
    const bool doubted = (!doubts.empty() && doubts.back() > statement.group.begin) ||
                         (!statement.group.single() && however > statement.group.begin);
    if (doubted) statement.weight = std::min(statement.weight, StatementWeight::supposed);
  }
}

// "Now, let's summarize all the answers", "Question 2:", "Question: …": a text that
// goes on to other questions once this one is answered.
bool turns_to_others(const ChoiceReader& text, std::size_t at) {
  const std::string_view word = text.word(at);
  if (text.in(words::kSumsUp, at)) {
    bool all = false;
    for (std::size_t next = at + 1; next < at + 10 && !text.is_line_end(next); ++next) {
      const std::string_view what = text.word(next);
      all |= what == "all";
      if (all && (what == "answers" || what == "questions")) return true;
      if (word == "recaps" && what == "answer") return true;
    }
  }
  if (word != "question" || (at > 0 && !text.is_line_end(at - 1))) return false;
  const bool numbered = text.is_word(at + 1) && is_digit(text.word(at + 1)[0]);
  if (numbered) return text.is_mark(at + 2, ":.");
  return text.is_mark(at + 1, ":");
}

void leave_out_other_questions(const ChoiceReader& text, std::vector<ChoiceStatement>& found) {
  const auto first = std::ranges::find_if(
      found, [](const ChoiceStatement& s) { return s.weight >= StatementWeight::inferred; });
  if (first == found.end()) return;
  for (std::size_t at = first->group.end; at < text.size(); ++at) {
    if (!turns_to_others(text, at)) continue;
    std::erase_if(found, [at](const ChoiceStatement& s) { return s.group.begin >= at; });
    return;
  }
}

// Two statements with nothing between them but the words that state ("The answer is (A). The
// answer is (C).") are one.
void join_neighbours(const ChoiceReader& text, std::vector<ChoiceStatement>& found) {
  for (std::size_t i = 1; i < found.size(); ++i) {
    const ChoiceStatement& before = found[i - 1];
    if (before.weight != found[i].weight || before.weight == StatementWeight::none) continue;
    if (before.verdict || found[i].verdict) continue;  // "(A) is correct. The answer is (B)."
    bool apart = false;
    for (std::size_t at = before.group.end; at < found[i].group.begin && !apart; ++at) {
      apart = text.is_word(at) && !text.in(words::kStating, at);
    }
    found[i].adds |= !apart;
  }
}

}  // namespace

ChoiceStatement statement_of(const ChoiceReader& text, const LetterGroup& group,
                             StatementWeight weight, const char* stage, std::size_t from) {
  const bool supposed = text.is_supposed(from, group.begin) || text.is_mark(group.end, "?");
  return {group, supposed ? StatementWeight::supposed : weight, stage};
}

void weigh_statements(const ChoiceReader& text, std::vector<ChoiceStatement>& statements) {
  weigh_again(text, statements);
  leave_out_other_questions(text, statements);
  join_neighbours(text, statements);
}

}  // namespace assay

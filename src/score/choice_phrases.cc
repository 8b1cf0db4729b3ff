// Statements in words and boxes: "the answer is B", "(D) is correct", "I would choose C".
#include <algorithm>
#include <array>

#include "score/choice_found.h"
#include "score/choice_words.h"

namespace assay {

namespace {

namespace words = choice_words;

class Phrases {
 public:
  explicit Phrases(const ChoiceReader& text) : text_(text) {}

  std::vector<ChoiceStatement> found() {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      if (text_.is_box(at)) add_box(at);
      if (!text_.is_word(at)) continue;
      if (is_answer_noun(at)) add_answer(at);
      if (text_.in(words::kFirstPerson, at)) add_choosing(at);
      if (text_.in(words::kConclusion, at)) add_conclusion(at);
      if (text_.in(words::kLeadsTo, at)) add_leading_to(at);
      if (text_.word(at) == "is" || text_.word(at) == "are") add_singled_out(at);
      if (text_.in(words::kTakesBack, at)) add_correction(at);
      add_subject(at);
      add_favoured(at);
      add_only(at);
    }
    return std::move(found_);
  }

 private:
  void add(const LetterGroup& group, StatementWeight weight, const char* stage, std::size_t from) {
    found_.push_back(statement_of(text_, group, weight, stage, from));
  }

  // --- "The (correct) answer is B"

  [[nodiscard]] bool preceded_by(std::size_t at, const auto& list) const {
    for (std::size_t back = 1; back <= 3 && back <= at; ++back) {
      if (text_.ends_sentence(at - back)) return false;
      if (text_.in(list, at - back)) return true;
    }
    return false;
  }

  [[nodiscard]] bool is_answer_noun(std::size_t at) const {
    const std::string_view word = text_.word(at);
    const bool answer = text_.in(words::kAnswer, at);
    const bool colon = text_.is_mark(at + 1, ":");
    if (text_.in(words::kOption, at)) {
      return (colon && !text_.in(words::kHeadsText, at)) || preceded_by(at, words::kBest) ||
             preceded_by(at, words::kFalse);
    }
    if (word == "correct" || word == "final") return colon;
    return answer;
  }

  void add_answer(std::size_t noun) {
    // "The false statement is (B)" may be what was asked for; "a wrong answer is B" is not.
    const bool other = preceded_by(noun, words::kOtherAnswer);
    if (other && text_.in(words::kAnswer, noun)) return;
    const bool denied = text_.is_negated(text_.clause_start(noun), noun);
    if (const auto group = behind_noun(noun); group && !denied && !is_called_wrong(*group)) {
      add(*group, other ? StatementWeight::inferred : StatementWeight::stated, "answer is", noun);
      return;
    }
    if (denied) return;
    if (const auto group = only_option_behind(noun)) {
      add(*group, StatementWeight::inferred, "answer is", noun);
    }
  }

  // "Answer: A is wrong because …": the letter is the subject of another sentence.
  [[nodiscard]] bool is_called_wrong(const LetterGroup& group) const {
    if (text_.word(group.end) != "is" && text_.word(group.end) != "are") return false;
    return text_.in(words::kFalse, group.end + 1) || text_.word(group.end + 1) == "not";
  }

  // The letters behind the noun's "is" or colon; those right behind the noun, too.
  [[nodiscard]] std::optional<LetterGroup> behind_noun(std::size_t noun) const {
    if (const auto group = right_behind(noun)) return group;
    for (std::size_t at = noun + 1; at < noun + kLongestGap; ++at) {
      if (text_.is_mark(at, words::kIsMarks) || text_.in(words::kIs, at)) {
        if (const auto group = behind_is(at + 1)) return group;
      }
      if (text_.in(words::kNot, at)) return behind_not(at + 1);
      // Another noun speaks for itself.
      if (text_.ends_sentence(at) || text_.letter(at, false) || text_.in(words::kAnswer, at)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }

  // "answer (B)", "Answer B", "### Answer" and the letter on the next line.
  [[nodiscard]] std::optional<LetterGroup> right_behind(std::size_t noun) const {
    std::size_t at = noun + 1;
    if (text_.word(noun) == "ans" && text_.is_mark(at, ".")) ++at;
    while (at < noun + 4 && text_.is_line_end(at) && at < text_.size()) ++at;
    auto group = text_.letters(at);
    if (!group) return std::nullopt;
    const bool next_line = text_.is_line_end(at - 1);
    const bool closed =
        group->bracketed || text_.ends_sentence(group->end) || text_.is_mark(group->end, ",):");
    if (next_line) {
      return closed && line_is_label(noun) && !begins_option_list(text_, at) ? group : std::nullopt;
    }
    // "Answer (B) has too much": the letter is a subject.
    const bool subject = text_.is_word(group->end) && (text_.word(group->end) == "is" ||
                                                       !text_.in(words::kBehindLetter, group->end));
    return closed && !subject ? group : std::nullopt;
  }

  [[nodiscard]] bool line_is_label(std::size_t noun) const {
    std::size_t at = noun;
    while (at > 0 && noun - at < 4 && !text_.is_line_end(at - 1)) --at;
    return at == 0 || text_.is_line_end(at - 1);
  }

  [[nodiscard]] bool is_ellipsis(std::size_t at) const {
    return text_.is_mark(at, ".") && (text_.is_mark(at + 1, ".") || text_.is_mark(at - 1, "."));
  }

  // Words that may stand in between, then the letters. A colon lets the line end.
  [[nodiscard]] std::optional<LetterGroup> behind_is(std::size_t from) const {
    bool colon = text_.is_mark(from - 1, ":");
    bool next_line = false;
    for (std::size_t at = from; at < from + kLongestGap; ++at) {
      if (const auto group = text_.letters(at, true)) {
        return next_line && begins_option_list(text_, at) ? std::nullopt : group;
      }
      next_line |= text_.is_line_end(at);
      if (text_.word(at) == "not" || text_.word(at) == "neither") return behind_not(at + 1);
      colon |= text_.is_mark(at, ":");
      const bool passes = text_.in(words::kBeforeLetter, at) || text_.is_mark(at, ":-=>|(,[") ||
                          is_ellipsis(at) || (colon && text_.is_line_end(at) && at < text_.size());
      if (!passes) return std::nullopt;
    }
    return std::nullopt;
  }

  // "not A but C", "not (A), rather (C)".
  [[nodiscard]] std::optional<LetterGroup> behind_not(std::size_t from) const {
    for (std::size_t at = from; at < from + kLongestGap && !text_.ends_sentence(at); ++at) {
      const std::string_view word = text_.word(at);
      if (word == "but" || word == "rather" || word == "instead") {
        return word == "rather" && text_.word(at + 1) == "than" ? std::nullopt : behind_is(at + 1);
      }
    }
    return std::nullopt;
  }

  // "The answer is 12 m/s, option (B)": the sentence's only letter that is called an option or
  // stands in brackets.
  [[nodiscard]] std::optional<LetterGroup> only_option_behind(std::size_t noun) const {
    bool is = false;
    std::optional<LetterGroup> only;
    for (std::size_t at = noun + 1; at < noun + kLongestSentence; ++at) {
      if (text_.is_mark(at, ".") && text_.token(at + 1).glued && text_.is_word(at + 1)) continue;
      if (text_.ends_sentence(at)) break;
      if (text_.in(words::kAnswer, at) && !text_.in(words::kOptionWord, at)) break;
      is |= text_.in(words::kIs, at) || text_.is_mark(at, words::kIsMarks);
      if (text_.in(words::kNot, at)) return std::nullopt;
      const bool option = text_.in(words::kOptionWord, at);
      if (!option && !text_.is_mark(at, "([")) continue;
      const auto group = text_.letters(option ? at + 1 : at);
      if (!is || !group || (!option && !group->bracketed)) continue;
      if (only && only->letters != group->letters) return std::nullopt;
      only = group;
      at = group->end - 1;
    }
    return only;
  }

  // --- "\boxed{B}"

  void add_box(std::size_t at) {
    std::size_t from = at + 1;
    while (from < at + 8 &&
           (text_.in(words::kBeforeLetter, from) || text_.in(words::kAnswer, from) ||
            text_.is_mark(from, ":=")) &&
           !text_.letter(from, true)) {
      ++from;
    }
    const auto group = text_.letters(from, true);
    if (group) add(*group, StatementWeight::stated, "boxed", group->begin);
  }

  // --- "(D) is correct"

  void add_subject(std::size_t at) {
    if (at < subject_end_ || !text_.letter(at, false)) return;
    std::size_t from = at;
    while (from > 0 && text_.is_mark(from - 1, "([")) --from;
    if (!may_be_subject(from)) return;
    const auto group = text_.letters(from);
    if (!group) return;
    subject_end_ = group->end;
    std::size_t next = group->end;
    bool is = from > 0 && text_.in(words::kMakes, from - 1);
    bool adds = false;
    const std::size_t last = next + 8;
    for (; next < last; ++next) {
      const std::string_view word = text_.word(next);
      if (text_.in(words::kVerdict, next) && is && closes_verdict(next)) {
        add(*group, StatementWeight::stated, "is correct", from);
        found_.back().adds = adds;
        found_.back().verdict = true;
        return;
      }
      adds |= word == "also";
      if (text_.in(words::kIs, next)) {
        is = true;
      } else if (!text_.in(words::kBeforeVerdict, next) &&
                 !(next == group->end && (word == "must" || word == "should" || word == ","))) {
        return;
      }
    }
  }

  [[nodiscard]] bool may_be_subject(std::size_t from) const {
    if (from == 0 || !text_.is_word(from - 1)) return true;
    return text_.in(words::kBeforeSubject, from - 1);
  }

  // "correct", "correct answer", "right because"; not "correct about", "best described".
  [[nodiscard]] bool closes_verdict(std::size_t at) const {
    if (text_.in(words::kVerdictNoun, at + 1)) return true;
    if (!text_.is_word(at + 1) || text_.word(at) == "answer") return true;
    return text_.in(words::kBehindVerdict, at + 1);
  }

  // --- "I would choose B"

  void add_choosing(std::size_t at) {
    std::size_t next = at + 1;
    while (next < at + 6 && text_.in(words::kBeforeChoosing, next) &&
           !text_.in(words::kChoosing, next)) {
      ++next;
    }
    if (!text_.in(words::kChoosing, next)) return;
    const std::size_t from = next + 1;
    for (next = from; next < from + 8; ++next) {
      if (const auto group = text_.letters(next)) {
        if (!text_.is_negated(text_.clause_start(at), at))
          add(*group, StatementWeight::stated, "chosen", at);
        return;
      }
      const bool passes = text_.in(words::kBeforeLetter, next) || text_.is_mark(next, ":") ||
                          (text_.is_line_end(next) && text_.is_mark(next - 1, ":"));
      if (!passes) return;
    }
  }

  // --- "Therefore, B", "this matches option B", "only B fits"

  void add_conclusion(std::size_t at) {
    std::size_t next = at + 1;
    while (next < at + 10 && (text_.in(words::kBetweenLeads, next) || text_.is_mark(next, ",:"))) {
      ++next;
    }
    add_if_closed(at, next);
  }

  void add_leading_to(std::size_t at) {
    std::size_t next = at + 1;
    const std::string_view first = text_.word(at);
    const bool pointing = first == "which" || first == "this" || first == "that";
    bool is = !pointing && first != "it";
    while (next < at + 10 && text_.in(words::kBetweenLeads, next)) {
      is |= text_.word(next) == "is" || text_.word(next) == "be" || text_.in(words::kLeadsTo, next);
      ++next;
    }
    // "which is E" says what a value is; "which is option E" and "that is (E)" state.
    const bool named = text_.in(words::kOptionWord, next - 1) || text_.is_mark(next, "([");
    if (is && (named || !pointing)) add_if_closed(at, next);
  }

  // Such a statement counts where the sentence ends with the letter, or goes on with a reason, or
  // the letter is called an option.
  void add_if_closed(std::size_t at, std::size_t next) {
    const auto group = text_.letters(next);
    if (!group || text_.is_negated(text_.clause_start(at), at)) return;
    const bool called = text_.in(words::kOptionWord, next - 1);
    const bool closed = text_.ends_sentence(group->end) || text_.is_mark(group->end, ",:-(") ||
                        text_.in(words::kBehindGroup, group->end);
    const bool holds = text_.word(group->end) == "is" &&
                       (text_.word(group->end + 1) == "true" || text_.word(group->end + 1) == "it");
    if (closed || holds || (called && !text_.is_word(group->end))) {
      add(*group, StatementWeight::inferred, "concluded", at);
    }
  }

  // "The most likely cause is (B)", "So the smallest is C": the sentence singles something out.
  void add_singled_out(std::size_t at) {
    const auto group = text_.letters(at + 1);
    if (!group) return;
    const std::size_t from = text_.sentence_start(at);
    bool singles_out = false;
    bool concludes = false;
    for (std::size_t before = from; before < at; ++before) {
      const std::string_view word = text_.word(before);
      if (text_.in(words::kNot, before) || text_.in(words::kOtherAnswer, before)) return;
      if (text_.in(words::kMistake, before)) return;
      singles_out |=
          text_.in(words::kSinglesOut, before) || (word.size() > 5 && word.ends_with("est"));
      concludes |= text_.in(words::kConclusion, before);
    }
    const bool closed = text_.ends_sentence(group->end) || text_.is_mark(group->end, ",:-");
    singles_out |= group->bracketed && is_last_line(group->end);
    if (group->bracketed ? singles_out || concludes : closed && singles_out && concludes) {
      add(*group, StatementWeight::inferred, "concluded", from);
    }
  }

  // Nothing but the rest of a sentence follows.
  [[nodiscard]] bool is_last_line(std::size_t at) const {
    const std::size_t most = at + kLongestSentence;
    while (at < most && !text_.is_line_end(at)) ++at;
    while (at < text_.size() && text_.is_line_end(at)) ++at;
    return at == text_.size();
  }

  // "D is better supported", "C seems most plausible", "C is the only one that fits".
  void add_favoured(std::size_t at) {
    if (!text_.letter(at, false)) return;
    std::size_t from = at;
    while (from > 0 && text_.is_mark(from - 1, "([")) --from;
    if (!may_be_subject(from)) return;
    const auto group = text_.letters(from);
    if (!group || !group->single() || !text_.in(words::kSeems, group->end)) return;
    std::size_t next = group->end + 1;
    while (next < group->end + 5 && text_.in(words::kBetweenSeems, next)) ++next;
    if (!text_.in(words::kFavours, next)) return;
    for (std::size_t behind = next; behind < next + 6 && !text_.ends_sentence(behind); ++behind) {
      const bool another = text_.in(words::kOtherAnswer, behind) ||
                           text_.in(words::kFalse, behind) || text_.in(words::kNot, behind) ||
                           text_.in(words::kMistake, behind);
      if (another || text_.word(behind) == "common" || text_.word(behind) == "than") return;
    }
    add(*group, StatementWeight::inferred, "concluded", from);
  }

  // "The answer is B… no wait, C.": what stands by itself behind a second thought.
  void add_correction(std::size_t at) {
    std::size_t next = at + 1;
    while (next < at + 10 &&
           (text_.is_mark(next, ",:-.!") || text_.in(words::kIs, next) ||
            text_.in(words::kBeforeLetter, next) || text_.word(next) == "no" ||
            text_.in(words::kTakesBack, next)) &&
           !text_.letter(next, false)) {
      ++next;
    }
    const auto group = text_.letters(next);
    if (!group || !(text_.ends_sentence(group->end) || text_.is_mark(group->end, ",-"))) return;
    add(*group, StatementWeight::inferred, "concluded", next);
  }

  void add_only(std::size_t at) {
    if (text_.word(at) != "only") return;
    const std::size_t next = at + (text_.in(words::kOptionWord, at + 1) ? 2 : 1);
    const auto group = text_.letters(next);
    if (!group || !text_.is_word(group->end) || text_.is_negated(text_.clause_start(at), at))
      return;
    if (text_.in(words::kSupposed, group->end)) return;
    add(*group, StatementWeight::inferred, "concluded", at);
  }

  const ChoiceReader& text_;
  std::vector<ChoiceStatement> found_;
  std::size_t subject_end_ = 0;  // behind the last letters looked at as a subject
};

}  // namespace

std::vector<ChoiceStatement> phrase_statements(const ChoiceReader& text) {
  return Phrases(text).found();
}

}  // namespace assay

#include "score/choice_statement.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "base/ascii.h"
#include "score/choice_reader.h"
#include "score/choice_tokens.h"
#include "score/choice_words.h"

namespace assay {

namespace {

namespace words = choice_words;

// How much a statement weighs. The last of the heaviest counts.
enum class Weight : std::uint8_t {
  none,      // denied
  supposed,  // "if …, the answer is B"; stated and then doubted
  inferred,  // "therefore, B", "this matches option B", "B. hydrogen" at the text's end
  stated,    // "the answer is B", a box, "B is correct", the letter alone on its line
};

struct Statement {
  LetterGroup group;
  Weight weight = Weight::none;
  const char* stage = "";
  bool adds = false;     // "C is also correct": said in addition to the one before
  bool verdict = false;  // "(D) is correct", which may be said of each option in turn
};

// What may stand between a noun and the letter, in tokens: bounds the work for each token.
constexpr std::size_t kLongestGap = 24;
constexpr std::size_t kLongestSentence = 60;
constexpr std::size_t kLongestLine = 200;

class Statements {
 public:
  Statements(const ChoiceReader& text) : text_(text) {}

  std::vector<Statement> found() {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      if (text_.is_box(at)) add_box(at);
      if (!text_.is_word(at)) continue;
      if (is_answer_noun(at)) add_answer(at);
      if (text_.in(words::kFirstPerson, at)) add_choosing(at);
      if (text_.in(words::kConclusion, at)) add_conclusion(at);
      if (text_.in(words::kLeadsTo, at)) add_leading_to(at);
      if (text_.word(at) == "is" || text_.word(at) == "are") add_singled_out(at);
      add_subject(at);
      add_only(at);
    }
    add_lines();
    std::ranges::stable_sort(found_, {}, [](const Statement& s) { return s.group.begin; });
    weigh_again();
    leave_out_other_questions();
    join_neighbours();
    return std::move(found_);
  }

 private:
  struct Line {
    std::optional<LetterGroup> label;
    std::size_t end = 0;
    bool alone = false;   // nothing but the letter
    bool marked = false;  // "A. Heat - correct"
  };

  void add(const LetterGroup& group, Weight weight, const char* stage, std::size_t from) {
    if (weight == Weight::none) return;
    if (is_supposed(from, group.begin) || ends_in_question(group.end)) weight = Weight::supposed;
    found_.push_back({group, weight, stage});
  }

  // --- the sentence around

  [[nodiscard]] std::size_t sentence_start(std::size_t at) const {
    const std::size_t least = at > kLongestSentence ? at - kLongestSentence : 0;
    while (at > least && !text_.ends_sentence(at - 1)) --at;
    return at;
  }

  [[nodiscard]] std::size_t clause_start(std::size_t at) const {
    const std::size_t least = at > kLongestGap ? at - kLongestGap : 0;
    while (at > least && !text_.ends_sentence(at - 1) && !text_.is_mark(at - 1, ",:()")) --at;
    return at;
  }

  [[nodiscard]] bool is_supposed(std::size_t from, std::size_t to) const {
    bool supposed = false;
    for (std::size_t at = sentence_start(from); at < to; ++at) {
      if (text_.in(words::kSupposed, at)) supposed = true;
      if (text_.in(words::kNoLongerSupposed, at)) supposed = false;
    }
    return supposed;
  }

  [[nodiscard]] bool ends_in_question(std::size_t end) const { return text_.is_mark(end, "?"); }

  [[nodiscard]] bool is_negated(std::size_t from, std::size_t to) const {
    for (std::size_t at = from; at < to; ++at) {
      if (text_.in(words::kNot, at)) return true;
    }
    return false;
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
      return colon || preceded_by(at, words::kBest) || preceded_by(at, words::kFalse);
    }
    if (word == "correct") return colon;
    return answer;
  }

  void add_answer(std::size_t noun) {
    // "The false statement is (B)" may be what was asked for; "a wrong answer is B" is not.
    const bool other = preceded_by(noun, words::kOtherAnswer);
    if (other && text_.in(words::kAnswer, noun)) return;
    const bool denied = is_negated(clause_start(noun), noun);
    if (const auto group = behind_noun(noun); group && !denied) {
      add(*group, other ? Weight::inferred : Weight::stated, "answer is", noun);
      return;
    }
    if (denied) return;
    if (const auto group = only_option_behind(noun)) {
      add(*group, Weight::inferred, "answer is", noun);
    }
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
    while (at < noun + 4 && text_.is_line_end(at) && at < text_.size()) ++at;
    auto group = text_.letters(at);
    if (!group) return std::nullopt;
    const bool next_line = at > noun + 1;
    const bool closed =
        group->bracketed || text_.ends_sentence(group->end) || text_.is_mark(group->end, ",):");
    if (next_line) {
      return closed && line_is_label(noun) && !begins_list(at) ? group : std::nullopt;
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

  // Of an option's line: at most kLongestLine tokens on.
  [[nodiscard]] std::size_t line_end(std::size_t at) const {
    const std::size_t most = at + kLongestLine;
    while (at < most && !text_.is_line_end(at)) ++at;
    return at;
  }

  // The line that begins here and the next one that is not empty bear different labels.
  [[nodiscard]] bool begins_list(std::size_t at) const {
    const auto first = text_.letters(at);
    at = line_end(at);
    while (text_.is_line_end(at) && at < text_.size()) ++at;
    const std::size_t end = line_end(at);
    if (!text_.is_line_end(at > 0 ? at - 1 : 0)) return false;  // a line too long for an option
    const Line next = line_at(at, end);
    return first && next.label && next.label->letters != first->letters;
  }

  // Words that may stand in between, then the letters. A colon lets the line end.
  [[nodiscard]] std::optional<LetterGroup> behind_is(std::size_t from) const {
    bool colon = text_.is_mark(from - 1, ":");
    bool next_line = false;
    for (std::size_t at = from; at < from + kLongestGap; ++at) {
      if (const auto group = text_.letters(at, true)) {
        return next_line && begins_list(at) ? std::nullopt : group;
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
    if (group) add(*group, Weight::stated, "boxed", group->begin);
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
        add(*group, Weight::stated, "is correct", from);
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
        if (!is_negated(clause_start(at), at)) add(*group, Weight::stated, "chosen", at);
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
    if (!group || is_negated(clause_start(at), at)) return;
    const bool called = text_.in(words::kOptionWord, next - 1);
    const bool closed = text_.ends_sentence(group->end) || text_.is_mark(group->end, ",:-") ||
                        text_.in(words::kBehindGroup, group->end);
    const bool holds = text_.word(group->end) == "is" &&
                       (text_.word(group->end + 1) == "true" || text_.word(group->end + 1) == "it");
    if (closed || holds || (called && !text_.is_word(group->end))) {
      add(*group, Weight::inferred, "concluded", at);
    }
  }

  // "The most likely cause is (B)", "So the smallest is C": the sentence singles something out.
  void add_singled_out(std::size_t at) {
    const auto group = text_.letters(at + 1);
    if (!group) return;
    const std::size_t from = sentence_start(at);
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
      add(*group, Weight::inferred, "concluded", from);
    }
  }

  // Nothing but the rest of a sentence follows.
  [[nodiscard]] bool is_last_line(std::size_t at) const {
    const std::size_t most = at + kLongestSentence;
    while (at < most && !text_.is_line_end(at)) ++at;
    while (at < text_.size() && text_.is_line_end(at)) ++at;
    return at == text_.size();
  }

  void add_only(std::size_t at) {
    if (text_.word(at) != "only") return;
    const std::size_t next = at + (text_.in(words::kOptionWord, at + 1) ? 2 : 1);
    const auto group = text_.letters(next);
    if (!group || !text_.is_word(group->end) || is_negated(clause_start(at), at)) return;
    if (text_.in(words::kSupposed, group->end)) return;
    add(*group, Weight::inferred, "concluded", at);
  }

  // --- lines

  [[nodiscard]] Line line_at(std::size_t from, std::size_t end) const {
    Line line;
    line.end = end;
    std::size_t at = from;
    while (at < end && text_.is_mark(at, "-|>+") && !text_.letter(at, false)) ++at;
    line.label = text_.letters(at);
    if (!line.label) return line;
    std::size_t next = line.label->end;
    while (next < end && text_.is_mark(next, ".:,!|")) ++next;
    line.alone = next == end;
    const bool labels = line.label->bracketed || text_.is_mark(line.label->end, ".:-|),");
    line.marked = labels && end > from + 3 && text_.word(end - 1) == "correct" &&
                  text_.is_mark(end - 2, "-(:,|");
    if (text_.is_mark(end - 1, ").") && text_.word(end - 2) == "correct") {
      line.marked = labels && text_.is_mark(end - 3, "-(:,|");
    }
    if ((!labels && !line.alone) || (is_roman(*line.label) && !line.alone)) line.label.reset();
    return line;
  }

  // "(I) … (II) …" numbers parts.
  [[nodiscard]] bool is_roman(const LetterGroup& group) const {
    return has_roman_two_ && group.letters == 1U << ('I' - 'A');
  }

  [[nodiscard]] std::vector<Line> lines() const {
    std::vector<Line> result;
    for (std::size_t from = 0; from < text_.size();) {
      std::size_t end = from;
      while (!text_.is_line_end(end)) ++end;
      if (end > from) result.push_back(line_at(from, end));
      from = end + 1;
    }
    return result;
  }

  // "The court will rule the testimony:", but not "Let us look at each option:".
  [[nodiscard]] bool announced(const Line& before) const {
    if (!text_.is_mark(before.end - 1, ":")) return false;
    if (text_.word(before.end - 2) == "is" || text_.word(before.end - 2) == "be") return true;
    for (std::size_t at = sentence_start(before.end - 1); at + 1 < before.end; ++at) {
      if (text_.in(words::kListAhead, at)) return false;
    }
    return true;
  }

  void add_lines() {
    for (std::size_t at = 0; at < text_.size(); ++at) has_roman_two_ |= text_.word(at) == "ii";
    const std::vector<Line> all = lines();
    const auto other_label = [&all](std::size_t a, std::size_t b) {
      return b < all.size() && all[b].label && all[b].label->letters != all[a].label->letters;
    };
    std::uint32_t labels = 0;
    for (const Line& line : all) labels |= line.label ? line.label->letters : 0;
    const bool only_label = std::popcount(labels) == 1;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!all[i].label) continue;
      const LetterGroup& group = *all[i].label;
      const bool in_list = other_label(i, i + 1) || (i > 0 && other_label(i, i - 1));
      if (all[i].alone && !in_list) {
        add(group, Weight::stated, "own line", group.begin);
      } else if (all[i].marked) {
        add(group, Weight::inferred, "listed", group.begin);
      } else if (!in_list &&
                 (i == 0 ? only_label || group.letters != 1U
                         : i + 1 == all.size() || (only_label && announced(all[i - 1])))) {
        add(group, Weight::inferred, "listed", group.begin);
      }
    }
  }

  // --- what comes after

  // "No.", "That is wrong", "It is not" right behind the statement's sentence.
  [[nodiscard]] bool denied_behind(std::size_t at) const {
    const std::size_t most = at + kLongestSentence;
    while (at < most && !text_.ends_sentence(at)) ++at;
    while (at < most && text_.ends_sentence(at) && at < text_.size()) ++at;
    if (text_.word(at) == "no") return !text_.is_word(at + 1);
    const std::string_view first = text_.word(at);
    if (first == "that's") {
      return text_.word(at + 1) == "wrong" || text_.word(at + 1) == "incorrect" ||
             text_.word(at + 1) == "not";
    }
    if (first != "that" && first != "this" && first != "it") return false;
    const std::string_view what = text_.word(at + 2);
    if (text_.word(at + 1) != "is") return false;
    if (what == "not")
      return text_.ends_sentence(at + 3) || text_.word(at + 3) == "right" ||
             text_.word(at + 3) == "correct" || text_.word(at + 3) == "so";
    return what == "wrong" || what == "incorrect";
  }

  void weigh_again() {
    std::vector<std::size_t> doubts;
    for (std::size_t at = 0; at < text_.size(); ++at) {
      if (text_.in(words::kTakesBack, at)) doubts.push_back(at);
    }
    for (Statement& statement : found_) {
      if (denied_behind(statement.group.end)) statement.weight = Weight::none;
      const bool doubted = !doubts.empty() && doubts.back() > statement.group.begin;
      if (doubted) statement.weight = std::min(statement.weight, Weight::supposed);
    }
  }

  // --- other questions

  // "Now, let's summarize all the answers", "Question 2:", "Question: …": a text that
  // goes on to other questions once this one is answered.
  [[nodiscard]] bool turns_to_others(std::size_t at) const {
    const std::string_view word = text_.word(at);
    if (text_.in(words::kSumsUp, at)) {
      for (std::size_t next = at + 1; next < at + 10 && !text_.is_line_end(next); ++next) {
        const std::string_view what = text_.word(next);
        if (what == "answers" || what == "questions") return true;
        if (word == "recaps" && what == "answer") return true;
      }
    }
    if (word != "question" || (at > 0 && !text_.is_line_end(at - 1))) return false;
    const bool numbered = text_.is_word(at + 1) && is_digit(text_.word(at + 1)[0]);
    if (numbered) return text_.is_mark(at + 2, ":.");
    return text_.is_mark(at + 1, ":");
  }

  void leave_out_other_questions() {
    const auto first = std::ranges::find_if(
        found_, [](const Statement& s) { return s.weight >= Weight::inferred; });
    if (first == found_.end()) return;
    for (std::size_t at = first->group.end; at < text_.size(); ++at) {
      if (!turns_to_others(at)) continue;
      std::erase_if(found_, [at](const Statement& s) { return s.group.begin >= at; });
      return;
    }
  }

  // Two statements with nothing between them but the words that state ("The answer is (A). The
  // answer is (C).") are one.
  void join_neighbours() {
    for (std::size_t i = 1; i < found_.size(); ++i) {
      const Statement& before = found_[i - 1];
      if (before.weight != found_[i].weight || before.weight == Weight::none) continue;
      if (before.verdict || found_[i].verdict) continue;  // "(A) is correct. The answer is (B)."
      bool apart = false;
      for (std::size_t at = before.group.end; at < found_[i].group.begin && !apart; ++at) {
        apart = text_.is_word(at) && !text_.in(words::kStating, at);
      }
      found_[i].adds |= !apart;
    }
  }

  const ChoiceReader& text_;
  bool has_roman_two_ = false;  // "II" stands somewhere
  std::vector<Statement> found_;
  std::size_t subject_end_ = 0;  // behind the last letters looked at as a subject
};

StatedChoice choice_of(std::uint32_t letters, const char* stage) {
  StatedChoice choice;
  choice.stage = stage;
  if (std::popcount(letters) == 1) {
    choice.letter = static_cast<char>('A' + std::countr_zero(letters));
  }
  return choice;
}

}  // namespace

StatedChoice stated_choice(std::string_view text, int n_options) {
  const ChoiceText tokens = choice_tokens(text);
  const ChoiceReader reader(tokens, n_options);
  const Statement* last = nullptr;
  std::uint32_t letters = 0;
  const std::vector<Statement> found = Statements(reader).found();
  for (const Statement& statement : found) {
    if (statement.weight == Weight::none) continue;
    if (last != nullptr && statement.weight < last->weight) continue;
    letters = statement.adds && last != nullptr ? letters | statement.group.letters
                                                : statement.group.letters;
    last = &statement;
  }
  return last == nullptr ? StatedChoice{} : choice_of(letters, last->stage);
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

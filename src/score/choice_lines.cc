// Statements that are a line of their own: "(B)", "**F. 12 %**", "B. Work - correct".
#include <bit>
#include <cstdint>
#include <optional>

#include "score/choice_found.h"
#include "score/choice_words.h"

namespace assay {

namespace {

namespace words = choice_words;

struct OptionLine {
  std::optional<LetterGroup> label;
  std::size_t end = 0;
  bool alone = false;   // nothing but the letter
  bool marked = false;  // "A. Heat - correct"
};

// Of an option's line: at most kLongestLine tokens on.
std::size_t line_end(const ChoiceReader& text, std::size_t at) {
  const std::size_t most = at + kLongestLine;
  while (at < most && !text.is_line_end(at)) ++at;
  return at;
}

OptionLine line_at(const ChoiceReader& text, std::size_t from, std::size_t end) {
  OptionLine line;
  line.end = end;
  std::size_t at = from;
  while (at < end && text.is_mark(at, "-|>+") && !text.letter(at, false)) ++at;
  // A check mark before the letter.
  const bool checked = text.is_mark(at, ":") && text.word(at + 1) == "correct";
  if (checked) at += 2;
  const bool called = text.in(words::kOptionWord, at);
  line.label = text.letters(called ? at + 1 : at);
  if (!line.label) return line;
  std::size_t next = line.label->end;
  while (next < end && text.is_mark(next, ".:,!|")) ++next;
  line.alone = next == end;
  if (called && !line.alone) line.label.reset();  // "Option C: it ignores heat" heads a remark
  if (!line.label) return line;
  const bool labels = line.label->bracketed || text.is_mark(line.label->end, ".:-|),");
  line.marked =
      labels && end > from + 3 && text.word(end - 1) == "correct" && text.is_mark(end - 2, "-(:,|");
  if (text.is_mark(end - 1, ").") && text.word(end - 2) == "correct") {
    line.marked = labels && text.is_mark(end - 3, "-(:,|");
  }
  line.marked = line.marked || checked;
  if (!labels && !line.alone) line.label.reset();
  return line;
}

// "(I) … (II) …" numbers parts: I is no option's letter then.
bool numbers_parts(const ChoiceReader& text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.word(at) == "ii") return true;
  }
  return false;
}

std::vector<OptionLine> lines_of(const ChoiceReader& text) {
  constexpr std::uint32_t kLetterI = 1U << ('I' - 'A');
  const bool parts = numbers_parts(text);
  std::vector<OptionLine> result;
  for (std::size_t from = 0; from < text.size();) {
    std::size_t end = from;
    while (!text.is_line_end(end)) ++end;
    if (end > from) {
      result.push_back(line_at(text, from, end));
      OptionLine& line = result.back();
      if (parts && !line.alone && line.label && line.label->letters == kLetterI) line.label.reset();
    }
    from = end + 1;
  }
  return result;
}

// "The court will rule the testimony:", but not "Let us look at each option:".
bool announced(const ChoiceReader& text, const OptionLine& before) {
  if (!text.is_mark(before.end - 1, ":")) return false;
  if (text.word(before.end - 2) == "is" || text.word(before.end - 2) == "be") return true;
  for (std::size_t at = text.sentence_start(before.end - 1); at + 1 < before.end; ++at) {
    if (text.in(words::kListAhead, at)) return false;
  }
  return true;
}

// What is said of an option in a list of all of them.
struct JudgedOption {
  LetterGroup group;
  bool affirmed = false;
};

// "A) False", "B - no", "C: correct.", each with nothing more in its sentence, or a reason.
std::optional<JudgedOption> judged_option(const ChoiceReader& text, std::size_t at) {
  if (!text.letter(at, false)) return std::nullopt;
  std::size_t from = at;
  if (from > 0 && text.is_mark(from - 1, "([")) --from;
  const bool begins = from == 0 || text.ends_sentence(from - 1) ||
                      text.is_mark(from - 1, ",-|>+") || text.in(words::kOptionWord, from - 1);
  const auto group = text.letters(from);
  if (!begins || !group || !group->single()) return std::nullopt;
  std::size_t next = group->end;
  while (next < group->end + 3 && text.is_mark(next, "):-=.|,")) ++next;
  if (next == group->end && group->end == at + 1) return std::nullopt;
  const bool affirmed = text.in(words::kAffirms, next);
  if (!affirmed && !text.in(words::kDenies, next)) return std::nullopt;
  if (text.is_word(next + 1) && !text.in(words::kBehindVerdict, next + 1)) return std::nullopt;
  return JudgedOption{*group, affirmed};
}

// The one option that is affirmed where others are denied: "A: no. B: no. C: yes."
std::optional<LetterGroup> only_affirmed(const ChoiceReader& text) {
  std::optional<LetterGroup> only;
  bool denied = false;
  std::size_t last = 0;  // behind the letter of the last one in the list
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto judged = judged_option(text, at);
    if (!judged) continue;
    denied |= !judged->affirmed;
    last = judged->group.end;
    if (!judged->affirmed) continue;
    if (only && only->letters != judged->group.letters) return std::nullopt;
    only = judged->group;
  }
  // "A: false. B: true, because" is cut before the list ends.
  std::size_t end = text.size();
  while (end > 0 && text.is_line_end(end - 1)) --end;
  const bool cut = end > last + 3 && text.is_word(end - 1);
  return denied && !cut ? only : std::nullopt;
}

}  // namespace

std::vector<ChoiceStatement> line_statements(const ChoiceReader& text) {
  std::vector<ChoiceStatement> found;
  const std::vector<OptionLine> all = lines_of(text);
  const auto add = [&](const LetterGroup& group, StatementWeight weight, const char* stage) {
    found.push_back(statement_of(text, group, weight, stage, group.begin));
  };
  const auto other_label = [&all](std::size_t a, std::size_t b) {
    return b < all.size() && all[b].label && all[b].label->letters != all[a].label->letters;
  };
  std::uint32_t labels = 0;
  for (const OptionLine& line : all) labels |= line.label ? line.label->letters : 0;
  const bool only_label = std::popcount(labels) == 1;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].label) continue;
    const LetterGroup& group = *all[i].label;
    if (const auto judged = judged_option(text, group.begin); judged && !all[i].marked) continue;
    const bool in_list = other_label(i, i + 1) || (i > 0 && other_label(i, i - 1));
    if (all[i].alone && !in_list) {
      add(group, StatementWeight::stated, "own line");
    } else if (all[i].marked) {
      add(group, StatementWeight::inferred, "listed");
    } else if (!in_list &&
               (i == 0 ? only_label || group.letters != 1U
                       : i + 1 == all.size() || (only_label && announced(text, all[i - 1])))) {
      add(group, StatementWeight::inferred, "listed");
    }
  }
  if (const auto only = only_affirmed(text)) {
    add(*only, StatementWeight::inferred, "listed");
  }
  return found;
}

bool begins_option_list(const ChoiceReader& text, std::size_t at) {
  const auto first = text.letters(at);
  at = line_end(text, at);
  while (text.is_line_end(at) && at < text.size()) ++at;
  const std::size_t end = line_end(text, at);
  if (!text.is_line_end(at > 0 ? at - 1 : 0)) return false;  // a line too long for an option
  const OptionLine next = line_at(text, at, end);
  return first && next.label && next.label->letters != first->letters;
}

}  // namespace assay

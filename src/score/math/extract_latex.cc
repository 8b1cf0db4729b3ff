// The extraction of LaTeX. The content of an environment cannot contain its closing delimiter, so
// its start determines its end, and no place is tried twice.
#include <algorithm>
#include <optional>

#include "score/math/extract_parts.h"
#include "score/math/scan.h"

namespace assay::extract {

using scan::at;
using scan::kNone;
using scan::skip_space;
using scan::space_at;
using scan::stands;

namespace {

struct Found {
  std::size_t content_begin;
  std::size_t content_end;
  std::size_t end;
};

// The first place of `what` in [from, to).
struct FindText {
  std::string_view text;
  std::string_view what;
  std::size_t operator()(std::size_t from, std::size_t to) const {
    const std::size_t limit =
        to == kNone ? text.size() : std::min(text.size(), to + what.size() - 1);
    return text.substr(0, limit).find(what, from);
  }
};

struct FindDollar {  // a "$" that is not escaped
  std::string_view text;
  std::size_t operator()(std::size_t from, std::size_t to) const {
    const std::string_view part = text.substr(0, to);
    std::size_t found = part.find('$', from);
    while (found != kNone && found > 0 && part[found - 1] == '\\')
      found = part.find('$', found + 1);
    return found;
  }
};

class LatexScanner {
 public:
  explicit LatexScanner(std::string_view text) : text_(text) {}

  // One to six environments from `pos` on.
  std::optional<AnswerPlace> environments_at(std::size_t pos, bool boxed) {
    const auto first = environment_at(pos, boxed);
    if (!first) return std::nullopt;
    AnswerPlace place;
    place.begin = pos;
    add(place, *first);
    for (int i = 0; i < 5; ++i) {
      const auto next = joined_environment(place.end, boxed);
      if (!next) break;
      add(place, *next);
    }
    if (boxed) place.end = skip_space(text_, place.end);
    return place;
  }

  // \s* then environments.
  std::optional<AnswerPlace> spaced_environments(std::size_t pos) {
    const std::size_t run_end = skip_space(text_, pos);
    if (auto place = environments_at(run_end, false)) return place;
    if (run_end == pos) return std::nullopt;
    return environments_at(run_end - code_point_before(text_, run_end).bytes, false);
  }

 private:
  bool escaped(std::size_t pos) const { return pos > 0 && text_[pos - 1] == '\\'; }

  bool after_digit(std::size_t pos) const {
    return pos > 0 && is_decimal(code_point_before(text_, pos).value);
  }

  // True when the content holds "\boxed{", at least one character, and a "}" after it.
  bool holds_box(std::size_t begin, std::size_t end) {
    constexpr std::size_t kBox = 7;
    const std::size_t box = next_box_(begin);
    if (box == kNone || box >= end) return false;
    const std::size_t brace = next_brace_(box + kBox + 1);
    return brace != kNone && brace < end;
  }

  std::optional<Found> dollars(std::size_t pos) {
    if (stands(text_, pos, "$$") && !escaped(pos)) {
      const std::size_t close = next_double_dollar_(pos + 2);
      if (close != kNone && close > pos + 2 && text_[close - 1] != '\\') {
        return Found{pos + 2, close, close + 2};
      }
    }
    if (escaped(pos) || after_digit(pos)) return std::nullopt;
    const std::size_t close = next_dollar_(pos + 1);
    if (close == kNone || close == pos + 1 || next_line_(pos + 1) < close) return std::nullopt;
    return Found{pos + 1, close, close + 1};
  }

  std::optional<Found> bracket(std::size_t pos) {
    const std::size_t close = next_bracket_(pos + 2);
    if (close == kNone || close == pos + 2 || text_[close - 1] == '\\') return std::nullopt;
    return Found{pos + 2, close, close + 2};
  }

  std::optional<Found> parenthesis(std::size_t pos) {
    const std::size_t close = next_parenthesis_(pos + 2);
    if (close == kNone || close == pos + 2 || text_[close - 1] == '\\') return std::nullopt;
    if (next_line_(pos + 2) < close) return std::nullopt;
    return Found{pos + 2, close, close + 2};
  }

  // White space, "[", neither brackets nor a line break, "]", white space.
  std::optional<Found> spaced_bracket(std::size_t pos, std::size_t space) const {
    const std::size_t begin = pos + space + 1;
    const std::size_t close = text_.find_first_of("\n[]", begin);
    if (close == kNone || close == begin || text_[close] != ']') return std::nullopt;
    const std::size_t after = space_at(text_, close + 1);
    if (after == 0) return std::nullopt;
    return Found{begin, close, close + 1 + after};
  }

  // -?\d+([.,]\d+)? in braces
  std::size_t number_in_braces(std::size_t pos) const {
    if (at(text_, pos) != '{') return kNone;
    ++pos;
    if (at(text_, pos) == '-') ++pos;
    std::size_t end = scan::digits_end(text_, pos);
    if (end == pos) return kNone;
    if (at(text_, end) == '.' || at(text_, end) == ',') {
      const std::size_t more = scan::digits_end(text_, end + 1);
      if (more > end + 1) end = more;
    }
    return at(text_, end) == '}' ? end + 1 : kNone;
  }

  std::optional<Found> fraction(std::size_t pos) const {
    std::size_t command = pos;
    if (at(text_, command) == '-') ++command;
    if (!stands(text_, command, "\\frac")) return std::nullopt;
    const std::size_t middle = number_in_braces(command + 5);
    if (middle == kNone) return std::nullopt;
    const std::size_t end = number_in_braces(middle);
    if (end == kNone) return std::nullopt;
    return Found{pos, end, end};
  }

  std::optional<Found> environment_at(std::size_t pos, bool boxed) {
    if (pos >= text_.size()) return std::nullopt;
    std::optional<Found> found;
    const char c = text_[pos];
    if (c == '$') {
      found = dollars(pos);
    } else if (c == '\\' && at(text_, pos + 1) == '[' && !escaped(pos)) {
      found = bracket(pos);
    } else if (c == '\\' && at(text_, pos + 1) == '(' && !escaped(pos)) {
      found = parenthesis(pos);
    } else if (const std::size_t space = space_at(text_, pos);
               space > 0 && at(text_, pos + space) == '[') {
      found = spaced_bracket(pos, space);
    } else if (!boxed && (c == '-' || c == '\\')) {
      return fraction(pos);
    }
    if (found && boxed && !holds_box(found->content_begin, found->content_end)) return std::nullopt;
    return found;
  }

  // \s* then an environment. " [x] " begins with white space of its own, so the last character is
  // left to it.
  std::optional<Found> spaced_environment(std::size_t pos, bool boxed) {
    const std::size_t run_end = skip_space(text_, pos);
    if (const auto found = environment_at(run_end, boxed)) return found;
    if (run_end == pos) return std::nullopt;
    return environment_at(run_end - code_point_before(text_, run_end).bytes, boxed);
  }

  std::optional<Found> joined_environment(std::size_t pos, bool boxed) {
    pos = skip_space(text_, pos);
    const std::size_t word = at(text_, pos) == ',' ? pos + 1 : pos;
    for (const std::string_view joint : {"and", "or"}) {
      if (!stands(text_, word, joint)) continue;
      if (const auto found = spaced_environment(word + joint.size(), boxed)) return found;
    }
    return word > pos ? spaced_environment(word, boxed) : std::nullopt;
  }

  void add(AnswerPlace& place, const Found& found) {
    LatexEnv env;
    env.content = text_.substr(found.content_begin, found.content_end - found.content_begin);
    std::size_t end = skip_space(text_, found.end);
    for (const std::string_view sign : {"%", "\\%", "percent", "Percent", "pct", "Pct"}) {
      if (!stands(text_, end, sign)) continue;
      env.percent = true;
      end += sign.size();
      break;
    }
    place.end = end;
    place.envs.push_back(env);
  }

  std::string_view text_;
  scan::NextFinder<FindText> next_double_dollar_{{text_, "$$"}};
  scan::NextFinder<FindDollar> next_dollar_{{text_}};
  scan::NextFinder<FindText> next_bracket_{{text_, "\\]"}};
  scan::NextFinder<FindText> next_parenthesis_{{text_, "\\)"}};
  scan::NextFinder<FindText> next_line_{{text_, "\n"}};
  scan::NextFinder<FindText> next_box_{{text_, "\\boxed{"}};
  scan::NextFinder<FindText> next_brace_{{text_, "}"}};
};

}  // namespace

void latex_i_hope(std::string_view text, PlaceList& places) {
  LatexScanner scanner(text);
  after_phrase(
      text, "final answer is",
      [&](std::size_t pos) -> std::optional<AnswerPlace> {
        if (at(text, pos) == ':') ++pos;
        auto place = scanner.spaced_environments(pos);
        if (!place) return std::nullopt;
        const std::size_t end = scan::after_i_hope(text, place->end);
        if (end == kNone) return std::nullopt;
        place->end = end;
        return place;
      },
      places);
}

void latex_final_answer(std::string_view text, PlaceList& places) {
  LatexScanner scanner(text);
  after_phrase(
      text, "final answer",
      [&](std::size_t pos) {
        return after_is(text, pos, /*across_lines=*/true, [&](std::size_t end) {
          return scanner.spaced_environments(at(text, end) == ':' ? end + 1 : end);
        });
      },
      places);
}

void latex_answer(std::string_view text, bool colon, PlaceList& places) {
  LatexScanner scanner(text);
  after_phrase(
      text, "answer",
      [&](std::size_t pos) -> std::optional<AnswerPlace> {
        if (colon) {
          if (at(text, pos) != ':') return std::nullopt;
          ++pos;
        }
        for (int k = 0; k <= 50 && pos < text.size(); ++k) {
          if (auto place = scanner.environments_at(pos, false)) return place;
          pos += code_point_at(text, pos).bytes;
        }
        return std::nullopt;
      },
      places);
}

void latex_anywhere(std::string_view text, bool boxed, PlaceList& places) {
  LatexScanner scanner(text);
  everywhere(text, [&](std::size_t pos) { return scanner.environments_at(pos, boxed); }, places);
}

void bare_box(std::string_view text, PlaceList& places) {
  constexpr std::string_view kBox = "\\boxed{";
  const std::size_t begin = text.find(kBox);
  const std::size_t last = text.rfind('}');
  if (begin == kNone || last == kNone || last < begin + kBox.size() + 1) return;
  AnswerPlace place;
  place.begin = begin;
  place.end = last + 1;
  place.envs.push_back({text.substr(begin, place.end - begin), false, true});
  places.push_back(std::move(place));
}

}  // namespace assay::extract

// The extraction of numbers and arithmetic written without LaTeX. Where a regular expression can
// match in more than one way, the ways are tried in the order of a backtracking matcher.
#include <array>
#include <optional>

#include "base/ascii.h"
#include "score/math/extract_parts.h"
#include "score/math/scan.h"

namespace assay::extract {

using scan::at;
using scan::kNone;
using scan::skip_space;
using scan::space_at;
using scan::stands;

namespace {

// What must follow a number or expression that ends at `end`. Returns where the whole match ends;
// kNone: no match.
using AnyEnd = std::size_t (*)(std::string_view text, std::size_t end);

std::size_t any_end(std::string_view, std::size_t end) {
  return end;
}
std::size_t no_equals_after(std::string_view text, std::size_t end) {
  return at(text, skip_space(text, end)) == '=' ? kNone : end;
}

bool is_currency(char32_t c) {
  return c == '$' || c == 0xA3 || c == 0xA5 || c == 0xE3F || (c >= 0x20A1 && c <= 0x20BF);
}

// Bytes of the arithmetic operator at i ("+-*/^()" and the times and division signs); 0: none.
std::size_t operator_at(std::string_view text, std::size_t i) {
  if (i >= text.size()) return 0;
  if (std::string_view("+-*/^()").find(text[i]) != kNone) return 1;
  return stands(text, i, "\xC3\x97") || stands(text, i, "\xC3\xB7") ? 2 : 0;
}

// Bytes of what may stand in an expression at i; 0: nothing.
std::size_t expression_char(std::string_view text, std::size_t i) {
  if (i >= text.size()) return 0;
  if (is_digit(text[i]) || text[i] == '.') return 1;
  if (const std::size_t bytes = operator_at(text, i); bytes > 0) return bytes;
  return space_at(text, i);
}

// "(?:\*\*)?(?:\.|,|:|\s|\)|\$|$)": where it ends.
std::size_t after_suffix(std::string_view text, std::size_t i) {
  if (stands(text, i, "**")) i += 2;
  if (i >= text.size()) return text.size();
  const char c = text[i];
  if (c == '.' || c == ',' || c == ':' || c == ')' || c == '$') return i + 1;
  const std::size_t space = space_at(text, i);
  return space > 0 ? i + space : kNone;
}

class PlainScanner {
 public:
  PlainScanner(std::string_view text, AnyEnd accept) : text_(text), accept_(accept) {}

  std::optional<AnswerPlace> either_at(std::size_t pos) {
    if (auto place = expression_at(pos)) return place;
    return number_at(pos);
  }

  std::optional<AnswerPlace> expression_at(std::size_t pos) {
    return after_prefix(pos, [this](std::size_t p) { return expression(p); });
  }

  std::optional<AnswerPlace> number_at(std::size_t pos) {
    return after_prefix(pos, [this](std::size_t p) -> std::optional<AnswerPlace> {
      if (p < text_.size()) {
        const CodePoint c = code_point_at(text_, p);
        if (is_currency(c.value)) {
          if (auto place = number(p + c.bytes)) return place;
        }
      }
      return number(p);
    });
  }

 private:
  // "(?:^|\s|\=)(?:\*\*)?" then `rest`.
  template <typename Rest>
  std::optional<AnswerPlace> after_prefix(std::size_t pos, Rest rest) {
    const std::size_t space = space_at(text_, pos);
    const bool equals = at(text_, pos) == '=';
    const std::array<std::size_t, 2> starts{pos == 0 ? 0 : kNone, space > 0 ? pos + space
                                                                  : equals  ? pos + 1
                                                                            : kNone};
    for (const std::size_t start : starts) {
      if (start == kNone) continue;
      if (stands(text_, start, "**")) {
        if (auto place = rest(start + 2)) return with_begin(*std::move(place), pos);
      }
      if (auto place = rest(start)) return with_begin(*std::move(place), pos);
    }
    return std::nullopt;
  }

  static AnswerPlace with_begin(AnswerPlace place, std::size_t begin) {
    place.begin = begin;
    return place;
  }

  // "\)?" and the suffix after an expression's last character: where the match may end.
  std::size_t expression_end(std::size_t c) const {
    if (at(text_, c) == ')') {
      const std::size_t end = after_suffix(text_, c + 1);
      if (end != kNone) {
        const std::size_t accepted = accept_(text_, end);
        if (accepted != kNone) return accepted;
      }
    }
    const std::size_t end = after_suffix(text_, c);
    return end == kNone ? kNone : accept_(text_, end);
  }

  std::optional<AnswerPlace> expression(std::size_t begin) {
    std::size_t digit = begin;
    if (at(text_, digit) == '-') ++digit;
    if (at(text_, digit) == '(') ++digit;
    if (at(text_, digit) == '-') ++digit;
    if (!is_digit(at(text_, digit))) return std::nullopt;
    find_run(digit);
    if (digit < last_digit_) next_operator_ = digit + 1;
    last_digit_ = digit;
    std::size_t op = std::max(next_operator_, digit + 1);
    while (op < run_end_ && operator_at(text_, op) == 0) op += expression_char(text_, op);
    next_operator_ = op;
    // A backtracking matcher tries the longest match first. Matches that use an operator further to
    // the left do not end later, so the last possible end decides.
    if (op >= run_end_ || last_end_ == kNone || last_end_ < op + operator_at(text_, op) + 1) {
      return std::nullopt;
    }
    AnswerPlace place;
    place.end = expression_end(last_end_);
    // The optional ")" belongs to the expression only when the suffix follows it.
    std::size_t expression_stop = last_end_;
    if (at(text_, last_end_) == ')') {
      const std::size_t end = after_suffix(text_, last_end_ + 1);
      if (end != kNone && accept_(text_, end) != kNone) ++expression_stop;
    }
    place.expression = text_.substr(begin, expression_stop - begin);
    return place;
  }

  // The run of expression characters after the digit, and the last place in it where an
  // expression may end. Both are the same for all digits of one run.
  void find_run(std::size_t digit) {
    if (run_begin_ != kNone && digit >= run_begin_ && digit < run_end_) return;
    run_begin_ = digit;
    last_digit_ = digit;
    next_operator_ = digit + 1;
    run_end_ = digit + 1;
    while (const std::size_t bytes = expression_char(text_, run_end_)) run_end_ += bytes;
    last_end_ = kNone;
    for (std::size_t c = run_end_; c > digit + 1;) {
      if (expression_end(c) != kNone) {
        last_end_ = c;
        return;
      }
      c -= code_point_before(text_, c).bytes;
    }
  }

  std::optional<AnswerPlace> number(std::size_t begin) const {
    if (begin > 0 && is_digit(text_[begin - 1])) return std::nullopt;
    const std::size_t first = begin + (at(text_, begin) == '-' ? 1 : 0);
    if (auto place = grouped_number(begin, first)) return place;
    const std::size_t end = scan::digits_end(text_, first);
    if (end > first && (at(text_, end) == '.' || at(text_, end) == ',')) {
      if (auto place = with_decimal(begin, end, end)) return place;
    }
    if (at(text_, begin) == '.') {
      if (auto place = with_decimal(begin, begin, begin)) return place;
    }
    for (std::size_t e = end; e > first; --e) {
      if (auto place = with_percent(begin, e, e)) return place;
    }
    return std::nullopt;
  }

  // "1,234.5" and "1 234.5"
  std::optional<AnswerPlace> grouped_number(std::size_t begin, std::size_t first) const {
    if (!is_digit(at(text_, first)) || text_[first] == '0') return std::nullopt;
    const std::size_t lead_end = std::min(scan::digits_end(text_, first), first + 3);
    for (std::size_t lead = lead_end; lead > first; --lead) {
      std::size_t end = lead;
      while ((at(text_, end) == ' ' || at(text_, end) == ',') && is_digit(at(text_, end + 1)) &&
             is_digit(at(text_, end + 2)) && is_digit(at(text_, end + 3))) {
        end += 4;
      }
      for (; end > lead; end -= 4) {
        if (at(text_, end) == '.') {
          if (auto place = with_decimal(begin, end, end)) return place;
        }
        if (auto place = with_percent(begin, end, end)) return place;
      }
    }
    return std::nullopt;
  }

  // The decimals after the separator at `point`, the longest first.
  std::optional<AnswerPlace> with_decimal(std::size_t begin, std::size_t integer_end,
                                          std::size_t point) const {
    for (std::size_t e = scan::digits_end(text_, point + 1); e > point + 1; --e) {
      if (auto place = with_percent(begin, integer_end, e)) return place;
    }
    return std::nullopt;
  }

  std::optional<AnswerPlace> with_percent(std::size_t begin, std::size_t integer_end,
                                          std::size_t end) const {
    AnswerPlace place;
    place.integer = text_.substr(begin, integer_end - begin);
    place.decimal = text_.substr(integer_end, end - integer_end);
    const std::size_t sign = skip_space(text_, end);
    for (const std::string_view word :
         {"%", "percent", "Percent", "percentage", "Percentage", "pct", "Pct"}) {
      if (!stands(text_, sign, word)) continue;
      place.end = accept_(text_, sign + word.size());
      place.percent = true;
      if (place.end != kNone) return place;
    }
    place.percent = false;
    place.end = accept_(text_, end);
    if (place.end == kNone) return std::nullopt;
    return place;
  }

  std::string_view text_;
  AnyEnd accept_;
  std::size_t run_begin_ = kNone;
  std::size_t run_end_ = 0;
  std::size_t last_end_ = kNone;
  std::size_t next_operator_ = 0;  // first operator after last_digit_
  std::size_t last_digit_ = 0;
};

// ".{0,100}=\s*", the longest match first, then an expression or number. "." matches no line break.
std::optional<AnswerPlace> after_equals(std::string_view text, std::size_t pos,
                                        PlainScanner& scanner) {
  std::array<std::size_t, 101> signs{};
  std::size_t count = 0;
  std::size_t i = pos;
  for (int k = 0; k <= 100 && i < text.size(); ++k) {
    if (text[i] == '=') signs[count++] = i;
    if (text[i] == '\n') break;
    i += code_point_at(text, i).bytes;
  }
  while (count > 0) {
    const std::size_t after = signs[--count] + 1;
    // \s* takes all white space, or leaves the last character to the number's own prefix.
    const std::size_t run_end = skip_space(text, after);
    if (auto place = scanner.either_at(run_end)) return place;
    if (run_end == after) continue;
    const std::size_t last = run_end - code_point_before(text, run_end).bytes;
    if (auto place = scanner.either_at(last)) return place;
  }
  return std::nullopt;
}

}  // namespace

void plain_i_hope(std::string_view text, PlaceList& places) {
  PlainScanner scanner(text, scan::after_i_hope);
  after_phrase(
      text, "final answer is",
      [&](std::size_t pos) -> std::optional<AnswerPlace> {
        if (at(text, pos) == ':') ++pos;
        const std::size_t run_end = skip_space(text, pos);
        if (auto place = scanner.either_at(run_end)) return place;
        if (run_end == pos) return std::nullopt;
        return scanner.either_at(run_end - code_point_before(text, run_end).bytes);
      },
      places);
}

void plain_final_answer(std::string_view text, PlaceList& places) {
  PlainScanner scanner(text, any_end);
  after_phrase(
      text, "final answer",
      [&](std::size_t pos) {
        return after_is(text, pos, /*across_lines=*/false, [&](std::size_t end) {
          std::optional<AnswerPlace> place;
          if (at(text, end) == ':') place = scanner.either_at(end + 1);
          return place ? place : scanner.either_at(end);
        });
      },
      places);
}

void plain_answer(std::string_view text, bool colon, PlaceList& places) {
  PlainScanner scanner(text, no_equals_after);
  after_phrase(
      text, "answer",
      [&](std::size_t pos) -> std::optional<AnswerPlace> {
        if (colon) {
          if (at(text, pos) != ':') return std::nullopt;
          ++pos;
        }
        if (auto place = after_equals(text, pos, scanner)) return place;
        for (int k = 0; k <= 50 && pos < text.size(); ++k) {
          if (auto place = scanner.either_at(pos)) return place;
          if (text[pos] == '\n') break;
          pos += code_point_at(text, pos).bytes;
        }
        return std::nullopt;
      },
      places);
}

void plain_expressions(std::string_view text, PlaceList& places) {
  PlainScanner scanner(text, any_end);
  everywhere(text, [&](std::size_t pos) { return scanner.expression_at(pos); }, places);
}

void plain_numbers(std::string_view text, PlaceList& places) {
  PlainScanner scanner(text, any_end);
  everywhere(text, [&](std::size_t pos) { return scanner.number_at(pos); }, places);
}

}  // namespace assay::extract

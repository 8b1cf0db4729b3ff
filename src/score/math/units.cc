#include "score/math/units.h"

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "base/unicode.h"
#include "score/math/scan.h"
#include "score/math/unit_words.h"

namespace assay {

namespace {

using scan::kNone;

// Where `unit` begins when it ends at `end`; kNone when it does not end there.
std::size_t unit_begin(std::string_view text, std::size_t end, std::string_view unit) {
  if (unit.empty() || end < unit.size()) return kNone;
  const std::size_t begin = end - unit.size();
  for (std::size_t i = 0; i < unit.size(); ++i) {
    if (unit[i] != '?' && unit[i] != text[begin + i]) return kNone;
  }
  return begin;
}

// The last character that stays when a unit that begins at `begin` is removed: a digit, a "}" or
// white space. kNone: none of them precedes the unit.
std::size_t unit_anchor(std::string_view text, std::size_t begin) {
  std::size_t run = begin;
  while (run > 0 && is_python_space(text[run - 1])) --run;
  if (run > 0 && (is_digit(text[run - 1]) || text[run - 1] == '}')) return run - 1;
  return run < begin ? run : kNone;
}

std::string without_unit(const std::string& text) {
  std::size_t end = text.size();
  while (end > 0 && is_python_space(text[end - 1])) --end;
  std::size_t best = kNone;
  // A unit may end in "any character", so one white-space character at the end may belong to it.
  for (std::size_t stop = end; stop <= std::min(text.size(), end + 1); ++stop) {
    for (const std::string_view plural : {"", "s", "es"}) {
      const std::size_t unit_end = plural.empty() ? stop : unit_begin(text, stop, plural);
      if (unit_end == kNone) continue;
      const auto consider = [&](std::string_view unit) {
        const std::size_t begin = unit_begin(text, unit_end, unit);
        if (begin != kNone) best = std::min(best, unit_anchor(text, begin));
      };
      for (const std::string_view unit : kUnits) consider(unit);
    }
  }
  return best == kNone ? text : text.substr(0, best + 1);
}

std::string without_unit_text(const std::string& text) {
  const std::size_t begin = std::min(text.find("\\text{"), text.find("\\mbox{"));
  if (begin == kNone) return std::string(python_strip(text));
  const std::size_t inside = begin + 6;
  const std::size_t n = text.size();
  const bool closed = text.ends_with('}') && n > inside;
  const bool powered =
      n > inside + 2 && is_digit(text[n - 1]) && text[n - 2] == '^' && text[n - 3] == '}';
  return std::string(python_strip(closed || powered ? text.substr(0, begin) : text));
}

std::size_t skip_one_space(std::string_view text, std::size_t i) {
  return i < text.size() && is_python_space(text[i]) ? i + 1 : i;
}

// `head`, at most one white-space character, "(", anything, ")" become `to`{anything}.
std::string parentheses_to_braces(std::string_view text, std::string_view head,
                                  std::string_view to) {
  std::string result;
  std::size_t i = 0;
  while (i < text.size()) {
    if (scan::stands(text, i, head)) {
      const std::size_t open = skip_one_space(text, i + head.size());
      const std::size_t close = scan::at(text, open) == '(' ? text.find(')', open) : kNone;
      if (close != kNone) {
        result.append(to).append("{").append(text.substr(open + 1, close - open - 1)).append("}");
        i = close + 1;
        continue;
      }
    }
    result.push_back(text[i++]);
  }
  return result;
}

// \frac or \log_ with two bare numbers: puts both in braces.
std::string brace_two_numbers(std::string_view text, std::string_view head) {
  std::string result;
  std::size_t i = 0;
  while (i < text.size()) {
    if (scan::stands(text, i, head)) {
      const std::size_t first = skip_one_space(text, i + head.size());
      if (is_digit(scan::at(text, first))) {
        const std::size_t second = skip_one_space(text, first + 1);
        const std::size_t end = scan::digits_end(text, second);
        if (end > second) {
          result.append(head).append("{").append(text.substr(first, 1)).append("}{");
          result.append(text.substr(second, end - second)).append("}");
          i = end;
          continue;
        }
      }
    }
    result.push_back(text[i++]);
  }
  return result;
}

// \frac{…}3: puts the digit after the first "}" that has one in braces.
std::string brace_denominator(std::string_view text) {
  constexpr std::string_view kFrac = "\\frac";
  std::string result;
  std::size_t i = 0;
  while (i < text.size()) {
    if (scan::stands(text, i, kFrac)) {
      const std::size_t open = skip_one_space(text, i + kFrac.size());
      if (scan::at(text, open) == '{') {
        std::size_t close = text.find('}', open + 1);
        while (close != kNone && !is_digit(scan::at(text, skip_one_space(text, close + 1)))) {
          close = text.find('}', close + 1);
        }
        if (close != kNone) {
          const std::size_t digit = skip_one_space(text, close + 1);
          result.append(kFrac).append("{").append(text.substr(open + 1, close - open - 1));
          result.append("}{").append(text.substr(digit, 1)).append("}");
          i = digit + 1;
          continue;
        }
      }
    }
    result.push_back(text[i++]);
  }
  return result;
}

// \frac3{…} and \sqrt3: puts the digit in braces.
std::string brace_digit(std::string_view text, std::string_view head, bool group_follows) {
  std::string result;
  std::size_t i = 0;
  while (i < text.size()) {
    if (scan::stands(text, i, head)) {
      const std::size_t digit = skip_one_space(text, i + head.size());
      std::size_t end = digit + 1;
      bool matches = is_digit(scan::at(text, digit));
      std::string_view group;
      if (matches && group_follows) {
        const std::size_t open = skip_one_space(text, end);
        const std::size_t close = scan::at(text, open) == '{' ? text.find('}', open) : kNone;
        matches = close != kNone;
        if (matches) {
          group = text.substr(open, close + 1 - open);
          end = close + 1;
        }
      }
      if (matches) {
        result.append(head).append("{").append(text.substr(digit, 1)).append("}").append(group);
        i = end;
        continue;
      }
    }
    result.push_back(text[i++]);
  }
  return result;
}

std::string_view left_strip(std::string_view text) {
  return text.substr(scan::skip_space(text, 0));
}

std::string fix_sqrt(const std::string& text) {
  constexpr std::string_view kSqrt = "\\sqrt";
  std::size_t i = text.find(kSqrt);
  std::string fixed = text.substr(0, i);
  while (i != kNone) {
    const std::size_t begin = i + kSqrt.size();
    i = text.find(kSqrt, begin);
    const std::string_view part = left_strip(std::string_view(text).substr(begin, i - begin));
    fixed += kSqrt;
    if (!part.empty() && part[0] != '{' && part[0] != '[') {
      fixed.append("{").append(part.substr(0, 1)).append("}").append(part.substr(1));
    } else {
      fixed += part;
    }
  }
  return fixed;
}

std::string fix_fracs(const std::string& text) {
  constexpr std::string_view kFrac = "\\frac";
  std::size_t i = text.find(kFrac);
  std::string fixed = text.substr(0, i);
  while (i != kNone) {
    const std::size_t begin = i + kFrac.size();
    i = text.find(kFrac, begin);
    const std::string_view part = left_strip(std::string_view(text).substr(begin, i - begin));
    fixed += kFrac;
    if (!part.empty() && part[0] == '{') {
      fixed += part;
      continue;
    }
    if (part.size() < 2) return text;
    fixed.append("{").append(part.substr(0, 1)).append("}");
    if (part[1] == '{') {
      fixed.append(part.substr(1));
    } else {
      fixed.append("{").append(part.substr(1, 1)).append("}").append(part.substr(2));
    }
  }
  return fixed;
}

bool canonical_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  return text[0] != '0' || (text.size() == 1 && !negative);
}

std::string fix_a_slash_b(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == kNone) return text;
  const std::string a = text.substr(0, slash);
  const std::string b = text.substr(slash + 1);
  if (!canonical_integer(a) || !canonical_integer(b)) return text;
  std::string fraction("\\frac{");
  return fraction.append(a).append("}{").append(b).append("}");
}

}  // namespace

std::string without_units(std::string text) {
  const auto keep_if_not_empty = [&text](std::string shorter) {
    if (!shorter.empty()) text = std::move(shorter);
  };
  keep_if_not_empty(without_unit_text(text));
  keep_if_not_empty(without_unit(text));
  keep_if_not_empty(without_unit(text));
  return text;
}

std::string fix_operators(std::string text) {
  text = parentheses_to_braces(text, "^", "^");
  text = parentheses_to_braces(text, "sqrt", "\\sqrt");
  text = brace_two_numbers(text, "\\frac");
  text = brace_two_numbers(text, "\\log_");
  text = brace_denominator(text);
  text = brace_digit(text, "\\frac", true);
  text = brace_digit(text, "\\sqrt", false);
  for (std::size_t i = text.find(" sqrt"); i != kNone; i = text.find(" sqrt", i + 5)) {
    text[i] = '\\';
  }
  return fix_a_slash_b(fix_fracs(fix_sqrt(text)));
}

}  // namespace assay

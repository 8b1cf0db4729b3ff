// The rules of own_rules.h about texts: signs of Unicode, and answers in words.
#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/text.h"
#include "base/unicode.h"
#include "score/math/own_rules.h"
#include "score/math/scan.h"

namespace assay {

namespace {

using scan::kNone;

struct Sign {
  char32_t character;
  std::string_view plain;
};

constexpr std::array kSigns = {
    Sign{U'°', "^\\circ"},     Sign{U'º', "^\\circ"},      Sign{U'−', "-"},
    Sign{U'×', "\\times "},    Sign{U'·', "\\cdot "},      Sign{U'⋅', "\\cdot "},
    Sign{U'÷', "\\div "},      Sign{U'π', "\\pi "},        Sign{U'∞', "\\infty "},
    Sign{U'≤', "\\le "},       Sign{U'≥', "\\ge "},        Sign{U'∪', "\\cup "},
    Sign{U'∈', "\\in "},       Sign{U'½', "\\frac{1}{2}"}, Sign{U'¼', "\\frac{1}{4}"},
    Sign{U'¾', "\\frac{3}{4}"}};

// Characters that are not shown: of no width, of direction, the byte-order mark.
bool is_unseen(char32_t c) {
  return (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x2069) || c == 0xFEFF || c == 0x061C;
}

bool is_wide_space(char32_t c) {
  return c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

// "√2", "√(2)" and "√{2}" from the character after the sign on; 0: something else follows.
std::size_t root_end(std::string_view text, std::size_t at) {
  const std::size_t digits = scan::digits_end(text, at);
  return digits > at ? digits : 0;
}

// Appends the character, or what takes its place; returns where the next one begins.
std::size_t append_plain(std::string_view text, std::size_t at, std::string& into) {
  const CodePoint c = code_point_at(text, at);
  const std::size_t next = at + c.bytes;
  if (is_unseen(c.value)) return next;
  if (is_wide_space(c.value)) {
    into.push_back(' ');
  } else if (c.value >= 0xFF01 && c.value <= 0xFF5E) {
    into.push_back(static_cast<char>(c.value - 0xFF01 + '!'));
  } else if (c.value == U'√' && root_end(text, next) != 0) {
    const std::size_t end = root_end(text, next);
    into.append("\\sqrt{").append(text.substr(next, end - next)).append("}");
    return end;
  } else if (c.value == U'√') {
    into += "\\sqrt ";
  } else if (const auto* const sign = std::ranges::find(kSigns, c.value, &Sign::character);
             sign != kSigns.end()) {
    into += sign->plain;
  } else {
    into += text.substr(at, c.bytes);
  }
  return next;
}

}  // namespace

std::string plain_signs(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if ((text[i] & 0x80) == 0) {
      plain.push_back(text[i++]);
    } else {
      i = append_plain(text, i, plain);
    }
  }
  // Spelt with a space it would be taken for a unit.
  for (const std::string_view word :
       {"\\text{ percent}", "\\mathrm{ percent}", "\\mbox{ percent}"}) {
    plain = replace_all(std::move(plain), word, "\\%");
  }
  return plain;
}

std::string words_of(std::string_view text) {
  std::string plain(text);
  for (const std::string_view command : {"\\textbf", "\\textit", "\\textrm", "\\text", "\\mbox"}) {
    plain = replace_all(std::move(plain), command, "");
  }
  std::string words;
  for (const char c : plain) {
    if (is_letter(c)) {
      words.push_back(to_lower(c));
    } else if (!is_c_space(c) && std::string_view("{}()*_.,;:!'\"$-`").find(c) == kNone) {
      return "";
    }
  }
  return words;
}

std::string_view final_statement(std::string_view output) {
  constexpr std::string_view kPhrase = "answer is";
  std::size_t begin = kNone;
  for (std::size_t i = scan::find_word(output, kPhrase, 0); i != kNone;
       i = scan::find_word(output, kPhrase, i + 1)) {
    begin = i + kPhrase.size();
  }
  if (begin == kNone) return {};
  std::string_view statement = output.substr(begin);
  if (statement.starts_with(':')) statement.remove_prefix(1);
  statement = trim(statement);
  statement = statement.substr(0, statement.find('\n'));
  return trim(statement.substr(0, statement.find(". ")));
}

namespace {

// Behind the group that opens at `at`; npos: there is none, or it is never closed.
std::size_t group_end(std::string_view text, std::size_t at) {
  if (scan::at(text, at) != '{') return kNone;
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '{') ++depth;
    if (text[at] == '}' && --depth == 0) return at + 1;
  }
  return kNone;
}

// "12\,000.5" as 12000.5; every other text stays.
std::string joined_thousands(std::string_view text) {
  std::string joined;
  std::size_t at = text.starts_with('-') ? 1 : 0;
  const std::size_t lead = scan::digits_end(text, at);
  if (lead == at || lead - at > 3) return std::string(text);
  joined = text.substr(0, lead);
  at = lead;
  bool any = false;
  while (at < text.size() && text[at] != '.') {
    std::size_t digits = at;
    for (const std::string_view gap : {"\\,", "\\;", "\\:", "\\ ", "\\!", "{,}", " "}) {
      if (digits == at && scan::stands(text, at, gap)) digits += gap.size();
    }
    if (digits == at || scan::digits_end(text, digits) != digits + 3) return std::string(text);
    joined += text.substr(digits, 3);
    at = digits + 3;
    any = true;
  }
  const std::string_view decimals = text.substr(at);
  const bool number =
      decimals.empty() || (decimals.size() > 1 && scan::digits_end(decimals, 1) == decimals.size());
  return any && number ? joined + std::string(decimals) : std::string(text);
}

// "\frac{1}{3}" of "\frac{1}{3} = 0.333…"
std::string_view without_decimal_side(std::string_view text) {
  const std::size_t sign = text.find('=');
  if (sign == kNone || text.find('=', sign + 1) != kNone) return text;
  const std::string_view digits = before_dots(trim(text.substr(sign + 1)));
  const std::string_view left = trim(text.substr(0, sign));
  const bool decimal = !digits.empty() && std::ranges::all_of(digits, [](char c) {
    return is_digit(c) || c == '.' || c == '-';
  });
  return decimal && std::ranges::any_of(left, is_digit) ? left : text;
}

}  // namespace

std::string undressed(std::string_view content) {
  std::string text;
  for (std::size_t i = 0; i < content.size();) {
    if (content[i] == '~') {
      text.push_back(' ');
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (content[i] == '\\' && is_letter(scan::at(content, end))) ++end;
    const std::string_view command = content.substr(i, end - i);
    if (command == "\\color" || command == "\\textcolor") {
      const std::size_t behind = group_end(content, end);
      if (behind != kNone) end = behind;
    } else if (command != "\\large" && command != "\\Large" && command != "\\LARGE" &&
               command != "\\huge" && command != "\\Huge" && command != "\\small" &&
               command != "\\underline") {
      text += command;
    }
    i = end;
  }
  return joined_thousands(without_decimal_side(trim(text)));
}

std::string with_plain_boxes(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '\\' && text[i] != '<') {
      out.push_back(text[i++]);
      continue;
    }
    const std::string_view rest = text.substr(i);
    const auto takes = [&](std::string_view marker, std::string_view as) {
      if (!rest.starts_with(marker)) return false;
      out += as;
      i += marker.size();
      return true;
    };
    if (takes("<|begin_of_box|>", "\\boxed{") || takes("<|end_of_box|>", "}")) continue;
    if (takes("\\framebox{", "\\boxed{")) continue;
    if (rest.starts_with("\\bbox[")) {
      constexpr std::size_t kLongest = 60;
      const std::size_t close = rest.substr(0, kLongest).find("]{");
      if (close != kNone) {
        out += "\\boxed{";
        i += close + 2;
        continue;
      }
    }
    if (takes("\\boxed", "\\boxed")) {
      const std::size_t end = scan::digits_end(text, i);
      if (end > i) out.append("{").append(text.substr(i, end - i)).append("}");
      i = end;
      continue;
    }
    out.push_back(text[i++]);
  }
  return out;
}

bool thinks_again(std::string_view between) {
  constexpr std::size_t kFarthest = 400;
  if (between.size() > kFarthest) return false;
  std::string word;
  for (std::size_t i = 0; i <= between.size(); ++i) {
    if (i < between.size() && is_letter(between[i])) {
      word.push_back(to_lower(between[i]));
      continue;
    }
    for (const std::string_view doubt :
         {"wait", "actually", "correction", "sorry", "oops", "rather", "instead", "mistake",
          "wrong", "incorrect", "hmm", "no"}) {
      if (word == doubt) return true;
    }
    word.clear();
  }
  return false;
}

}  // namespace assay

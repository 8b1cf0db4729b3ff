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

}  // namespace assay

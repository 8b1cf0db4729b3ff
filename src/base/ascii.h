// Classes of ASCII characters, whatever the locale. Bytes of other characters belong to none of
// them. Python's classes over all of Unicode are in base/unicode.h.
#pragma once

#include <string>
#include <string_view>

namespace assay {

[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_lower_letter(char c) {
  return c >= 'a' && c <= 'z';
}
[[nodiscard]] constexpr bool is_letter(char c) {
  return is_lower_letter(c) || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_word_char(char c) {  // a letter, a digit or "_"
  return is_letter(c) || is_digit(c) || c == '_';
}

// White space, three sets that contain each other:
// space, tab, line feed, carriage return: what JSON and LaTeX's grammar skip;
[[nodiscard]] constexpr bool is_json_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
// and vertical tab and form feed: isspace() of C;
[[nodiscard]] constexpr bool is_c_space(char c) {
  return is_json_space(c) || c == '\v' || c == '\f';
}
// and the separators 0x1c to 0x1f: \s and str.strip() of Python.
[[nodiscard]] constexpr bool is_python_space(char c) {
  return is_c_space(c) || (c >= '\x1c' && c <= '\x1f');
}

[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr char to_upper(char c) {
  return is_lower_letter(c) ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace assay

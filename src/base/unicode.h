// Character classes of Python's str and re, over UTF-8 bytes: the benchmarks' rules are written in
// them. Tables from Unicode 14.0 (Python 3.11).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

struct CodePoint {
  char32_t value = 0;
  unsigned bytes = 1;  // invalid UTF-8: one byte, value U+FFFD
};

// Precondition: at < text.size().
[[nodiscard]] CodePoint code_point_at(std::string_view text, std::size_t at);
// The code point that ends just before `at`. Precondition: 0 < at <= text.size().
[[nodiscard]] CodePoint code_point_before(std::string_view text, std::size_t at);
[[nodiscard]] std::size_t count_code_points(std::string_view text);

[[nodiscard]] bool is_word(char32_t c);     // \w: letters, digits and "_" of all scripts
[[nodiscard]] bool is_decimal(char32_t c);  // \d
[[nodiscard]] bool is_space(char32_t c);    // \s

// True when a \b stands at `at`.
[[nodiscard]] bool at_word_boundary(std::string_view text, std::size_t at);

// Bytes of the white space that starts at `at` (\s*).
[[nodiscard]] std::size_t space_length(std::string_view text, std::size_t at);

// JSON text whose strings hold a lone half of a surrogate pair as an escape ("\ud83d", which Python
// writes and JSON's grammar allows, but which is no character) with "\ufffd" in its place.
[[nodiscard]] std::string mend_surrogates(std::string_view json);

// str.strip(): without the white space at both ends.
[[nodiscard]] std::string_view python_strip(std::string_view text);
// str.isspace() of the first or last code point; false for the empty text.
[[nodiscard]] bool starts_with_space(std::string_view text);
[[nodiscard]] bool ends_with_space(std::string_view text);

}  // namespace assay

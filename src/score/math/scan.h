// Small scanners shared by the answer extraction; private to score/math.
#pragma once

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "base/unicode.h"

namespace assay::scan {

inline constexpr std::size_t kNone = std::string_view::npos;

inline char at(std::string_view text, std::size_t i) {
  return i < text.size() ? text[i] : '\0';
}

inline bool stands(std::string_view text, std::size_t i, std::string_view word) {
  return i <= text.size() && text.substr(i).starts_with(word);
}

// The length in bytes of the white-space character at i; 0: none.
inline std::size_t space_at(std::string_view text, std::size_t i) {
  if (i >= text.size()) return 0;
  const CodePoint c = code_point_at(text, i);
  return is_space(c.value) ? c.bytes : 0;
}

inline std::size_t skip_space(std::string_view text, std::size_t i) {
  return i + (i < text.size() ? space_length(text, i) : 0);
}

inline std::size_t digits_end(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

// The first place of the word at or after i. The word is in lower case; ASCII case is ignored.
inline std::size_t find_word(std::string_view text, std::string_view word, std::size_t i) {
  if (i > text.size()) return kNone;
  const auto found =
      std::search(text.begin() + static_cast<std::ptrdiff_t>(i), text.end(), word.begin(),
                  word.end(), [](char a, char b) { return to_lower(a) == b; });
  return found == text.end() ? kNone : static_cast<std::size_t>(found - text.begin());
}

// "\.?\s?I hope": where it ends, kNone when it does not stand at i.
inline std::size_t after_i_hope(std::string_view text, std::size_t i) {
  if (at(text, i) == '.') ++i;
  i += space_at(text, i);
  return stands(text, i, "I hope") ? i + 6 : kNone;
}

// Caches the next place that `find` reports. Asked with rising positions, the total cost is linear.
template <typename Find>
class NextFinder {
 public:
  explicit NextFinder(Find find) : find_(find) {}
  std::size_t operator()(std::size_t from) {
    if (from < from_) {  // scanners sometimes go back a few bytes
      const std::size_t found = find_(from, from_);
      if (found < from_) return found;
    }
    if (from < from_ || from > found_ || !known_) {
      if (known_ && from < from_) return found_;
      found_ = find_(from, kNone);
      from_ = from;
      known_ = true;
    }
    return found_;
  }

 private:
  Find find_;
  std::size_t from_ = 0;
  std::size_t found_ = 0;
  bool known_ = false;
};

}  // namespace assay::scan

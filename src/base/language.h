// The languages that people are spoken to in, and what is said to them. Files for programs and logs
// are in English alone.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/text_in_languages.h"

namespace assay {

template <typename T>
using InOneLanguage = std::conditional_t<std::is_same_v<T, Text>, std::string, T>;

template <typename T>
const InOneLanguage<T>& in_language(const T& value, Language language) {
  if constexpr (std::is_same_v<T, Text>) {
    return value.in(language);
  } else {
    // NOLINTNEXTLINE(bugprone-return-const-ref-from-parameter): it is formatted in the same call
    return value;
  }
}

// A sentence with the same values in both languages, in which they may stand in another order
// ({0}, {1}); a Text among them is taken in the language of each. A sentence without its Chinese
// does not compile.
template <typename... Args>
Text bilingual(fmt::format_string<const InOneLanguage<Args>&...> english,
               fmt::format_string<const InOneLanguage<Args>&...> chinese, const Args&... values) {
  return {fmt::format(english, in_language(values, Language::en)...),
          fmt::format(chinese, in_language(values, Language::zh)...)};
}

// The texts one after the other, with what stands between two in either language.
[[nodiscard]] Text listed(const std::vector<Text>& texts, std::string_view between = ", ",
                          std::string_view between_zh = "，");
// For files and programs.
[[nodiscard]] std::vector<std::string> english_of(const std::vector<Text>& texts);

}  // namespace assay

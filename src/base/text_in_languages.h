// A text in each of the languages that people are spoken to in; base/language.h makes sentences.
#pragma once

#include <string>
#include <utility>

namespace assay {

enum class Language { en, zh };

// The same in both languages. From one string only where it is a name, a number or what another
// program said, which no language changes.
struct Text {
  std::string en;
  std::string zh;

  Text() = default;
  Text(std::string same) : en(same), zh(std::move(same)) {}
  Text(const char* same) : en(same), zh(same) {}
  Text(std::string english, std::string chinese) : en(std::move(english)), zh(std::move(chinese)) {}

  [[nodiscard]] const std::string& in(Language language) const {
    return language == Language::zh ? zh : en;
  }
  [[nodiscard]] bool empty() const { return en.empty() && zh.empty(); }
  bool operator==(const Text&) const = default;
};

}  // namespace assay

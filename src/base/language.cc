#include "base/language.h"

namespace assay {

Text listed(const std::vector<Text>& texts, std::string_view between, std::string_view between_zh) {
  Text out;
  for (const Text& text : texts) {
    if (&text != &texts.front()) {
      out.en += between;
      out.zh += between_zh;
    }
    out.en += text.en;
    out.zh += text.zh;
  }
  return out;
}

std::vector<std::string> english_of(const std::vector<Text>& texts) {
  std::vector<std::string> out;
  out.reserve(texts.size());
  for (const Text& text : texts) out.push_back(text.en);
  return out;
}

}  // namespace assay

#include "task/python_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay {

std::string python_literal(std::string_view utf8) {
  std::string out = "'";
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '\'') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string fill_template(
    std::string_view text,
    const std::vector<std::pair<std::string_view, std::string_view>>& values) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('{'), text.size());
    out += text.substr(0, open);
    text.remove_prefix(open);
    if (text.empty()) break;
    const auto hit = std::find_if(values.begin(), values.end(), [&](const auto& value) {
      const std::string_view key = value.first;
      return text.size() > key.size() + 1 && text.substr(1, key.size()) == key &&
             text[key.size() + 1] == '}';
    });
    if (hit == values.end()) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += hit->second;
      text.remove_prefix(hit->first.size() + 2);
    }
  }
  return out;
}

}  // namespace assay

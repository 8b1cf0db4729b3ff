#include "base/visible.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/unicode.h"

namespace assay {
namespace {

// Unicode's Bidi_Control property.
bool turns_direction(char32_t c) {
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069);
}

bool steers_terminal(char32_t c) {
  return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0);
}

}  // namespace

std::string visible_text(std::string_view text) {
  const std::string valid = sanitize_utf8(text);
  std::string out;
  for (std::size_t at = 0; at < valid.size();) {
    const CodePoint point = code_point_at(valid, at);
    const auto number = static_cast<unsigned>(point.value);
    if (steers_terminal(point.value)) {
      out += fmt::format("\\x{:02x}", number);
    } else if (turns_direction(point.value)) {
      out += fmt::format("\\u{:04x}", number);
    } else {
      out.append(valid, at, point.bytes);
    }
    at += point.bytes;
  }
  return out;
}

}  // namespace assay

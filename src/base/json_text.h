// JSON text in one pass, for what a run reads and writes millions of times: nlohmann's reader and
// writer look at every byte of a text several times. Each does the common case and says where it
// does not know; base/json.h then asks nlohmann, so what counts as JSON is decided there alone.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/unicode.h"

namespace assay {

// The value that nlohmann::json::parse(text) gives; of two fields of one name the last. Nothing:
// the text is no JSON, or has what is rare (nested beyond 64 levels, numbers out of range, a byte
// order mark, half a surrogate pair).
[[nodiscard]] std::optional<nlohmann::json> read_json_text(std::string_view text);

// Appends what value.dump() gives without indentation. False: it is left to nlohmann, because a
// text is not UTF-8 or the value has binary parts; `out` then ends anywhere.
[[nodiscard]] bool write_json_text(const nlohmann::json& value, std::string& out);

// Bytes of the character beyond ASCII that stands at `at`; 0: it is no UTF-8. base/unicode.h is not
// as strict: it lets halves of surrogate pairs pass, and characters in more bytes than they need.
[[nodiscard]] inline std::size_t utf8_bytes_at(std::string_view text, std::size_t at) {
  const CodePoint point = code_point_at(text, at);
  const char32_t value = point.value;
  const bool in_range =
      point.bytes == 2 ||
      (point.bytes == 3 && value >= 0x800 && (value < 0xD800 || value > 0xDFFF)) ||
      (point.bytes == 4 && value >= 0x10000 && value <= 0x10FFFF);
  return in_range ? point.bytes : 0;
}

}  // namespace assay

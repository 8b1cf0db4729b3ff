// Fields of what an OpenAI-compatible server sends: nothing in it can be relied on.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace assay {

inline constexpr std::size_t kLongestWords =
    200;  // of a server's text that a message repeats, bytes

// null where `object` is none or has no such field.
[[nodiscard]] const nlohmann::json& wire_field(const nlohmann::json& object, const char* name);
// "" for anything but text, 0 for anything but a whole number.
[[nodiscard]] std::string wire_text(const nlohmann::json& value);
[[nodiscard]] int wire_count(const nlohmann::json& value);
// Discarded where it is no JSON. A lone half of a surrogate pair becomes U+FFFD.
[[nodiscard]] nlohmann::json parse_reply(std::string_view text);

}  // namespace assay

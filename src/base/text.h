// Small text helpers over UTF-8 bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

[[nodiscard]] std::string_view trim(std::string_view text);  // ASCII white space, both ends
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string replace_all(std::string text, std::string_view from, std::string_view to);
[[nodiscard]] bool is_valid_utf8(std::string_view text);
// Invalid sequences become U+FFFD.
[[nodiscard]] std::string sanitize_utf8(std::string_view text);
// For a message: trimmed, then cut, valid UTF-8, and a space for every control character.
[[nodiscard]] std::string one_line(std::string_view text,
                                   std::size_t longest_bytes = std::string_view::npos);
// For element content and quoted attributes of HTML and XML: invalid UTF-8 becomes U+FFFD, control
// characters that XML does not have become spaces.
[[nodiscard]] std::string markup_escaped(std::string_view text);
// "1h 02m 03s", "4m 05s", "12.3s"
[[nodiscard]] std::string human_duration(double seconds);
// "1.5 GiB"
[[nodiscard]] std::string human_bytes(double bytes);

// The last `most` bytes, from the beginning of a character of UTF-8 on.
[[nodiscard]] std::string_view end_of_text(std::string_view text, std::size_t most);

}  // namespace assay

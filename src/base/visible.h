// Text of strangers (ids, outputs, facts of an engine) for a terminal or a Markdown file.
#pragma once

#include <string>
#include <string_view>

namespace assay {

// Characters that steer a terminal or turn the direction of what follows are spelled out ("\x1b",
// "\u202e"); line feed and tab stay. Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string visible_text(std::string_view text);

}  // namespace assay

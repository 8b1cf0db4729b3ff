// Text as one word of a POSIX shell.
#pragma once

#include <string>
#include <string_view>

namespace assay {

// In single quotes: "it's" -> 'it'\''s'.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace assay

// \boxed{…} and \fbox{…} in LaTeX output. Braces escaped as \{ and \} do not count as delimiters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

// The content of the last \boxed{…} or \fbox{…} whose braces balance; a box that is never closed
// (a truncated output) is passed over. "\boxed 5" gives "5", up to white space or "$".
// Linear in the length of the text. Boxes within the box stay in the content.
[[nodiscard]] std::optional<std::string> last_boxed(std::string_view text);

}  // namespace assay

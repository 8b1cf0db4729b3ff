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

struct FoundBox {
  std::string_view content;  // without white space at its ends
  std::size_t begin = 0;     // of the command
  std::size_t end = 0;       // behind the closing brace, or where the content ends
  bool closed = true;        // false: the text ends first, and the content with its line
};
// The last box that holds something. Where none is closed, the last one that is not, as where the
// limit cut the answer. Linear in the length of the text.
[[nodiscard]] std::optional<FoundBox> last_filled_box(std::string_view text);

}  // namespace assay

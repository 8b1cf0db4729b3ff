// JSON as Python's json module writes and reads it by default, beyond what JSON allows.
#pragma once

#include <string>
#include <string_view>

namespace assay {

// The text with what JSON has not in a form that it has: NaN, Infinity and -Infinity outside quotes
// become strings of `mark` and the word, and an escaped half of a surrogate pair that stands alone
// ("\ud83d") becomes "\ufffd". `mark` is put between quotes as it is.
[[nodiscard]] std::string mend_python_json(std::string_view text, std::string_view mark = "");

}  // namespace assay

// The text forms of protocol 0 and the names of refused opcodes; used by the pickle reader alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

// "GLOBAL" for 'c', as pickletools.py has them; "0xff" for one that is not known.
[[nodiscard]] std::string opcode_name(unsigned char code);

// UNICODE's argument: Latin-1 with \uXXXX and \UXXXXXXXX ("raw-unicode-escape"), as UTF-8.
[[nodiscard]] std::optional<std::string> raw_unicode(std::string_view text);

// STRING's argument: a Python 2 literal in quotes.
[[nodiscard]] std::optional<std::string> quoted_literal(std::string_view text);

}  // namespace assay

// base64 and zlib, with bounds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

// RFC 4648's alphabet; line ends are skipped, padding is required. `where` begins the error.
[[nodiscard]] Result<std::string> decode_base64(std::string_view text, const std::string& where);

// A zlib stream, with nothing after it.
[[nodiscard]] Result<std::string> inflate_zlib(std::string_view packed, std::size_t max_bytes,
                                               const std::string& where);

}  // namespace assay

// SHA-256, as lower-case hex or base64.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

[[nodiscard]] std::string sha256_hex(std::string_view bytes);
// Padded base64 of the 32 bytes, as a page's policy names its scripts.
[[nodiscard]] std::string sha256_base64(std::string_view bytes);
// The first 8 bytes of the SHA-256, big-endian: a uniform number for seeded orders.
[[nodiscard]] std::uint64_t sha256_u64(std::string_view bytes);
// Streams the file; constant memory.
[[nodiscard]] Result<std::string> sha256_file_hex(const std::filesystem::path& path);

}  // namespace assay

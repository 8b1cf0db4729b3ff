// Whole-file reads and writes, and folders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

// The file's bytes. A missing or unreadable file is a usage error that names it.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path);

// Writes a temporary file, syncs it and renames it, so that readers see the old content or the new
// one, never a part.
[[nodiscard]] Status write_file_atomic(const std::filesystem::path& path, std::string_view content);
// The same, piece by piece: write() is called once and gives each piece to its argument. Its error
// is handed on, and the old content stays.
using Append = std::function<Status(std::string_view)>;
[[nodiscard]] Status write_file_atomic(const std::filesystem::path& path,
                                       const std::function<Status(const Append&)>& write);

[[nodiscard]] Status make_dirs(const std::filesystem::path& path);

// True for NFS, CIFS, SSHFS and their like, where SQLite's locks cannot be relied on.
[[nodiscard]] Result<bool> on_network_file_system(const std::filesystem::path& path);

// `place`, or the nearest folder above it that is there; absolute.
[[nodiscard]] std::filesystem::path nearest_existing(std::filesystem::path place);

[[nodiscard]] Result<std::uint64_t> free_disk_bytes(const std::filesystem::path& path);

}  // namespace assay

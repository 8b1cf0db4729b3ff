// The JSON files inside a zip archive.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

struct ZipEntry {
  std::string name;
  std::string content;
};

// The entries whose names end as one of `suffixes`, sorted by name; what macOS adds is left out.
// Usage errors: no archive, damaged (checksums are verified), encrypted, none of them there, more
// than 4 GiB in all.
[[nodiscard]] Result<std::vector<ZipEntry>> read_zip(const std::filesystem::path& file,
                                                     const std::vector<std::string>& suffixes);

}  // namespace assay

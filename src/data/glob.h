// File patterns without a shell.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace assay {

// '*' and '?' match within one part of the path, '**' any number of whole parts, also none. All
// other characters match themselves.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view path);

// Regular files below `folder`, relative to it, sorted by name; hidden files and folders are left
// out. Links are followed, to folders elsewhere too, each of these once. At most 12 levels and
// 200,000 files.
[[nodiscard]] Result<std::vector<std::string>> list_files(const std::filesystem::path& folder);

}  // namespace assay

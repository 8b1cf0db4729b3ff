// A finished or half-done run, opened again from its folder.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace assay {

// Scores every stored answer again with today's scorers.
[[nodiscard]] Status rescore_folder(const std::filesystem::path& folder);

}  // namespace assay

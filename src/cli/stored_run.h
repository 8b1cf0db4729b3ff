// A finished or half-done run, opened again from its folder.
#pragma once

#include <filesystem>

#include "base/deadline.h"
#include "base/result.h"

namespace assay {

// Scores every stored answer again with today's scorers. Ends early when `until` is over.
[[nodiscard]] Status rescore_folder(const std::filesystem::path& folder, const Deadline& until);

}  // namespace assay

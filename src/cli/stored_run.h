// A finished or half-done run, opened again from its folder.
#pragma once

#include <atomic>
#include <filesystem>

#include "base/result.h"

namespace assay {

// Scores every stored answer again with today's scorers. Ends early when `stop` is set.
[[nodiscard]] Status rescore_folder(const std::filesystem::path& folder,
                                    const std::atomic<bool>* stop);

}  // namespace assay

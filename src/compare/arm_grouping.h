// Which runs below a folder are one arm.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "compare/result_folders.h"

namespace assay {

// Of lm-eval's and lighteval's runs below `folder`; read_arms says how they are told apart.
[[nodiscard]] std::vector<ResultArm> group_runs(const std::filesystem::path& folder,
                                                std::vector<RunFiles> runs);

}  // namespace assay

// The recorded HumanEval samples, as programs for the sandbox.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "values/program.h"

namespace assay {

// The recorded completions of each problem, the first `per_problem` of them.
[[nodiscard]] Result<std::vector<Program>> load_samples(const std::filesystem::path& folder,
                                                        int per_problem);
// The canonical solutions of a file in HumanEval's layout; with "+" inputs where it has them.
[[nodiscard]] Result<std::vector<Program>> load_canonical(const std::filesystem::path& file);

}  // namespace assay

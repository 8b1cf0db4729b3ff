// Results of other evaluation programs, known by their files so that a refusal can name them.
#pragma once

#include <filesystem>
#include <string>

namespace assay {

// "EvalScope", "Inspect", "HELM", "OpenCompass", or empty: none that is known.
[[nodiscard]] std::string foreign_program(const std::filesystem::path& folder);

}  // namespace assay

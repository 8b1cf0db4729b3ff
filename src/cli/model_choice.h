// Models as they are named on the command line: hub ids or folders.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

// Usage errors: a folder that is not there (the nearest beside it is named), one that holds no
// model, a word that is neither a folder nor a hub id.
[[nodiscard]] Status check_model(const std::string& model);
// The same of all, and that there is a baseline and no model is named twice, by whatever path.
[[nodiscard]] Status check_models(const std::vector<std::string>& models,
                                  const std::string& baseline);

// As the model stands in a plan at `file`: a relative folder is seen from there.
[[nodiscard]] Result<std::string> model_in_plan(const std::string& model,
                                                const std::filesystem::path& file);

// The model's own name, usable as a name in plans: "Qwen3-8B" of "Qwen/Qwen3-8B".
[[nodiscard]] std::string model_name(const std::string& model);
// "fp8" for org/M-FP8 beside the baseline org/M, else the model's own name.
[[nodiscard]] std::string variant_name(const std::string& model, const std::string& baseline);

// A line where the two sides look swapped, the baseline quantised and a model not; else empty. By
// config.json of folders and by names on the hub.
[[nodiscard]] Text note_of_sides(const std::vector<std::string>& models,
                                 const std::string& baseline);

// Tokens that the model has room for, by its config.json; 0: not known.
[[nodiscard]] int longest_context(const std::string& model);

}  // namespace assay

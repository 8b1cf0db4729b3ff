// Whether a folder holds a model that can be loaded, told before any engine starts.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

// `any` lets a folder without weights pass (vLLM's load_format "dummy").
enum class Weights { needed, any };

// config.json, weights (*.safetensors, else *.bin) and a tokenizer are there; every shard that an
// index names is there; safetensors files are as long as their headers say (a download cut short,
// or a Git LFS pointer, is not). Usage errors that name what is missing. Reads headers only.
[[nodiscard]] Status check_model_folder(const std::filesystem::path& folder,
                                        Weights weights = Weights::needed);

// check_model_folder, and the names of the files that an engine could load something from, sorted:
// the folder's own and its further chat templates, without hidden files, *.md, licences, pictures,
// and weights in a format that is not the one loaded.
[[nodiscard]] Result<std::vector<std::string>> files_that_count(const std::filesystem::path& folder,
                                                                Weights weights);

// Whether its config.json (or ModelOpt's file beside it) says that the weights are quantised; false
// where that cannot be read.
[[nodiscard]] bool has_quantised_weights(const std::filesystem::path& folder);

}  // namespace assay

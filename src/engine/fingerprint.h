// What a model folder is: a hash that changes with anything the engine could load from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

struct ModelFile {
  std::string name;  // relative to the folder
  std::string sha256;
  std::uint64_t bytes = 0;
};

struct ModelFingerprint {
  std::string sha256;            // over the lines "<sha256>  <name>\n", sorted by name
  std::vector<ModelFile> files;  // sorted by name
  std::uint64_t bytes = 0;
  int hashed_files = 0;  // of them not found in the cache nor named by the hub's cache
};

// config.json, weights (*.safetensors, else *.bin) and a tokenizer are there; every shard that an index
// names is there; safetensors files are as long as their headers say (a download cut short, or a Git
// LFS pointer, is not). Usage errors that name what is missing. Reads headers only.
// Weights::any lets a folder without weights pass (vLLM's load_format "dummy").
enum class Weights { needed, any };
[[nodiscard]] Status check_model_folder(const std::filesystem::path& folder,
                                        Weights weights = Weights::needed);

// check_model_folder, then the hash. Counted are the folder's own files and its chat templates, without
// hidden files, *.md, licences, pictures, and weights in a format that is not the one loaded.
// Hashes are kept in `cache_file` (JSON; made when missing, ignored when unreadable; empty: no cache) by
// path, size, mtime and inode. A link into a hub cache's blobs/<sha256> gives its hash by name.
[[nodiscard]] Result<ModelFingerprint> fingerprint_model(const std::filesystem::path& folder,
                                                         const std::filesystem::path& cache_file,
                                                         Weights weights = Weights::needed);

}  // namespace assay

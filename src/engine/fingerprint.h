// What a model folder is: a hash that changes with anything the engine could load from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "engine/model_folder.h"

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

// check_model_folder, then the hash over files_that_count.
// Hashes are kept in `cache_file` (JSON; made when missing, ignored when unreadable; empty: no
// cache) by path, size, mtime and inode. A link into a hub cache's blobs/<sha256> gives its hash by
// name. Ends with an error when `until` is over; whole files that were hashed by then are in the
// cache.
[[nodiscard]] Result<ModelFingerprint> fingerprint_model(const std::filesystem::path& folder,
                                                         const std::filesystem::path& cache_file,
                                                         Weights weights = Weights::needed,
                                                         const Deadline& until = {});

}  // namespace assay

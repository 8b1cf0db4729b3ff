// Shards, one store each, into one folder with the report that one machine would have written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay {

struct Merged {
  std::vector<std::string> variants;  // that a shard answers for, by frozen order
  std::vector<std::string> missing;   // that no shard answers for
};

enum class MissingVariants {
  refuse,  // a plan's variants must all be there
  go_on,   // the report says which are missing
};

// The folders with a store in and directly below these, in the order of their names.
[[nodiscard]] std::vector<std::filesystem::path> folders_with_stores(
    const std::vector<std::filesystem::path>& places);

// Makes `out` a run's folder of what the shards hold: the store, plan.frozen.json, logs and what
// lm-eval wrote; an earlier merge in it is replaced, and nothing of it is lost when this fails. The
// order of the shards does not matter. Reports are written by whoever calls. `now_s`: since 1970.
// Usage errors, all of which name the folders: no shard; shards of another plan, of another version
// of assay, or whose margin, alpha or weights differ; two that answer for one variant; variants
// that none answers for; an `out` that holds a run and no merge.
[[nodiscard]] Result<Merged> merge_shards(const std::vector<std::filesystem::path>& folders,
                                          const std::filesystem::path& out, MissingVariants missing,
                                          double now_s);

}  // namespace assay

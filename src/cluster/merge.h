// Shards, one store each, into one folder with the report that one machine would have written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "values/shard_part.h"

namespace assay {

struct Merged {
  std::vector<std::string> variants;  // of which a shard answers for a part at least, in order
  std::vector<ShardPart> missing;     // what no shard answers for, each of one variant
  bool judge_to_come = false;         // the plan names one, and no shard asked it
};

enum class MissingShards {
  refuse,  // the whole plan must be there
  go_on,   // the report says which are missing
};

// The folders with a store in and directly below these, in the order of their names.
[[nodiscard]] std::vector<std::filesystem::path> folders_with_stores(
    const std::vector<std::filesystem::path>& places);

// Makes `out` a run's folder of what the shards hold: the store, plan.frozen.json, logs and what
// lm-eval wrote; an earlier merge in it is replaced, and nothing of it is lost when this fails. The
// order of the shards does not matter. Reports are written by whoever calls. `now_s`: since 1970.
// Usage errors, all of which name the folders: no shard; shards of another plan, of another version
// of assay, or whose margin, alpha or weights differ; two that answer for one cell of the plan, or
// for one variant by two engines; cells that none answers for; an `out` that holds a run and no
// merge.
[[nodiscard]] Result<Merged> merge_shards(const std::vector<std::filesystem::path>& folders,
                                          const std::filesystem::path& out, MissingShards missing,
                                          double now_s);

// Usage error: the folder is not one that merge_shards() made.
[[nodiscard]] Status check_merged(const std::filesystem::path& folder);

}  // namespace assay

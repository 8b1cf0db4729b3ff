// Rows of several stores in one file.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace assay {

// A store, and the variants whose rows are taken from it. Rows of others are left: a shard holds
// the baseline's answers beside its own, because they are what its variants read back.
struct MergeSource {
  std::filesystem::path folder;
  std::vector<std::string> variants;
};

// Makes `file`, which must not be there yet, from the rows of the sources, in their order: a load's
// number and an event's are new, all else stays to the byte. `meta` and `events` (put after the
// sources' own) are the new store's; of the sources' meta the rows of their variants are taken
// ("identity:NAME", "lm_eval:NAME:TASK" and all others named so). The items are the first
// source's. On disk when it returns; after an error there is no file.
// Errors (environment): a source that cannot be read, is of another schema version, or has a row
// that does not agree with its checksum.
[[nodiscard]] Status merge_stores(const std::filesystem::path& file,
                                  std::span<const MergeSource> sources,
                                  const std::map<std::string, std::string>& meta,
                                  const std::vector<StoredEvent>& events);

}  // namespace assay

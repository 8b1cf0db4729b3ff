// Rows of several stores in one file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "values/shard_part.h"

namespace assay {

// Which answers are taken along with what they belong to.
enum class Taken {
  all,        // whatever the part's loads gave
  of_items,   // those to the part's items alone: what another shard needs of the baseline
  judgements  // what a judge said, found again where the same is asked; no row of the part's own
};

// A store, and the part whose rows are taken from it. Rows of others are left: a shard holds the
// baseline's answers beside its own, because they are what its variants read back. What was read
// back and the canary belong to a variant, whichever part of it is taken.
struct MergeSource {
  std::filesystem::path folder;
  ShardPart part;
  Taken taken = Taken::all;
};

// Makes `file`, which must not be there yet, from the rows of the sources, in their order: a load's
// number and an event's are new, all else stays to the byte. `meta` and `events` (put after the
// sources' own) are the new store's; of the sources' meta the rows of their variants are taken
// ("identity:NAME", "lm_eval:NAME:TASK" and all others named so), and what their graders took is
// added up, of sources of which all is taken. The items are the first source's. On disk when it
// returns; after an error there is no file. `in_parts`: the baseline, where several sources have
// parts of it: of its outputs that it read back itself those are left out that no other variant
// read, because none of its parts knew which are the first of all. Else empty. Errors
// (environment): a source that cannot be read, is of another schema version, or has a row that does
// not agree with its checksum.
[[nodiscard]] Status merge_stores(const std::filesystem::path& file,
                                  std::span<const MergeSource> sources,
                                  const std::map<std::string, std::string>& meta,
                                  const std::vector<StoredEvent>& events,
                                  const std::string& in_parts = "");

// What the meta of a store that was made of so many shards says of it, under this name.
inline constexpr const char* kMergedKey = "merged";
[[nodiscard]] std::string merged_text(std::size_t shards);
// How many that were; 0: it was made of none.
[[nodiscard]] Result<int> merged_shards(const Store& store);

}  // namespace assay

// A shard: a run of a part of a plan in a folder of its own, to be merged with the others.
//
// Its folder is a run's folder like any other, with the whole frozen plan; it holds the baseline's
// answers, too, because its variants answer the items that the baseline finished and read its
// outputs back.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/frozen.h"
#include "plan/sharding.h"
#include "store/declarations.h"
#include "values/shard_part.h"

namespace assay {

struct Shard {
  std::filesystem::path folder;
  // One value for all shards that have it to the letter: a sweep has thousands.
  std::shared_ptr<const FrozenPlan> frozen;
  std::shared_ptr<const std::string> frozen_text;  // as the store has it
  std::map<std::string, std::string> meta;     // the store's other small values of the whole run
  ShardPart part;                              // that it answers for, its variants by frozen order
  std::map<std::string, std::string> engines;  // of its variants that were begun, as stored
  std::optional<Declarations> declarations;

  // Of `meta`; empty: it is not there.
  [[nodiscard]] std::string value(const std::string& name) const;
};

// One answer of each item: what two shards must not both answer for.
struct ShardCell {
  std::string variant;
  std::string task;
  int repeat = 0;
};
[[nodiscard]] std::vector<ShardCell> cells_of(const FrozenPlan& frozen, const ShardPart& part);

// A usage error that names both folders.
[[nodiscard]] std::unexpected<Error> cannot_merge(const Shard& one, const Shard& other,
                                                  const std::string& why, const std::string& fix);
// Shards of one plan, made by one program, that ask one question. Else cannot_merge().
[[nodiscard]] Status check_alike(const Shard& one, const Shard& other);
// Every variant was run by one engine, as one that is half done is continued by no other.
[[nodiscard]] Status check_engines(const std::vector<Shard>& shards);

// Makes `folder` one in which this part is run: unless a store is there already, with rows of the
// baseline from the shards in `baseline_from` (empty: this shard has the baseline itself): those of
// the items that are asked here and, where its outputs are read back here, all of them. Usage
// errors: what check_part() refuses; a folder begun for another part; neither the baseline nor
// folders that have what is needed of it.
[[nodiscard]] Status begin_shard(const std::filesystem::path& folder, const Plan& plan,
                                 const ShardPart& part,
                                 const std::vector<std::filesystem::path>& baseline_from);

// Notes in a shard's store, once its run has opened it, what it answers for.
[[nodiscard]] Status keep_shard(const ShardPart& part, Store& store);

// How the run in a shard's folder ended: "complete", "out_of_time"; empty: it has not, or none was
// begun. A store that cannot be read counts as one that has not ended.
[[nodiscard]] std::string end_of_shard(const std::filesystem::path& folder);

// The shard in a folder. A folder that was never a shard's answers for all variants. Errors: no
// run is there (usage), another process writes it or its store cannot be read (environment).
// `other`: one that may have the same plan; nullptr: none is known.
[[nodiscard]] Result<Shard> read_shard(const std::filesystem::path& folder,
                                       const Shard* other = nullptr);

}  // namespace assay

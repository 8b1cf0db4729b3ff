// A shard: a run of some of a plan's variants in a folder of its own, to be merged with the others.
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
#include "store/declarations.h"

namespace assay {

struct Shard {
  std::filesystem::path folder;
  // One value for all shards that have it to the letter: a sweep has thousands.
  std::shared_ptr<const FrozenPlan> frozen;
  std::shared_ptr<const std::string> frozen_text;  // as the store has it
  std::map<std::string, std::string> meta;  // the store's other small values of the whole run
  std::vector<std::string> variants;        // that it answers for, by frozen order
  std::optional<Declarations> declarations;
};

// Whether a plan can be run in shards. Usage errors: `until` other than limits, which decides from
// the baseline's answers and the candidate's together; a judge, which is loaded once for all.
[[nodiscard]] Status check_shardable(const Plan& plan);

// Makes `folder` one in which these variants are run: unless a store is there already, with the
// rows of the baseline from the shard in `baseline_from` (empty: this shard has the baseline
// itself). Usage errors: a variant that the plan does not have; a folder begun for other variants;
// neither the baseline nor a folder that has it.
[[nodiscard]] Status begin_shard(const std::filesystem::path& folder, const Plan& plan,
                                 const std::vector<std::string>& variants,
                                 const std::filesystem::path& baseline_from);

// Notes in a shard's store, once its run has opened it, what it answers for.
[[nodiscard]] Status keep_shard(const std::vector<std::string>& variants, Store& store);

// How the run in a shard's folder ended: "complete", "out_of_time"; empty: it has not, or none was
// begun. A store that cannot be read counts as one that has not ended.
[[nodiscard]] std::string end_of_shard(const std::filesystem::path& folder);

// The shard in a folder. A folder that was never a shard's answers for all variants. Errors: no
// run is there (usage), another process writes it or its store cannot be read (environment).
// `other`: one that may have the same plan; nullptr: none is known.
[[nodiscard]] Result<Shard> read_shard(const std::filesystem::path& folder,
                                       const Shard* other = nullptr);

}  // namespace assay

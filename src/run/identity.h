// Which engine a variant is run by: put down when a variant begins, because its answers must all
// come from one engine, with the same versions and arguments (docs/store.md).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "run/keys.h"
#include "run/resolve.h"
#include "store/store.h"

namespace assay {

// The engine as it is today, with the arguments of this variant. `engine`: its name and versions.
[[nodiscard]] EngineIdentity current_identity(const ResolvedRun& run,
                                              const ResolvedVariant& variant,
                                              EngineIdentity engine);

// The engine that began this variant. Environment error: none did.
[[nodiscard]] Result<EngineIdentity> stored_identity(const Store& store,
                                                     const std::string& variant);

// The engine that began the variant, or `current`, which begins it now.
[[nodiscard]] Result<EngineIdentity> begin_or_continue(const ResolvedVariant& variant,
                                                       const EngineIdentity& current, Store& store);

// Which variants a run starts over.
struct StartOver {
  bool asked = false;
  // Empty: those that another engine began; at an endpoint, whose engine nobody can tell, all.
  std::vector<std::string> names;
};

// The chosen variants that were begun. Usage error: no variant has such a name.
[[nodiscard]] Result<std::vector<std::string>> to_start_over(const ResolvedRun& run,
                                                             const StartOver& wanted,
                                                             const EngineIdentity& engine,
                                                             const Store& store);

// The chosen variants that were begun lose their answers, in one transaction, and `engine` begins
// them anew; with the baseline's answers goes what was made of them: how they were read back, and
// what the baseline said as the judge. Gives their names. Usage error: no variant has such a name.
[[nodiscard]] Result<std::vector<std::string>> start_over(const ResolvedRun& run,
                                                          const StartOver& wanted,
                                                          const EngineIdentity& engine,
                                                          Store& store);

// Environment error where the variant was begun by another engine than the current one.
[[nodiscard]] Status refuse_other_engine(const std::string& variant, const EngineIdentity& began,
                                         const EngineIdentity& current);

}  // namespace assay

// Which engine a variant is run by: put down when a variant begins, because its answers must all
// come from one engine, with the same versions and arguments (docs/store.md).
#pragma once

#include <string>

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

// The engine that began the variant, or `current`, which begins it now. With `restart` a variant
// that another engine began loses its steps and scores, and `current` begins it anew.
[[nodiscard]] Result<EngineIdentity> begin_or_continue(const ResolvedRun& run,
                                                       const ResolvedVariant& variant,
                                                       const EngineIdentity& current, bool restart,
                                                       Store& store);

// Environment error where the variant was begun by another engine than the current one.
[[nodiscard]] Status refuse_other_engine(const std::string& variant, const EngineIdentity& began,
                                         const EngineIdentity& current);

}  // namespace assay

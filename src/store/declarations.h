// What a folder's primary question was declared to be, and what is applied now.
#pragma once

#include <optional>

#include "base/result.h"
#include "store/store.h"
#include "values/declaration.h"

namespace assay {

// Meta key of a run with `until: budget` that went on after it had ended once.
inline constexpr const char* kExtendedKey = "extended_after_end";

struct Declarations {
  Declaration declared;  // as it stood when the first answer came
  Declaration applied;   // of the last run; `at_s`: since when
};

// Before a run begins. `now` is what its plan says, at that time. Until the first answer it is the
// declaration; later it is only what is applied. `earlier`: what a folder of release 0.1.0 said,
// which kept no declaration.
[[nodiscard]] Status keep_declaration(const Declaration& now,
                                      const std::optional<Declaration>& earlier, Store& store);

// Nothing in a folder of release 0.1.0 that has not been run since.
[[nodiscard]] Result<std::optional<Declarations>> declarations(const Store& store);

}  // namespace assay

// The variants that failed, and which the others of their run went on without.
#pragma once

#include <vector>

#include "base/result.h"
#include "store/store.h"
#include "values/variant_failure.h"

namespace assay {

// Of the last run on the folder, in the order of their turns.
[[nodiscard]] Result<std::vector<VariantFailure>> kept_failures(const Store& store);
[[nodiscard]] Status keep_failures(const std::vector<VariantFailure>& failures, Store& store);

}  // namespace assay

// From outputs read back (docs/fidelity.md) to figures with intervals.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "report/values.h"
#include "store/store.h"

namespace assay {

// One a variant, in order; nothing for the baseline and for variants that read nothing back that
// the baseline read back too. Errors: the store cannot be read.
[[nodiscard]] Result<std::vector<std::optional<FidelityValues>>> measure_fidelity(
    const Store& store, const std::vector<VariantValues>& variants);

// The baseline's second reading of its own outputs against its first: what a difference is made of
// that no variant makes. None: not read twice (docs/noise_floor.md).
[[nodiscard]] Result<std::optional<FidelityValues>> measure_fidelity_floor(
    const Store& store, const std::string& baseline);

}  // namespace assay

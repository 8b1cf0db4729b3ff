// How fast a variant answered: time to first token, time between tokens, tokens a second, in all
// and by how many requests were in flight. From stored answers and the loads' own account.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "report/values.h"
#include "store/store.h"

namespace assay {

// Fills VariantValues::load of each variant; leaves it empty where no answer was timed.
[[nodiscard]] Status measure_load(const Store& store, std::vector<VariantValues>& variants);

[[nodiscard]] nlohmann::json load_json(const LoadValues& load);
// A section each, or nothing when no variant has figures.
[[nodiscard]] std::string load_markdown(const RunReport& report);
[[nodiscard]] std::string load_section(const RunReport& report);

}  // namespace assay

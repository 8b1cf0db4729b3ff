// How fast a variant answered: time to first token, time between tokens, tokens a second, in all
// and by how many requests were in flight. From stored answers and the loads' own account.
#pragma once

#include <vector>

#include "base/result.h"
#include "report/values.h"
#include "store/store.h"

namespace assay {

// Fills VariantValues::traffic of each variant; leaves it empty where no answer was timed.
[[nodiscard]] Status measure_traffic(const Store& store, std::vector<VariantValues>& variants);

// results.json's `load` of a variant; null where no answer was timed.
[[nodiscard]] nlohmann::json traffic_json(const TrafficValues& traffic);

}  // namespace assay

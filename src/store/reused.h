// Answers that were taken over from another folder (`--from`): how many, and from which run.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace assay {

// Among the engine's facts of a load that was not made here: answers that were taken over are put
// to it, and it says what computed them.
inline constexpr const char* kTakenOverFact = "taken over from run";

// Requests by the run they come from, which is told by the hash of its frozen plan.
using Reused = std::map<std::string, std::int64_t>;

[[nodiscard]] Status count_reused(const std::string& variant, const std::string& run, Store& store);
[[nodiscard]] Result<Reused> reused_of(const std::string& variant, const Store& store);

}  // namespace assay

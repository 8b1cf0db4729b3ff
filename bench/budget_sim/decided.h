// Plans with `until: decided`: what their looks find, and what of the budget they leave.
#pragma once

#include <cstdint>
#include <filesystem>

namespace assay::sim {

// Plays `plans` plans for each true loss, each of them with `until: budget` as well. Prints a
// table. False: a promise is broken.
[[nodiscard]] bool report_decided(int plans, std::uint64_t from,
                                  const std::filesystem::path& folder);

}  // namespace assay::sim

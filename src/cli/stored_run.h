// A finished or half-done run, opened again from its folder.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/deadline.h"
#include "base/result.h"
#include "run/audit.h"
#include "store/store.h"
#include "values/math_reference.h"

namespace assay {

// Notes in the store what decides mathematics now; it stands in the report. Nothing for none.
[[nodiscard]] Status keep_graders(Store& store, const PackageVersions& versions);

// Scores every stored answer again with today's scorers. Ends early when `until` is over.
[[nodiscard]] Status rescore_folder(const std::filesystem::path& folder, const Deadline& until);

// audit_math on the run in the folder.
[[nodiscard]] Result<AuditReport> audit_folder(const std::filesystem::path& folder,
                                               std::int64_t wanted, const Deadline& until);

}  // namespace assay

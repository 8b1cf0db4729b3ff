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

// Scores every stored answer of the folder again with today's scorers, and audits so many of them
// with audit_math (0: none). Ends early when `until` is over.
[[nodiscard]] Result<AuditReport> rescore_folder(const std::filesystem::path& folder,
                                                 std::int64_t audited, const Deadline& until);

}  // namespace assay

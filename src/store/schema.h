// The tables of a store's file, and how a file of an earlier schema version becomes one of this.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "store/sqlite.h"

namespace assay {

inline constexpr int kStoreSchemaVersion = 3;

// Makes a file that was just opened one that can be used as docs/store.md says. For writing, an
// empty file gets its tables, and one of an earlier version is migrated, both in one transaction.
// For reading, a file of an earlier version stays as it is and is read through temporary views; the
// connection then sees the file as it was at this moment. Errors: any other version.
[[nodiscard]] Status prepare_schema(const Database& db, const std::filesystem::path& file,
                                    bool write);

}  // namespace assay

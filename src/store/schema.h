// The tables of a store's file, and how a file of schema version 1 becomes one of version 2.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "store/sqlite.h"

namespace assay {

inline constexpr int kStoreSchemaVersion = 2;

// Makes a file that was just opened one that can be used as docs/store.md says. For writing, an
// empty file gets its tables, and one of version 1 is migrated, both in one transaction. For
// reading, a file of version 1 stays as it is and is read through temporary views; the connection
// then sees the file as it was at this moment. Errors: any other version.
[[nodiscard]] Status prepare_schema(const Database& db, const std::filesystem::path& file,
                                    bool write);

}  // namespace assay

// How variants are served, where that is what they differ in: said beside their names.
#pragma once

#include <string>

#include "report/table.h"
#include "report/values.h"

namespace assay {

// In a table with a column of variants a further column, in one with variants across their heads.
// The table stays as it is where all variants are served alike.
void name_settings(Table& table, const RunReport& report);

// " (kv_cache_dtype fp8)" for the variant of this name; empty where it is served as the others are.
[[nodiscard]] std::string settings_in_brackets(const RunReport& report, const std::string& name);

}  // namespace assay

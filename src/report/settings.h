// How variants are served, where that is what they differ in: said beside their names.
#pragma once

#include "report/table.h"
#include "report/values.h"

namespace assay {

// In a table with a column of variants a further column, in one with variants across their heads.
// The table stays as it is where all variants are served alike.
void name_settings(Table& table, const RunReport& report);

}  // namespace assay

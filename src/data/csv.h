// Rows out of CSV (RFC 4180).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/rows.h"

namespace assay {

// The first record names the fields; every value is text. Fields may be quoted, and then hold
// commas, line ends and doubled quotes. Row::where is "<where>:<line the record begins on>".
// Usage errors: a record with another number of fields, a name given twice, a quote that does not
// end, text after a closing quote, invalid UTF-8.
[[nodiscard]] Result<RowList> read_csv(std::string_view text, const std::string& where);

}  // namespace assay

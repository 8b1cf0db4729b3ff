// Rows out of JSON lines and JSON documents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/byte_source.h"
#include "data/rows.h"

namespace assay {

// One object a line; empty lines are skipped. Row::where is "<where>:<line>".
[[nodiscard]] Result<RowList> read_json_lines(ByteSource& source, const std::string& where);

// A list of objects, {"data": [objects]}, or {"rows": [...]} with the objects themselves or, as the
// hub's rows API sends them, each below "row". Row::where is "<where>[<index>]".
[[nodiscard]] Result<RowList> read_json_document(std::string_view text, const std::string& where);

// nlohmann::json::parse with errors in one short line of valid UTF-8, and at most 200 levels deep
// (printing a deeper value would overflow the stack).
[[nodiscard]] Result<nlohmann::json> parse_row_json(std::string_view text,
                                                    const std::string& where);

}  // namespace assay

// nlohmann::json without exceptions at the edge, with errors that name the field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace assay {

using Json = nlohmann::json;

// `where` names the source in the error ("plan.yaml", "results.jsonl:17"). An escaped half of a
// surrogate pair that stands alone becomes U+FFFD, as Python reads and writes such text.
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::string_view where);
// Compact text; invalid UTF-8 is replaced by U+FFFD instead of throwing.
[[nodiscard]] std::string dump_json(const Json& value, int indent = -1);

// Field access on an object; a missing or mistyped field is a usage error naming where and field.
[[nodiscard]] Result<std::string> string_field(const Json& object, std::string_view field,
                                               std::string_view where);
[[nodiscard]] Result<std::int64_t> int_field(const Json& object, std::string_view field,
                                             std::string_view where);
[[nodiscard]] Result<std::vector<std::string>> strings_field(const Json& object,
                                                             std::string_view field,
                                                             std::string_view where);

}  // namespace assay

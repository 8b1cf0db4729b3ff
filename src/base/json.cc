#include "base/json.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/unicode.h"

namespace assay {
namespace {

std::unexpected<Error> field_error(std::string_view field, std::string_view where,
                                   std::string_view why) {
  return usage_error(fmt::format("{}: field '{}' is not usable", where, field), std::string(why),
                     "correct the file, or use one in the documented layout");
}

Result<const Json*> find(const Json& object, std::string_view field, std::string_view where) {
  if (!object.is_object()) return field_error(field, where, "the row is no JSON object");
  const auto it = object.find(field);
  if (it == object.end()) return field_error(field, where, "it is missing");
  return &*it;
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view where) {
  // A half of a surrogate pair alone is rare: the text is looked at again only when it is refused.
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_discarded()) return value;
  try {
    return Json::parse(mend_surrogates(text));
  } catch (const Json::exception& e) {
    return usage_error(fmt::format("{} is not valid JSON", where), e.what(), "correct the file");
  }
}

std::string dump_json(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> string_field(const Json& object, std::string_view field,
                                 std::string_view where) {
  const Json* value = TRY(find(object, field, where));
  if (!value->is_string()) {
    return field_error(field, where, fmt::format("it is {}, not text", value->type_name()));
  }
  return value->get<std::string>();
}

Result<std::int64_t> int_field(const Json& object, std::string_view field, std::string_view where) {
  const Json* value = TRY(find(object, field, where));
  if (!value->is_number_integer()) {
    return field_error(field, where,
                       fmt::format("it is {}, not a whole number", value->type_name()));
  }
  return value->get<std::int64_t>();
}

Result<std::vector<std::string>> strings_field(const Json& object, std::string_view field,
                                               std::string_view where) {
  const Json* value = TRY(find(object, field, where));
  if (!value->is_array()) return field_error(field, where, "it is no list");
  std::vector<std::string> out;
  for (const Json& entry : *value) {
    if (!entry.is_string()) return field_error(field, where, "an entry of the list is not text");
    out.push_back(entry.get<std::string>());
  }
  return out;
}

}  // namespace assay

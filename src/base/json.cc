#include "base/json.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "base/json_text.h"
#include "base/python_json.h"

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

// Python's numbers that JSON has not are put into the text as strings with this before them, which
// no file of ours or of an evaluator has.
constexpr std::string_view kNumberMark = "assay: not JSON's number: ";
constexpr int kDeepestWalk = 512;

double marked_number(std::string_view word) {
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  return word.starts_with('-') ? -infinity : infinity;
}

// Puts the numbers in the place of the marked strings.
void unmark(Json& value, int depth) {
  if (value.is_string()) {
    const std::string_view text = value.get_ref<const std::string&>();
    if (text.starts_with(kNumberMark)) value = marked_number(text.substr(kNumberMark.size()));
  } else if (value.is_structured() && depth < kDeepestWalk) {
    for (Json& part : value) unmark(part, depth + 1);
  }
}

}  // namespace

Result<Json> parse_json(std::string_view text, std::string_view where) {
  // What JSON has not is rare: the text is looked at again only when it is refused.
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_discarded()) return value;
  try {
    value = Json::parse(mend_python_json(text, kNumberMark));
    unmark(value, 0);
    return value;
  } catch (const Json::exception& e) {
    return usage_error(fmt::format("{} is not valid JSON", where), e.what(), "correct the file");
  }
}

std::string dump_json(const Json& value, int indent) {
  if (indent < 0) {
    std::string out;
    append_json(out, value);
    return out;
  }
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

#include "data/json_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace assay {
namespace {

using nlohmann::json;

constexpr int kMostJsonLevels = 200;
constexpr std::size_t kLongestReasonBytes = 160;

int nesting_depth(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

// The library's words without its prefix "[json.exception.parse_error.101] ".
std::string short_reason(std::string_view what) {
  if (const std::size_t at = what.find("] "); at != std::string_view::npos)
    what.remove_prefix(at + 2);
  std::string reason = sanitize_utf8(what.substr(0, kLongestReasonBytes));
  std::ranges::replace_if(reason, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return reason;
}

std::unexpected<Error> no_object(const std::string& where, const json& value) {
  return usage_error(where + " is no JSON object",
                     fmt::format("it is of type {}", value.type_name()),
                     "each row is an object {…}");
}

// What the hub's rows API wraps around a row.
Result<json> unwrap(json value, const std::string& where) {
  if (!value.is_object()) return no_object(where, value);
  const auto inner = value.find("row");
  if (inner == value.end() || !inner->is_object()) return value;
  const auto cut = value.find("truncated_cells");
  if (cut != value.end() && cut->is_array() && !cut->empty()) {
    return usage_error(where + " is not whole",
                       "the rows API cut some of its fields (truncated_cells)",
                       "use the data set's own files instead");
  }
  json row = std::move(*inner);
  return row;
}

}  // namespace

Result<json> parse_row_json(std::string_view text, const std::string& where) {
  if (nesting_depth(text) > kMostJsonLevels) {
    return usage_error(where + " is nested too deeply",
                       fmt::format("more than {} levels", kMostJsonLevels),
                       "is this the right file?");
  }
  Result<json> value = parse_json(text, where);
  if (!value) {
    return usage_error(value.error().what, short_reason(value.error().why),
                       "correct the file, or fetch it again");
  }
  return value;
}

Result<RowList> read_json_lines(ByteSource& source, const std::string& where) {
  RowList rows;
  LineReader lines(source);
  std::string line;
  while (TRY(lines.next(line))) {
    if (trim(line).empty()) continue;
    std::string place = fmt::format("{}:{}", where, lines.number());
    Result<json> value = parse_row_json(line, place);
    if (!value) {
      Error error = value.error();
      if (lines.cut_off())
        error.fix = "the file seems to end in the middle of a row: fetch it again";
      return std::unexpected(std::move(error));
    }
    if (!value->is_object()) return no_object(place, *value);
    rows.push_back({*std::move(value), std::move(place)});
  }
  return rows;
}

Result<RowList> read_json_document(std::string_view text, const std::string& where) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  json document = TRY(parse_row_json(text, where));
  json* list = &document;
  if (document.is_object()) {
    for (const char* key : {"rows", "data"}) {
      const auto found = document.find(key);
      if (found != document.end() && found->is_array()) {
        list = &*found;
        break;
      }
    }
  }
  if (!list->is_array()) {
    return usage_error(where + " holds no list of rows",
                       "a JSON file is a list of objects, or an object with 'rows' or 'data'",
                       "one object a line belongs into a file that ends in .jsonl");
  }
  RowList rows;
  rows.reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i) {
    std::string place = fmt::format("{}[{}]", where, i);
    json fields = TRY(unwrap(std::move((*list)[i]), place));
    rows.push_back({std::move(fields), std::move(place)});
  }
  return rows;
}

}  // namespace assay

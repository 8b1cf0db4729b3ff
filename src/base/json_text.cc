#include "base/json_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace assay {

using nlohmann::json;

namespace {

// What stands in a string as it is, of ASCII.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();

// Empty: it is written as a number, or is no UTF-8.
std::string_view short_escape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return "";
  }
}

// The library's own way, for what is rare.
std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

template <typename Whole>
void append_whole(std::string& out, Whole number) {
  std::array<char, 24> digits{};
  const auto [end, error] = std::to_chars(digits.begin(), digits.end(), number);
  out.append(digits.begin(), end);
}

// What follows the first place of a list or an object.
void append_comma(std::string& out, bool& first) {
  if (!std::exchange(first, false)) out.push_back(',');
}

}  // namespace

void append_json(std::string& out, const json& value) {
  bool first = true;
  switch (value.type()) {
    case json::value_t::object:
      out.push_back('{');
      for (const auto& [name, field] : *value.get_ptr<const json::object_t*>()) {
        append_comma(out, first);
        append_json_string(out, name);
        out.push_back(':');
        append_json(out, field);
      }
      out.push_back('}');
      return;
    case json::value_t::array:
      out.push_back('[');
      for (const json& element : *value.get_ptr<const json::array_t*>()) {
        append_comma(out, first);
        append_json(out, element);
      }
      out.push_back(']');
      return;
    case json::value_t::string:
      return append_json_string(out, *value.get_ptr<const json::string_t*>());
    case json::value_t::number_integer:
      return append_whole(out, *value.get_ptr<const json::number_integer_t*>());
    case json::value_t::number_unsigned:
      return append_whole(out, *value.get_ptr<const json::number_unsigned_t*>());
    case json::value_t::number_float:
      return append_json_number(out, *value.get_ptr<const json::number_float_t*>());
    case json::value_t::boolean:
      out += *value.get_ptr<const json::boolean_t*>() ? "true" : "false";
      return;
    case json::value_t::null:
      out += "null";
      return;
    default:
      out += dumped(value);
  }
}

void append_json_string(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  out.push_back('"');
  std::size_t done = 0;
  bool valid = false;  // known to be UTF-8
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (kPlain[static_cast<unsigned char>(text[i])]) continue;
    if ((static_cast<unsigned char>(text[i]) & 0x80U) != 0 && (valid || is_valid_utf8(text))) {
      valid = true;
      continue;
    }
    const std::string_view escaped = short_escape(text[i]);
    if (escaped.empty()) {
      out.resize(before);
      out += dumped(json(text));
      return;
    }
    out.append(text, done, i - done);
    out += escaped;
    done = i + 1;
  }
  out.append(text, done);
  out.push_back('"');
}

void append_json_number(std::string& out, double number) {
  if (number == 1) {
    out += "1.0";
  } else if (number == 0 && !std::signbit(number)) {
    out += "0.0";
  } else {
    out += dumped(json(number));
  }
}

std::string& JsonObjectText::field(std::string_view name) {
  if (!fields_.empty()) fields_.back().end = values_.size();
  fields_.push_back({std::string(name), values_.size(), 0});
  return values_;
}

void JsonObjectText::append_to(std::string& out) {
  if (!fields_.empty()) fields_.back().end = values_.size();
  std::ranges::sort(fields_, {},
                    [](const Field& f) { return std::pair(std::string_view(f.name), f.at); });
  const std::string_view values = values_;
  out.push_back('{');
  bool first = true;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const Field& field = fields_[i];
    if (i + 1 < fields_.size() && fields_[i + 1].name == field.name) continue;
    if (!first) out.push_back(',');
    first = false;
    append_json_string(out, field.name);
    out.push_back(':');
    out += values.substr(field.at, field.end - field.at);
  }
  out.push_back('}');
}

void JsonObjectText::clear() {
  fields_.clear();
  values_.clear();
}

}  // namespace assay

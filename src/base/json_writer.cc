#include <charconv>
#include <cstdint>

#include "base/json.h"
#include "base/json_text.h"

namespace assay {
namespace {

void write_escaped(unsigned char byte, std::string& out) {
  constexpr std::string_view kMeant = "\"\\\b\f\n\r\t";
  constexpr std::string_view kNames = "\"\\bfnrt";
  constexpr std::string_view kDigits = "0123456789abcdef";
  const std::size_t place = kMeant.find(static_cast<char>(byte));
  out.push_back('\\');
  if (place != std::string_view::npos) {
    out.push_back(kNames[place]);
    return;
  }
  out += "u00";
  out.push_back(kDigits[byte >> 4U]);
  out.push_back(kDigits[byte & 15U]);
}

bool write_text(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t written = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x80) {
      const std::size_t bytes = utf8_bytes_at(text, at);
      if (bytes == 0) return false;
      at += bytes;
      continue;
    }
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      out.append(text, written, at - written);
      write_escaped(byte, out);
      written = at + 1;
    }
    ++at;
  }
  out.append(text, written);
  out.push_back('"');
  return true;
}

template <typename Number>
void write_number(Number value, std::string& out) {
  char digits[24];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
  out.append(std::begin(digits), end);
}

bool write_array(const Json& value, std::string& out) {
  out.push_back('[');
  bool first = true;
  for (const Json& entry : value) {
    if (!first) out.push_back(',');
    first = false;
    if (!write_json_text(entry, out)) return false;
  }
  out.push_back(']');
  return true;
}

bool write_object(const Json& value, std::string& out) {
  out.push_back('{');
  bool first = true;
  for (const auto& [name, field] : value.get_ref<const Json::object_t&>()) {
    if (!first) out.push_back(',');
    first = false;
    if (!write_text(name, out)) return false;
    out.push_back(':');
    if (!write_json_text(field, out)) return false;
  }
  out.push_back('}');
  return true;
}

}  // namespace

bool write_json_text(const Json& value, std::string& out) {
  switch (value.type()) {
    case Json::value_t::null:
      out += "null";
      return true;
    case Json::value_t::boolean:
      out += value.get<bool>() ? "true" : "false";
      return true;
    case Json::value_t::number_integer:
      write_number(value.get<std::int64_t>(), out);
      return true;
    case Json::value_t::number_unsigned:
      write_number(value.get<std::uint64_t>(), out);
      return true;
    case Json::value_t::number_float:
      out += value.dump();  // the shortest text that is read as the same number
      return true;
    case Json::value_t::string:
      return write_text(value.get_ref<const std::string&>(), out);
    case Json::value_t::array:
      return write_array(value, out);
    case Json::value_t::object:
      return write_object(value, out);
    case Json::value_t::binary:
    case Json::value_t::discarded:
      return false;
  }
  return false;
}

}  // namespace assay

#include "data/pickle_text.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <memory>

namespace assay {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0U | code >> 6U);
    put(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    put(0xe0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3fU));
    put(0x80U | (code & 0x3fU));
  } else {
    put(0xf0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3fU));
    put(0x80U | (code >> 6U & 0x3fU));
    put(0x80U | (code & 0x3fU));
  }
}

std::optional<std::uint32_t> parse_hex(std::string_view digits, std::size_t count) {
  std::uint32_t value = 0;
  if (digits.size() < count) return std::nullopt;
  digits = digits.substr(0, count);
  const char* begin = std::to_address(digits.begin());
  const char* end = std::to_address(digits.end());
  const auto r = std::from_chars(begin, end, value, 16);
  if (r.ec != std::errc() || r.ptr != end) return std::nullopt;
  return value;
}

}  // namespace

std::string opcode_name(unsigned char code) {
  switch (code) {
    case 'c':
      return "GLOBAL";
    case 0x93:
      return "STACK_GLOBAL";
    case 'R':
      return "REDUCE";
    case 'b':
      return "BUILD";
    case 'i':
      return "INST";
    case 'o':
      return "OBJ";
    case 0x81:
      return "NEWOBJ";
    case 0x92:
      return "NEWOBJ_EX";
    case 0x82:
      return "EXT1";
    case 0x83:
      return "EXT2";
    case 0x84:
      return "EXT4";
    case 'P':
      return "PERSID";
    case 'Q':
      return "BINPERSID";
    case 0x8f:
      return "EMPTY_SET";
    case 0x90:
      return "ADDITEMS";
    case 0x91:
      return "FROZENSET";
    case 0x97:
      return "NEXT_BUFFER";
    case 0x98:
      return "READONLY_BUFFER";
    default:
      return fmt::format("0x{:02x}", code);
  }
}

std::optional<std::string> raw_unicode(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool escape = text.starts_with("\\u") || text.starts_with("\\U");
    if (!escape) {
      append_utf8(out, static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    const std::size_t digits = text[1] == 'u' ? 4 : 8;
    const std::optional<std::uint32_t> code = parse_hex(text.substr(2), digits);
    if (!code || *code > 0x10ffff) return std::nullopt;
    append_utf8(out, *code);  // a surrogate is refused later, as invalid UTF-8
    text.remove_prefix(2 + digits);
  }
  return out;
}

std::optional<std::string> quoted_literal(std::string_view text) {
  if (text.size() < 2 || text.front() != text.back()) return std::nullopt;
  if (text.front() != '\'' && text.front() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    switch (text[i]) {
      case '\\':
      case '\'':
      case '"':
        out.push_back(text[i]);
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'x': {
        const std::optional<std::uint32_t> byte = parse_hex(text.substr(i + 1), 2);
        if (!byte) return std::nullopt;
        out.push_back(static_cast<char>(*byte));
        i += 2;
        break;
      }
      default:
        return std::nullopt;
    }
  }
  return out;
}

}  // namespace assay

#include "data/unpack.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace assay {
namespace {

constexpr std::size_t kUnpackPieceBytes = 1UL << 16;

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

std::unexpected<Error> undecodable(const std::string& where, std::string why) {
  return usage_error(where + " cannot be unpacked", std::move(why), "fetch the data set again");
}

}  // namespace

Result<std::string> decode_base64(std::string_view text, const std::string& where) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int value = sextet(c);
    if (value < 0 || padding > 0) return undecodable(where, "it is not base64");
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    if (++digits % 4 == 0) {
      for (const unsigned shift : {16U, 8U, 0U}) out.push_back(static_cast<char>(bits >> shift));
      bits = 0;
    }
  }
  const std::size_t rest = digits % 4;
  if (rest == 1 || padding != (4 - rest) % 4) return undecodable(where, "its base64 is cut off");
  if (rest >= 2) out.push_back(static_cast<char>(bits >> (rest == 2 ? 4U : 10U)));
  if (rest == 3) out.push_back(static_cast<char>(bits >> 2U));
  return out;
}

Result<std::string> inflate_zlib(std::string_view packed, std::size_t max_bytes,
                                 const std::string& where) {
  if (packed.size() > std::numeric_limits<uInt>::max())
    return undecodable(where, "it is too large");
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return environment_error(where, "out of memory", "");
  struct Ender {
    z_stream& stream;
    ~Ender() { inflateEnd(&stream); }
  } const ender{stream};
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::array<char, kUnpackPieceBytes> piece{};
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    code = inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = piece.size() - stream.avail_out;
    if (code != Z_OK && code != Z_STREAM_END) {
      return undecodable(where, code == Z_BUF_ERROR || stream.msg == nullptr
                                    ? "its zlib data is cut off"
                                    : stream.msg);
    }
    if (out.size() + got > max_bytes) {
      return undecodable(where, fmt::format("it unpacks to more than {} bytes", max_bytes));
    }
    out.append(piece.data(), got);
  }
  if (stream.avail_in != 0) return undecodable(where, "bytes follow its zlib data");
  return out;
}

}  // namespace assay

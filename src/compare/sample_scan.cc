#include "compare/sample_scan.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace assay {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

struct Cursor {
  std::string_view text;
  std::size_t at = 0;

  void skip_space() {
    while (at < text.size() && kSpace.find(text[at]) != std::string_view::npos) ++at;
  }
  [[nodiscard]] bool is(char c) const { return at < text.size() && text[at] == c; }

  // From an opening quote past the closing one.
  bool skip_string() {
    for (++at; at < text.size();) {
      const void* found = std::memchr(text.data() + at, '"', text.size() - at);
      if (found == nullptr) return false;
      at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + 1;
      std::size_t slashes = 0;
      while (text[at - 2 - slashes] == '\\') ++slashes;
      if (slashes % 2 == 0) return true;
    }
    return false;
  }

  // Past an object or array; brackets must match in number, not in kind.
  bool skip_nested() {
    int depth = 0;
    while (at < text.size()) {
      const char c = text[at];
      if (c == '"') {
        if (!skip_string()) return false;
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      ++at;
      if (depth == 0) return true;
    }
    return false;
  }

  bool skip_value() {
    if (at >= text.size()) return false;
    if (text[at] == '"') return skip_string();
    if (text[at] == '{' || text[at] == '[') return skip_nested();
    const std::size_t begin = at;
    while (at < text.size() && std::strchr(",}] \t\r\n", text[at]) == nullptr) ++at;
    return at > begin;
  }
};

}  // namespace

std::optional<std::vector<std::pair<std::string_view, std::string_view>>> scan_fields(
    std::string_view line) {
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  Cursor in{line};
  if (line.starts_with("\xef\xbb\xbf")) in.at = 3;  // a byte order mark
  in.skip_space();
  if (!in.is('{')) return std::nullopt;
  ++in.at;
  in.skip_space();
  for (bool first = true; !in.is('}'); first = false) {
    if (!first) {
      if (!in.is(',')) return std::nullopt;
      ++in.at;
      in.skip_space();
    }
    const std::size_t key = in.at;
    if (!in.is('"') || !in.skip_string()) return std::nullopt;
    const std::string_view name = line.substr(key + 1, in.at - key - 2);
    in.skip_space();
    if (!in.is(':')) return std::nullopt;
    ++in.at;
    in.skip_space();
    const std::size_t begin = in.at;
    if (!in.skip_value()) return std::nullopt;
    fields.emplace_back(name, line.substr(begin, in.at - begin));
    in.skip_space();
  }
  ++in.at;
  in.skip_space();
  if (in.at != line.size()) return std::nullopt;
  return fields;
}

std::optional<std::string_view> ArrayScanner::next() {
  Cursor in{text_, at_};
  in.skip_space();
  if (ended_ || in.at >= text_.size()) return std::nullopt;
  if (in.is(']') && begun_) {
    ended_ = true;
    return std::nullopt;
  }
  if (!in.is(begun_ ? ',' : '[')) return std::nullopt;
  ++in.at;
  in.skip_space();
  if (!begun_ && in.is(']')) {
    ended_ = true;
    return std::nullopt;
  }
  begun_ = true;
  const std::size_t begin = in.at;
  if (!in.skip_value()) return std::nullopt;
  at_ = in.at;
  return text_.substr(begin, in.at - begin);
}

std::size_t nesting_of(std::string_view value) {
  Cursor in{value};
  std::size_t depth = 0;
  std::size_t deepest = 0;
  while (in.at < value.size()) {
    const char c = value[in.at];
    if (c == '"') {
      if (!in.skip_string()) return deepest;
      continue;
    }
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if ((c == '}' || c == ']') && depth > 0) --depth;
    ++in.at;
  }
  return deepest;
}

std::optional<double> scanned_number(std::string_view value) {
  if (value == "true") return 1;
  if (value == "false") return 0;
  double number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::string_view> scanned_string(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return std::nullopt;
  return value.substr(1, value.size() - 2);
}

}  // namespace assay

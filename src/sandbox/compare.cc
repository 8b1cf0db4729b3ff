#include "sandbox/compare.h"

#include <fmt/format.h>

#include "base/text.h"
#include "base/unicode.h"
#include "sandbox/python_json.h"
#include "sandbox/python_text.h"

namespace assay {
namespace {

constexpr std::size_t kDetailBytes = 300;
constexpr std::size_t kQuotedBytes = 100;

bool next_line(std::string_view& rest, bool& more, std::string_view& line) {
  if (!more) return false;
  const std::size_t end = rest.find('\n');
  line = python_strip(rest.substr(0, end));
  more = end != std::string_view::npos;
  rest.remove_prefix(more ? end + 1 : rest.size());
  return true;
}

bool equal_as_decimals(std::string_view a, std::string_view b) {
  const auto left = python_split(a);
  const auto right = python_split(b);
  if (left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto x = parse_decimal(left[i]);
    const auto y = parse_decimal(right[i]);
    if (!x || !y || !x->equals(*y)) return false;
  }
  return true;
}

Difference differ(const std::string& detail) {
  return {false, printable_detail(detail, kDetailBytes)};
}

std::size_t count_lines(std::string_view text) {
  std::size_t n = 1;
  for (const char c : text) n += c == '\n' ? 1 : 0;
  return n;
}

}  // namespace

Difference compare_lines(std::string_view answer, std::string_view expected) {
  std::string_view ours = python_strip(answer);
  std::string_view theirs = python_strip(expected);
  const std::size_t got_lines = count_lines(ours);
  const std::size_t want_lines = count_lines(theirs);
  bool more_ours = true;
  bool more_theirs = true;
  std::string_view got;
  std::string_view want;
  std::size_t number = 0;
  while (next_line(ours, more_ours, got) && next_line(theirs, more_theirs, want)) {
    ++number;
    if (got == want || equal_as_decimals(got, want)) continue;
    return differ(fmt::format("line {}: got {}, expected {}", number,
                              printable_detail(got, kQuotedBytes),
                              printable_detail(want, kQuotedBytes)));
  }
  if (got_lines == want_lines) return {};
  return differ(fmt::format("{} lines, expected {}", got_lines, want_lines));
}

Difference compare_json(std::string_view answer, std::string_view expected) {
  const auto got = parse_python_json(answer);
  const auto want = parse_python_json(expected);
  if (got && want && got->equals(*want)) return {};
  return differ(fmt::format("got {}, expected {}", printable_detail(answer, kQuotedBytes),
                            printable_detail(python_strip(expected), kQuotedBytes)));
}

bool is_python_json(std::string_view text) {
  return parse_python_json(text).has_value();
}

std::string printable_detail(std::string_view text, std::size_t bytes) {
  // Cut first, so that a line of 100 MB is not copied; sanitising can turn one byte into three.
  const bool cut = text.size() > bytes;
  std::string clean = sanitize_utf8(text.substr(0, bytes));
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  constexpr std::string_view kMark = "...";
  if (!cut && clean.size() <= bytes) return clean;
  std::size_t end = bytes > kMark.size() ? bytes - kMark.size() : 0;
  if (end > clean.size()) end = clean.size();
  while (end > 0 && end < clean.size() && (static_cast<unsigned char>(clean[end]) & 0xC0) == 0x80) {
    --end;
  }
  clean.resize(end);
  clean += kMark;
  return clean;
}

}  // namespace assay

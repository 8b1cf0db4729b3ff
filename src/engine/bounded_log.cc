#include "engine/bounded_log.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

namespace {

std::string read_log_part(int fd, std::size_t from, std::size_t bytes) {
  std::string out(bytes, '\0');
  std::size_t got = 0;
  while (got < bytes) {
    const ssize_t n = ::pread(fd, out.data() + got, bytes - got, static_cast<off_t>(from + got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
  return out;
}

void append_to_log(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// The line that an earlier shortening put behind the first part: how many bytes it left out, and
// its own length with both line ends. Zeros: there is none.
struct Notice {
  std::size_t left_out = 0;
  std::size_t length = 0;
};

constexpr std::string_view kNoticeStart = "\n[assay: ";
constexpr std::string_view kNoticeEnd = " bytes are left out here: the log would be too long]\n";

Notice notice_at(int fd, std::size_t from) {
  const std::string text = read_log_part(fd, from, 128);
  const std::size_t end = text.find(kNoticeEnd);
  if (!text.starts_with(kNoticeStart) || end == std::string::npos) return {};
  Notice found;
  found.length = end + kNoticeEnd.size();
  const char* digits = text.data() + kNoticeStart.size();
  std::from_chars(digits, text.data() + end, found.left_out);
  return found;
}

}  // namespace

void shorten_log(int fd, std::size_t coming, const LogBounds& bounds) {
  struct stat info{};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return;
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size + coming <= bounds.most || size <= bounds.first + bounds.last) return;
  std::string last = read_log_part(fd, size - bounds.last, bounds.last);
  if (last.size() < bounds.last) return;  // it cannot be read
  const std::size_t line = last.find('\n');
  if (line != std::string::npos) last.erase(0, line + 1);
  const Notice before = notice_at(fd, bounds.first);
  if (::ftruncate(fd, static_cast<off_t>(bounds.first)) != 0) return;
  const std::size_t taken_out = size - bounds.first - last.size() - before.length;
  append_to_log(fd, fmt::format("{}{}{}", kNoticeStart, before.left_out + taken_out, kNoticeEnd));
  append_to_log(fd, last);
}

}  // namespace assay

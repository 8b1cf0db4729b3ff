#include "engine/bounded_log.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
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
  if (::ftruncate(fd, static_cast<off_t>(bounds.first)) != 0) return;
  append_to_log(
      fd,
      fmt::format("\n[assay: {} bytes are left out here: the log would be longer than {} MiB]\n",
                  size - bounds.first - last.size(), bounds.most >> 20U));
  append_to_log(fd, last);
}

}  // namespace assay

#include "base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace assay {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{1} << 16;  // at once

Text cannot_read(const std::filesystem::path& path) {
  return {"cannot read " + path.string(), "无法读取 " + path.string()};
}

Text cannot_write(const std::filesystem::path& path) {
  return {"cannot write " + path.string(), "无法写入 " + path.string()};
}

Status write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return errno_error(cannot_write(path), {"free some space on that disk, then again",
                                              "在那个磁盘上腾出空间，再试一次"});
    }
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  // A FIFO without a writer would be waited for: O_NONBLOCK matters to nothing that is read below.
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) {
    const int number = errno;
    return usage_error(cannot_read(path), system_words(number), {"check the path", "检查路径"});
  }
  if (S_ISDIR(info.st_mode)) {
    return usage_error(cannot_read(path), {"it is a folder", "它是一个目录"},
                       {"name a file", "给出一个文件"});
  }
  if (!S_ISREG(info.st_mode)) {
    return usage_error(
        cannot_read(path), {"it is no regular file", "它不是普通文件"},
        {"name a file: pipes and devices may never end", "给出一个文件：管道和设备可能没有尽头"});
  }
  std::string content;
  content.reserve(static_cast<std::size_t>(info.st_size));
  std::array<char, 1 << 16> buffer{};
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(cannot_read(path), {"check the disk", "检查磁盘"});
    if (n == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view content) {
  return write_file_atomic(path, [content](const Append& append) { return append(content); });
}

Status write_file_atomic(const std::filesystem::path& path,
                         const std::function<Status(const Append&)>& write) {
  const std::filesystem::path temporary =
      path.parent_path() / ("." + path.filename().string() + "." + std::to_string(::getpid()));
  {
    const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd.valid()) {
      return errno_error(cannot_write(path), {"check that the folder is there and yours",
                                              "检查目录是否存在、是否属于你"});
    }
    std::string pending;  // pieces may be small and many
    const auto write_pending = [&]() -> Status {
      TRY(write_all(fd.get(), pending, path));
      pending.clear();
      return {};
    };
    Status written = write([&](std::string_view piece) -> Status {
      if (pending.size() + piece.size() > kWriteBytes) TRY(write_pending());
      if (piece.size() > kWriteBytes) return write_all(fd.get(), piece, path);
      pending += piece;
      return {};
    });
    if (written) written = write_pending();
    if (written && ::fsync(fd.get()) != 0) {
      written = errno_error("cannot sync " + path.string(), "check the disk");
    }
    if (!written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    auto error = errno_error("cannot replace " + path.string(), "check that the folder is yours");
    ::unlink(temporary.c_str());
    return error;
  }
  return {};
}

Status make_dirs(const std::filesystem::path& path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code) {
    return environment_error(
        {"cannot make the folder " + path.string(), "无法建立目录 " + path.string()},
        system_words(code.value()), {"check the path and its permissions", "检查路径及其权限"});
  }
  return {};
}

Result<bool> on_network_file_system(const std::filesystem::path& path) {
  struct statfs info{};
  if (::statfs(path.c_str(), &info) != 0) {
    return errno_error("cannot look at the file system of " + path.string(), "check the path");
  }
  // NFS, CIFS, SMB2, FUSE (sshfs), CODA, AFS, 9P, Lustre, Ceph (magic numbers of statfs(2)).
  constexpr std::array<unsigned long, 9> kNetwork = {0x6969,     0xff534d42, 0xfe534d42,
                                                     0x65735546, 0x73757245, 0x5346414f,
                                                     0x01021997, 0x0bd00bd0, 0x00c36400};
  const auto type = static_cast<unsigned long>(info.f_type) & 0xffffffffUL;
  for (unsigned long magic : kNetwork) {
    if (type == magic) return true;
  }
  return false;
}

std::filesystem::path nearest_existing(std::filesystem::path place) {
  std::error_code code;
  place = std::filesystem::absolute(place, code);
  while (place.has_relative_path() && !std::filesystem::exists(place, code)) {
    place = place.parent_path();
  }
  return place;
}

Result<std::uint64_t> free_disk_bytes(const std::filesystem::path& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) {
    return errno_error("cannot look at the disk of " + path.string(), "check the path");
  }
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace assay

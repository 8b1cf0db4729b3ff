#include "sandbox/memory_cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "assay-sandbox.";

struct Parent {
  std::string folder;
  bool v2 = false;
};

bool write_text(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.valid() &&
         ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Where our own groups may be made. Version 1: below our own group of the memory controller.
// Version 2: below our own group when its children may have the memory controller (delegated), or
// at the root, where groups with processes may also have children.
std::vector<Parent> possible_parents() {
  std::vector<Parent> out;
  const auto groups = read_file("/proc/self/cgroup");
  if (!groups) return out;
  const std::string root = "/sys/fs/cgroup";
  for (const std::string& line : split(*groups, '\n')) {
    const std::vector<std::string> parts = split(line, ':');
    if (parts.size() < 3) continue;
    const std::string own = parts[2] == "/" ? "" : parts[2];
    if (parts[1].empty()) {
      for (const std::string& mount : {root, root + "/unified"}) {
        out.push_back({mount + own, true});
        if (!own.empty()) out.push_back({mount, true});
      }
    }
    for (const std::string& controller : split(parts[1], ',')) {
      if (controller != "memory") continue;
      out.push_back({fmt::format("{}/memory{}", root, own), false});
      if (!own.empty()) out.push_back({root + "/memory", false});
    }
  }
  return out;
}

bool usable(const Parent& parent) {
  if (::access(parent.folder.c_str(), W_OK) != 0) return false;
  if (!parent.v2) return true;
  const auto children = read_file(parent.folder + "/cgroup.subtree_control");
  if (!children) return false;
  for (const std::string& word : split(trim(*children), ' ')) {
    if (word == "memory") return true;
  }
  return false;
}

std::optional<Parent> find_parent() {
  for (const Parent& parent : possible_parents()) {
    if (usable(parent)) return parent;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> field(const std::string& text, std::string_view name) {
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') continue;
    std::uint64_t value = 0;
    const char* begin = line.data() + name.size() + 1;
    if (std::from_chars(begin, line.data() + line.size(), value).ec == std::errc{}) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<MemoryCgroup> MemoryCgroup::create(int index) {
  const auto parent = find_parent();
  if (!parent) return std::nullopt;
  std::string path = fmt::format("{}/{}{}.{}", parent->folder, kPrefix, ::getpid(), index);
  std::error_code error;
  if (!fs::create_directory(path, error)) return std::nullopt;
  return MemoryCgroup(std::move(path), parent->v2);
}

void MemoryCgroup::remove_stale() {
  const auto parent = find_parent();
  if (!parent) return;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent->folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const std::vector<std::string> parts = split(name, '.');
    pid_t pid = 0;
    std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), pid);
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) ::rmdir(entry.path().c_str());
  }
}

std::string MemoryCgroup::available_version() {
  const auto parent = find_parent();
  if (!parent) return "";
  return parent->v2 ? "v2" : "v1";
}

MemoryCgroup::MemoryCgroup(std::string path, bool v2)
    : path_(std::move(path)),
      v2_(v2),
      events_(::open((path_ + (v2 ? "/memory.events" : "/memory.oom_control")).c_str(),
                     O_RDONLY | O_CLOEXEC)) {}

MemoryCgroup::MemoryCgroup(MemoryCgroup&& other) noexcept
    : path_(std::move(other.path_)),
      v2_(other.v2_),
      limit_bytes_(other.limit_bytes_),
      events_(std::move(other.events_)) {
  other.path_.clear();
}

MemoryCgroup::~MemoryCgroup() {
  if (path_.empty()) return;
  // The kernel answers EBUSY until the last process has completely ended.
  for (int i = 0; i < 200 && ::rmdir(path_.c_str()) != 0 && errno == EBUSY; ++i) ::usleep(5000);
}

bool MemoryCgroup::add(pid_t pid) const {
  return write_text(path_ + "/cgroup.procs", std::to_string(pid));
}

void MemoryCgroup::set_limit(std::uint64_t bytes) {
  if (bytes == limit_bytes_) return;
  limit_bytes_ = bytes;
  const std::string text = std::to_string(bytes);
  if (v2_) {
    write_text(path_ + "/memory.swap.max", "0");
    write_text(path_ + "/memory.max", text);
    return;
  }
  // memsw must never be below the plain limit, so the order differs between lowering and raising.
  // Writing both twice works for either.
  for (int i = 0; i < 2; ++i) {
    write_text(path_ + "/memory.limit_in_bytes", text);
    write_text(path_ + "/memory.memsw.limit_in_bytes", text);
  }
}

std::uint64_t MemoryCgroup::oom_kills() const {
  std::array<char, 512> text{};  // a handful of short lines
  const ssize_t n = ::pread(events_.get(), text.data(), text.size(), 0);
  if (n <= 0) return 0;
  return field(std::string(text.data(), static_cast<std::size_t>(n)), "oom_kill").value_or(0);
}

}  // namespace assay

#include "sandbox/cgroup_parent.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "base/files.h"
#include "base/text.h"
#include "base/unique_fd.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "assay-sandbox.";
constexpr std::string_view kRoot = "/sys/fs/cgroup";

// Version 1: below our own group of the controller, or at its root. Version 2: below our own group
// when its children may have the controller (delegated), or at the root, where groups with
// processes may also have children.
std::vector<CgroupParent> possible_parents(std::string_view controller) {
  std::vector<CgroupParent> out;
  const auto groups = read_file("/proc/self/cgroup");
  if (!groups) return out;
  for (const std::string& line : split(*groups, '\n')) {
    const std::vector<std::string> parts = split(line, ':');
    if (parts.size() < 3) continue;
    const std::string own = parts[2] == "/" ? "" : parts[2];
    if (parts[1].empty()) {
      for (const std::string& mount : {std::string(kRoot), fmt::format("{}/unified", kRoot)}) {
        out.push_back({mount + own, true});
        if (!own.empty()) out.push_back({mount, true});
      }
    }
    for (const std::string& one : split(parts[1], ',')) {
      if (one != controller) continue;
      out.push_back({fmt::format("{}/{}{}", kRoot, controller, own), false});
      if (!own.empty()) out.push_back({fmt::format("{}/{}", kRoot, controller), false});
    }
  }
  return out;
}

bool usable(const CgroupParent& parent, std::string_view controller) {
  if (::access(parent.folder.c_str(), W_OK) != 0) return false;
  if (!parent.v2) return true;
  const auto children = read_file(parent.folder + "/cgroup.subtree_control");
  if (!children) return false;
  if (controller.empty()) return true;
  for (const std::string& word : split(trim(*children), ' ')) {
    if (word == controller) return true;
  }
  return false;
}

}  // namespace

std::optional<CgroupParent> find_cgroup_parent(std::string_view controller) {
  for (const CgroupParent& parent : possible_parents(controller)) {
    if (usable(parent, controller)) return parent;
  }
  return std::nullopt;
}

std::string make_cgroup(const CgroupParent& parent, int index) {
  std::string path = fmt::format("{}/{}{}.{}", parent.folder, kPrefix, ::getpid(), index);
  std::error_code error;
  return fs::create_directory(path, error) ? path : "";
}

void remove_cgroup(const std::string& path) {
  if (path.empty()) return;
  // The kernel answers EBUSY until the last process has completely ended.
  for (int i = 0; i < 200 && ::rmdir(path.c_str()) != 0 && errno == EBUSY; ++i) ::usleep(5000);
}

void remove_stale_cgroups(const CgroupParent& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent.folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const std::vector<std::string> parts = split(name, '.');
    pid_t pid = 0;
    std::from_chars(parts[1].data(), parts[1].data() + parts[1].size(), pid);
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) ::rmdir(entry.path().c_str());
  }
}

bool write_cgroup_file(const std::string& path, std::string_view text) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.valid() &&
         ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::optional<std::uint64_t> cgroup_field(const std::string& text, std::string_view name) {
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') continue;
    std::uint64_t value = 0;
    const char* begin = line.data() + name.size() + 1;
    if (std::from_chars(begin, line.data() + line.size(), value).ec == std::errc{}) return value;
  }
  return std::nullopt;
}

}  // namespace assay

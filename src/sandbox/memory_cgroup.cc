#include "sandbox/memory_cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "sandbox/cgroup_parent.h"

namespace assay {

std::optional<MemoryCgroup> MemoryCgroup::create(int index) {
  const auto parent = find_cgroup_parent("memory");
  if (!parent) return std::nullopt;
  std::string path = make_cgroup(*parent, index);
  if (path.empty()) return std::nullopt;
  return MemoryCgroup(std::move(path), parent->v2);
}

void MemoryCgroup::remove_stale() {
  if (const auto parent = find_cgroup_parent("memory")) remove_stale_cgroups(*parent);
}

std::string MemoryCgroup::available_version() {
  const auto parent = find_cgroup_parent("memory");
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
  remove_cgroup(path_);
}

bool MemoryCgroup::add(pid_t pid) const {
  return write_cgroup_file(path_ + "/cgroup.procs", std::to_string(pid));
}

void MemoryCgroup::set_limit(std::uint64_t bytes) {
  if (bytes == limit_bytes_) return;
  limit_bytes_ = bytes;
  const std::string text = std::to_string(bytes);
  if (v2_) {
    write_cgroup_file(path_ + "/memory.swap.max", "0");
    write_cgroup_file(path_ + "/memory.max", text);
    return;
  }
  // memsw must never be below the plain limit, so the order differs between lowering and raising.
  // Writing both twice works for either.
  for (int i = 0; i < 2; ++i) {
    write_cgroup_file(path_ + "/memory.limit_in_bytes", text);
    write_cgroup_file(path_ + "/memory.memsw.limit_in_bytes", text);
  }
}

std::uint64_t MemoryCgroup::oom_kills() const {
  std::array<char, 512> text{};  // a handful of short lines
  const ssize_t n = ::pread(events_.get(), text.data(), text.size(), 0);
  if (n <= 0) return 0;
  return cgroup_field(std::string(text.data(), static_cast<std::size_t>(n)), "oom_kill")
      .value_or(0);
}

}  // namespace assay

#include "sandbox/cpu_account.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

#include "sandbox/cgroup_parent.h"

namespace assay {
namespace {

std::optional<CgroupParent> find_parent() {
  auto parent = find_cgroup_parent("cpuacct");
  return parent ? parent : find_cgroup_parent("");
}

}  // namespace

std::optional<CpuAccount> CpuAccount::create(int index, const MemoryCgroup* memory) {
  if (memory != nullptr && memory->v2()) {
    return CpuAccount("", memory->path() + "/cpu.stat", true);
  }
  const auto parent = find_parent();
  if (!parent) return std::nullopt;
  std::string path = make_cgroup(*parent, index);
  if (path.empty()) return std::nullopt;
  const std::string file = path + (parent->v2 ? "/cpu.stat" : "/cpuacct.usage");
  return CpuAccount(std::move(path), file, parent->v2);
}

void CpuAccount::remove_stale() {
  if (const auto parent = find_parent()) remove_stale_cgroups(*parent);
}

CpuAccount::CpuAccount(std::string own_path, const std::string& file, bool v2)
    : own_path_(std::move(own_path)), v2_(v2), file_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {}

CpuAccount::CpuAccount(CpuAccount&& other) noexcept
    : own_path_(std::exchange(other.own_path_, {})),
      v2_(other.v2_),
      file_(std::move(other.file_)) {}

CpuAccount::~CpuAccount() {
  remove_cgroup(own_path_);
}

bool CpuAccount::add(pid_t pid) const {
  return own_path_.empty() || write_cgroup_file(own_path_ + "/cgroup.procs", std::to_string(pid));
}

std::optional<std::uint64_t> CpuAccount::used_ns() const {
  std::array<char, 512> text{};  // a number, or a handful of short lines
  const ssize_t n = ::pread(file_.get(), text.data(), text.size(), 0);
  if (n <= 0) return std::nullopt;
  if (v2_) {
    const auto us =
        cgroup_field(std::string(text.data(), static_cast<std::size_t>(n)), "usage_usec");
    return us ? std::optional(*us * 1000) : std::nullopt;
  }
  std::uint64_t ns = 0;
  if (std::from_chars(text.data(), text.data() + n, ns).ec != std::errc{}) return std::nullopt;
  return ns;
}

}  // namespace assay

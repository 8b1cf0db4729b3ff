// A memory cgroup around one zygote and its programs, where the machine lets us make one: version 1
// (memory controller) or version 2. Without it the zygote measures its tree by itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.h"

namespace assay {

class MemoryCgroup {
 public:
  static constexpr const char* kFix =
      "delegate the memory controller (systemd-run --user --scope -p Delegate=yes), or accept it "
      "in "
      "the plan: sandbox: {accept_missing: [memory_cgroup]}";
  // Nothing when cgroups cannot be written here. `index` keeps the groups of one process apart.
  [[nodiscard]] static std::optional<MemoryCgroup> create(int index);
  // Removes groups that a killed assay left behind; only empty ones can be removed.
  static void remove_stale();
  // "v1", "v2" or "" where none can be made.
  [[nodiscard]] static std::string available_version();

  MemoryCgroup(MemoryCgroup&& other) noexcept;
  MemoryCgroup& operator=(MemoryCgroup&&) = delete;
  MemoryCgroup(const MemoryCgroup&) = delete;
  MemoryCgroup& operator=(const MemoryCgroup&) = delete;
  ~MemoryCgroup();  // removes the group; its processes must be gone

  [[nodiscard]] bool add(pid_t pid) const;
  void set_limit(std::uint64_t bytes);
  // How often the kernel killed a process for memory so far.
  [[nodiscard]] std::uint64_t oom_kills() const;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool v2() const { return v2_; }

 private:
  MemoryCgroup(std::string path, bool v2);

  std::string path_;
  bool v2_ = false;
  std::uint64_t limit_bytes_ = 0;
  UniqueFd events_;  // read once a program
};

}  // namespace assay

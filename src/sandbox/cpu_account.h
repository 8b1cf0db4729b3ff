// How much CPU time a zygote and all its programs have used, by the kernel's own account of their
// control group: children that nobody waits for count too, which no process's own figures say.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "sandbox/memory_cgroup.h"

namespace assay {

class CpuAccount {
 public:
  // Nothing when control groups cannot be written here. `index` keeps those of one process apart.
  // A memory group of version 2 counts CPU time, too, and a process is in one such group only: its
  // account is that group's.
  [[nodiscard]] static std::optional<CpuAccount> create(int index, const MemoryCgroup* memory);
  static void remove_stale();

  CpuAccount(CpuAccount&& other) noexcept;
  CpuAccount& operator=(CpuAccount&&) = delete;
  CpuAccount(const CpuAccount&) = delete;
  CpuAccount& operator=(const CpuAccount&) = delete;
  ~CpuAccount();  // removes the group; its processes must be gone

  // False where the group does not take the process: it counts nothing then.
  [[nodiscard]] bool add(pid_t pid) const;
  // Nanoseconds since the group was made; nothing when it cannot be read.
  [[nodiscard]] std::optional<std::uint64_t> used_ns() const;

 private:
  CpuAccount(std::string own_path, const std::string& file, bool v2);

  std::string own_path_;  // empty: the group is the memory group's
  bool v2_ = false;
  UniqueFd file_;  // read many times a program
};

}  // namespace assay

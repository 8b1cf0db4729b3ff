// Where control groups of ours may be made, and the few operations on them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

struct CgroupParent {
  std::string folder;
  bool v2 = false;
};

// A folder of `controller` ("memory", "cpuacct") below which groups can be made: version 1, or
// version 2 where its children may have the controller; "" asks for any folder of version 2, whose
// groups always count CPU time. Nothing where none can be written.
[[nodiscard]] std::optional<CgroupParent> find_cgroup_parent(std::string_view controller);

// A new group of this process; `index` keeps them apart. Empty where it cannot be made.
[[nodiscard]] std::string make_cgroup(const CgroupParent& parent, int index);
// Waits up to a second for its last process to be gone. An empty path is left alone.
void remove_cgroup(const std::string& path);
// Removes groups that a killed assay left behind; only empty ones can be removed.
void remove_stale_cgroups(const CgroupParent& parent);

// False where it could not be written.
bool write_cgroup_file(const std::string& path, std::string_view text);
// The number behind `name` in lines of "name number".
[[nodiscard]] std::optional<std::uint64_t> cgroup_field(const std::string& text,
                                                        std::string_view name);

}  // namespace assay

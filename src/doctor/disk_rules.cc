#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {
namespace {

constexpr std::uint64_t kSpareBytes = 1UL << 30;

std::string room(std::uint64_t bytes) {
  return human_bytes(static_cast<double>(bytes));
}

// What lies on one file system.
struct Load {
  FileSystem on;
  std::uint64_t bytes = 0;
  std::vector<Text> what;
};

std::map<std::filesystem::path, Load> by_mount(const std::vector<PlaceOnDisk>& places) {
  std::map<std::filesystem::path, Load> out;
  for (const PlaceOnDisk& p : places) {
    Load& load = out[p.on.mount];
    load.on = p.on;
    load.bytes += p.place.bytes;
    load.what.push_back(p.place.what);
  }
  return out;
}

Finding space_on(const Load& load) {
  const std::string mount = load.on.mount.string();
  const Text name = bilingual("disk {}", "磁盘 {}", mount);
  const std::uint64_t spare = spare_bytes(load.on);
  const Text what = listed(load.what, ", ", "、");
  if (load.on.free_bytes < load.bytes + spare) {
    return missing(
        name,
        bilingual("{} free, {} needed", "空闲 {}，需要 {}", room(load.on.free_bytes),
                  room(load.bytes + spare)),
        bilingual("{0} to fetch and {1} to spare, for {2}", "用于{2}：要下载 {0}，另留 {1}",
                  room(load.bytes), room(spare), what),
        {"free some, or name folders on a larger disk: HF_HOME and TMPDIR in the plan's env, "
         "output (or --out)",
         "腾出空间，或指定更大磁盘上的目录：计划 env 中的 HF_HOME 与 TMPDIR，以及 output（或 "
         "--out）"});
  }
  Text to_fetch;
  if (load.bytes > 0) to_fetch = bilingual(", {} to fetch", "，要下载 {}", room(load.bytes));
  return ok(name, bilingual("{0} free for {1}{2}", "空闲 {0}，用于{1}{2}", room(load.on.free_bytes),
                            what, to_fetch));
}

}  // namespace

std::uint64_t spare_bytes(const FileSystem& on) {
  return on.mount == "/" ? 2 * kSpareBytes : kSpareBytes;
}

Findings space_findings(const std::vector<PlaceOnDisk>& places) {
  Findings out;
  for (const auto& [mount, load] : by_mount(places)) out.push_back(space_on(load));
  return out;
}

Findings disk_findings(const std::vector<PlaceOnDisk>& places,
                       const std::vector<FileSystem>& others, bool bytes_known) {
  Findings out = space_findings(places);
  for (const PlaceOnDisk& p : places) {
    if (!p.on.writable) {
      out.push_back(missing(bilingual("folder {}", "目录：{}", p.place.what),
                            bilingual("{} cannot be written", "{} 不可写", p.place.folder.string()),
                            {},
                            bilingual("let this user write there, or change {}",
                                      "让本用户可写，或更改 {}", p.place.set_by)));
    }
    if (p.on.mount != "/") continue;
    const auto larger = std::ranges::find_if(
        others, [&](const FileSystem& f) { return f.free_bytes > p.on.free_bytes; });
    if (larger != others.end()) {
      out.push_back(
          note(bilingual("folder {}", "目录：{}", p.place.what),
               bilingual("{} lies on /, and {} has more room ({} free)",
                         "{} 位于 /，而 {} 空间更大（空闲 {}）", p.place.folder.string(),
                         larger->mount.string(), room(larger->free_bytes)),
               bilingual("set {} to a folder there", "把 {} 设为那里的目录", p.place.set_by)));
    }
  }
  if (!bytes_known) {
    out.push_back(not_checked({"bytes to fetch", "下载量"},
                              {"the hub did not say the size of all that is to come",
                               "hub 没有说明全部要下载内容的大小"}));
  }
  return out;
}

}  // namespace assay

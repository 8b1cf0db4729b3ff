#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {
namespace {

constexpr std::uint64_t kSpareBytes = 1UL << 30;      // as a run asks (cli/folders.h), and twice
constexpr std::uint64_t kRootSpareBytes = 2UL << 30;  // on "/", which takes the machine with it

std::string room(std::uint64_t bytes) {
  return human_bytes(static_cast<double>(bytes));
}

// What lies on one file system.
struct Load {
  FileSystem on;
  std::uint64_t bytes = 0;
  std::vector<std::string> what;
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
  const std::string name = "disk " + mount;
  const std::uint64_t spare = mount == "/" ? kRootSpareBytes : kSpareBytes;
  const std::string what = join(load.what, ", ");
  if (load.on.free_bytes < load.bytes + spare) {
    return missing(
        name, fmt::format("{} free, {} needed", room(load.on.free_bytes), room(load.bytes + spare)),
        fmt::format("{} to fetch and {} to spare, for {}", room(load.bytes), room(spare), what),
        "free some, or name folders on a larger disk: HF_HOME and TMPDIR in the plan's env, "
        "output (or --out)");
  }
  return ok(name, fmt::format("{} free for {}{}", room(load.on.free_bytes), what,
                              load.bytes > 0 ? ", " + room(load.bytes) + " to fetch" : ""));
}

}  // namespace

Findings disk_findings(const std::vector<PlaceOnDisk>& places,
                       const std::vector<FileSystem>& others, bool bytes_known) {
  Findings out;
  for (const auto& [mount, load] : by_mount(places)) out.push_back(space_on(load));
  for (const PlaceOnDisk& p : places) {
    if (!p.on.writable) {
      out.push_back(
          missing("folder " + p.place.what, p.place.folder.string() + " cannot be written", "",
                  fmt::format("let this user write there, or change {}", p.place.set_by)));
    }
    if (p.on.mount != "/") continue;
    const auto larger = std::ranges::find_if(
        others, [&](const FileSystem& f) { return f.free_bytes > p.on.free_bytes; });
    if (larger != others.end()) {
      out.push_back(
          note("folder " + p.place.what,
               fmt::format("{} lies on /, and {} has more room ({} free)", p.place.folder.string(),
                           larger->mount.string(), room(larger->free_bytes)),
               fmt::format("set {} to a folder there", p.place.set_by)));
    }
  }
  if (!bytes_known) {
    out.push_back(not_checked("bytes to fetch",
                              "the hub did not say the size of all that is to "
                              "come"));
  }
  return out;
}

}  // namespace assay

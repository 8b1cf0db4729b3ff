#include "cli/folders.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

#include "base/files.h"
#include "base/text.h"
#include "doctor/ask.h"

namespace assay {
namespace fs = std::filesystem;
namespace {

// AF_UNIX paths end at 107 bytes, and engines put sockets with long names into TMPDIR.
constexpr std::size_t kLongestTemporary = 60;

constexpr const char* kFolders[] = {
    "HF_HOME",          "XDG_CACHE_HOME",          "TMPDIR",         "VLLM_CACHE_ROOT",
    "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "CUDA_CACHE_PATH"};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The device of the folder, or of the nearest one above it that is there.
dev_t device_of(const fs::path& place) {
  struct stat info{};
  return ::stat(nearest_existing(place).c_str(), &info) == 0 ? info.st_dev : 0;
}

}  // namespace

Environment cache_variables(const Environment& set, const fs::path& output, bool other_disk) {
  const auto missing = [&](const char* name) {
    const auto it = set.find(name);
    return it == set.end() || it->second.empty();
  };
  fs::path base = missing("XDG_CACHE_HOME") ? fs::path() : fs::path(set.at("XDG_CACHE_HOME"));
  Environment out;
  const auto add = [&](const char* name, const fs::path& value) {
    if (missing(name)) out[name] = value.string();
  };
  if (base.empty()) {
    if (!other_disk) return out;
    base = output.parent_path() / "cache";
    add("XDG_CACHE_HOME", base);
    add("HF_HOME", base / "huggingface");
    if ((base / "tmp").string().size() <= kLongestTemporary) add("TMPDIR", base / "tmp");
  }
  add("VLLM_CACHE_ROOT", base / "vllm");
  add("TRITON_CACHE_DIR", base / "triton");
  add("TORCHINDUCTOR_CACHE_DIR", base / "inductor");
  add("CUDA_CACHE_PATH", base / "nv");
  return out;
}

Status check_space(const std::string& what, const fs::path& place, const FileSystem& on) {
  const std::uint64_t least = spare_bytes(on);
  if (on.free_bytes >= least) return {};
  return environment_error(
      fmt::format("too little space for {} in {}", what, place.string()),
      fmt::format("{} are free{}, {} is the least", human_bytes(static_cast<double>(on.free_bytes)),
                  on.mount == "/" ? " on the root file system" : "",
                  human_bytes(static_cast<double>(least))),
      fmt::format("free some, or name a folder on a larger disk ({})",
                  what == "the run" ? "--out or the plan's output" : what + " in the plan's env"));
}

Environment run_folders(const fs::path& output, const Environment& over) {
  Environment set;
  for (const char* name : kFolders) {
    const auto it = over.find(name);
    set[name] = it != over.end() ? it->second : variable(name);
  }
  const std::string home = variable("HOME");
  const bool other_disk = !home.empty() && device_of(home) != device_of(output);
  for (const auto& [name, value] : cache_variables(set, output, other_disk)) set[name] = value;
  return set;
}

Status prepare_folders(const fs::path& output, bool engine) {
  Environment set = run_folders(output);
  for (const auto& [name, value] : set) {
    if (!value.empty()) ::setenv(name.c_str(), value.c_str(), 1);
  }
  set["the run"] = output.string();
  for (const auto& [name, folder] : set) {
    if (folder.empty() || folder.front() != '/') continue;
    if (name != "the run") TRY(make_dirs(folder));  // the store makes its own
    if (!engine) continue;
    TRY(check_space(name, folder, TRY(file_system_of(folder))));
  }
  return {};
}

}  // namespace assay

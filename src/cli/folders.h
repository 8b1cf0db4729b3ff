// Where a run's caches and temporary files lie, and whether there is room for them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace assay {

using Environment = std::map<std::string, std::string>;

// Variables to set so that caches go to the data disk; those that are set stay as they are. The
// compile caches (vLLM, Triton, Inductor, CUDA) follow XDG_CACHE_HOME where that is set. Where it
// is not and `other_disk` says that the output lies on another disk than the home folder, all
// caches and TMPDIR go to <output's parent>/cache; else nothing changes.
[[nodiscard]] Environment cache_variables(const Environment& set,
                                          const std::filesystem::path& output, bool other_disk);

// What the folders' variables (HF_HOME, TMPDIR and the caches) will be in a run with this output:
// `over`, else as they are, else cache_variables. Those that stay unset are empty.
[[nodiscard]] Environment run_folders(const std::filesystem::path& output,
                                      const Environment& over = {});

struct Space {
  std::uint64_t free_bytes = 0;
  bool root = false;  // the file system of "/"
};

// At least 1 GiB must be free where a run writes, 2 GiB on the root file system: a full one takes
// the machine down with it.
[[nodiscard]] Status check_space(const std::string& what, const std::filesystem::path& place,
                                 const Space& space);

// Sets cache_variables in this process, so that every child has them, makes the folders that
// TMPDIR, HF_HOME and the caches name, and checks the space of each. To be called after the plan's
// env is applied. Without an engine to come no space is asked for.
[[nodiscard]] Status prepare_folders(const std::filesystem::path& output, bool engine = true);

}  // namespace assay

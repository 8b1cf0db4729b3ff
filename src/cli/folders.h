// Where a run's caches and temporary files lie, and whether there is room for them.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"
#include "doctor/rules.h"

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

// What a run writes there must leave spare_bytes() free (doctor/rules.h).
[[nodiscard]] Status check_space(const std::string& what, const std::filesystem::path& place,
                                 const FileSystem& on);

// Sets cache_variables in this process, so that every child has them, makes the folders that
// TMPDIR, HF_HOME and the caches name, and checks the space of each. To be called after the plan's
// env is applied. Without an engine to come no space is asked for.
[[nodiscard]] Status prepare_folders(const std::filesystem::path& output, bool engine = true);

}  // namespace assay

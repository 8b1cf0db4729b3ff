// SciCode's test_data.h5: is it there, and does it hold what the tests compare with?
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "values/item_list.h"

namespace assay {

struct ScicodeTargets {
  bool there = false;
  bool usable = false;
  Text text;  // one line: the file and its size, or what is wrong
};

// `items` are the task's, all splits. The file is opened by h5py inside the sandbox, never outside:
// it is not ours. Errors: the sandbox or the graders' Python are not there.
[[nodiscard]] Result<ScicodeTargets> check_scicode_targets(const std::filesystem::path& folder,
                                                           const ItemList& items);

}  // namespace assay

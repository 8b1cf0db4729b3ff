// A study's folder: many arms, in folders of their own or in files told apart by their names.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "compare/result_folders.h"

namespace assay {

// Without a pattern each folder in the one given is an arm of that name (several, where it holds
// several models); of several given each is itself an arm. Results that lie in the folder directly,
// and variants of a run of assay, have the names that read_arms gives. A pattern says where a
// results file's path below the folder names its arm: "{arm}__{task}.json", "{arm}/run{run}" with
// {arm}, {task}, {run} and * for any text without a slash. It is matched with the path without the
// date; when it does not end in ".json", with the folders of the path's beginning. Runs of one arm
// and task are repeats: their scores are averaged by item. Usage errors: a pattern without {arm},
// or one that fits nothing; no results; two arms of one name.
[[nodiscard]] Result<std::vector<ResultArm>> read_study(const std::vector<std::string>& folders,
                                                        const std::string& pattern);

}  // namespace assay

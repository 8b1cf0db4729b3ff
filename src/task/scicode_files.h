// The files that SciCode's authors publish apart from the rows: test_data.h5 and the given code of
// three steps, <step>.txt.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "task/task.h"

namespace assay {

inline constexpr const char* kScicodeTargets = "test_data.h5";

// Where they are looked for, in this order: what the option `test_data` names (the file, or its
// folder; relative to the data folder, else to the working folder); beside the rows
// (`row_folders`); the data folder's scicode/ and the data folder itself; the user's own folder.
[[nodiscard]] std::vector<std::filesystem::path> scicode_places(
    const TaskContext& context, const std::vector<std::string>& row_folders);

// $XDG_DATA_HOME/assay/scicode, by default ~/.local/share/assay/scicode: the place for rows that
// come from the hub. Empty: neither variable is set.
[[nodiscard]] std::filesystem::path scicode_user_folder();

// The first of them that holds a file of that name; empty: none does. A file that `test_data` names
// may have another name than test_data.h5.
[[nodiscard]] std::string find_scicode_file(const std::vector<std::filesystem::path>& places,
                                            const std::string& name);

// The folders that a data set's files lie in, each once, relative to the data folder.
[[nodiscard]] std::vector<std::string> row_folders(const DataSet& data);

// The option `test_data` names something that is not there.
[[nodiscard]] Status check_test_data_option(const TaskContext& context);

}  // namespace assay

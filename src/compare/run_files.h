// The files that one call of lm-eval left in a folder: a results file, and samples of its date.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "compare/result_file.h"

namespace assay {

struct RunFiles {
  std::filesystem::path folder;
  ResultFile result;                                     // its `file` is empty: samples alone
  std::map<std::string, std::filesystem::path> samples;  // task -> file
};

struct FolderFiles {
  std::vector<RunFiles> runs;         // by date
  std::vector<std::string> left_out;  // files that cannot be used, and why
};

// "samples_<task>_<date>.jsonl" (or .json, as in June 2024) -> task and date ("" without one);
// none: another kind of file.
[[nodiscard]] std::optional<std::pair<std::string, std::string>> sample_file_name(
    const std::string& name);

// The runs of one folder, without those below it. A results file may have any name (--output_path
// x/bf16.json). Samples belong to the results file of their date; those without one to the folder's
// only model. What is cut or damaged is left out and said.
[[nodiscard]] FolderFiles files_of_folder(const std::filesystem::path& folder);

}  // namespace assay

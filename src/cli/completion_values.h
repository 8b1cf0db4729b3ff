// What a shell may offer for the word under the cursor: commands, options, and their values.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// What completion scripts call, in place of a command: `assay __complete WORD…`, the words behind
// "assay" up to the cursor, the last of them not yet complete or empty.
inline constexpr std::string_view kCompleteWords = "__complete";

// Commands; options; plans and folders as they lie on the disk; tasks; the variants of a plan that
// is named before, and of a shard its tasks. Sorted where they come from the disk; folders to go on
// in end with '/'. Says nothing of what is wrong with the words.
[[nodiscard]] std::vector<std::string> completions(const CLI::App& app,
                                                   const std::vector<std::string>& words);

// A line each; the exit code.
int print_completions(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace assay

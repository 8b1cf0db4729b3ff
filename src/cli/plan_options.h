// --data, --out, --set and the plan's path: what commands that take a plan share.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace assay {

struct PlanOptions {
  std::string plan;
  std::optional<std::string> text;  // of a plan that is not in its file yet
  std::string data;
  std::string out;
  std::string until;             // in place of the plan's
  std::string budget;            // likewise
  std::string like;              // a folder of results: lengths and flips are expected as there
  std::vector<std::string> set;  // "tasks.hle.limit=5": a path of keys, list positions or names
};

// Usage error: --data names no folder. Empty: it was not given.
[[nodiscard]] Status check_data_folder(const std::string& folder);
void add_plan_options(CLI::App& command, PlanOptions& options, bool with_output);
// What --like does, of the commands that have it.
inline constexpr const char* kLikeHelp =
    "A folder of results: answers get as long, and items flip as often, as there";
// Reads the plan, puts the --set values in, what --like tells, and validates it. An error that came
// with one of the options names that option, not a place in the file.
[[nodiscard]] Result<Plan> load_with_options(const PlanOptions& options);
// A usage error in a folder that was deleted, where a relative path leads nowhere.
[[nodiscard]] Result<std::filesystem::path> absolute_path(const std::filesystem::path& path);
[[nodiscard]] Result<std::vector<std::filesystem::path>> absolute_paths(
    const std::vector<std::string>& paths);
// --out, else the plan's output; a usage error when neither is given.
[[nodiscard]] Result<std::filesystem::path> output_folder(const Plan& plan,
                                                          const PlanOptions& options);

}  // namespace assay

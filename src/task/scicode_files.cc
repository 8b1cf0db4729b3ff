#include "task/scicode_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "task/fields.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// What the option names; empty without one.
fs::path named_place(const TaskContext& context) {
  const auto text = text_option(context.spec, "test_data", "");
  if (!text || text->empty()) return {};
  const fs::path path = *text;
  std::error_code ignored;
  const fs::path beside_rows = fs::path(context.data_folder) / path;
  return path.is_relative() && fs::exists(beside_rows, ignored) ? beside_rows : path;
}

}  // namespace

fs::path scicode_user_folder() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0') {
    return fs::path(data) / "assay" / "scicode";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return fs::path(home) / ".local" / "share" / "assay" / "scicode";
  }
  return {};
}

std::vector<fs::path> scicode_places(const TaskContext& context,
                                     const std::vector<std::string>& row_folders) {
  std::vector<fs::path> places;
  if (fs::path named = named_place(context); !named.empty()) {
    std::error_code ignored;
    const bool file = fs::is_regular_file(named, ignored);
    places.push_back(named);
    if (file) places.push_back(named.parent_path());
  }
  if (!context.data_folder.empty()) {
    for (const std::string& rows : row_folders) {
      places.push_back(fs::path(context.data_folder) / rows);
    }
    places.push_back(fs::path(context.data_folder) / "scicode");
    places.emplace_back(context.data_folder);
  }
  if (fs::path user = scicode_user_folder(); !user.empty()) places.push_back(std::move(user));
  return places;
}

std::string find_scicode_file(const std::vector<fs::path>& places, const std::string& name) {
  for (const fs::path& place : places) {
    std::error_code ignored;
    const bool is_file = fs::is_regular_file(place, ignored);
    if (is_file && name != kScicodeTargets) continue;
    const fs::path file = is_file ? place : place / name;
    if (fs::is_regular_file(file, ignored)) {
      return fs::absolute(file, ignored).lexically_normal().string();
    }
  }
  return {};
}

std::vector<std::string> row_folders(const DataSet& data) {
  std::vector<std::string> folders;
  for (const std::string& file : data.files) {
    std::string folder = fs::path(file).parent_path().string();
    if (folder.empty() || std::ranges::find(folders, folder) != folders.end()) continue;
    folders.push_back(std::move(folder));
  }
  return folders;
}

Status check_test_data_option(const TaskContext& context) {
  const fs::path named = named_place(context);
  std::error_code ignored;
  if (named.empty() || fs::exists(named, ignored)) return {};
  return usage_error(fmt::format("task {}: there is no {}", context.spec.name, named.string()),
                     "the option test_data names it", "correct the plan, or put the file there");
}

}  // namespace assay

#include "data/glob.h"

#include <algorithm>
#include <set>
#include <string>
#include <system_error>

#include "base/text.h"

namespace assay {
namespace {

constexpr int kMostFolders = 12;
constexpr std::size_t kMaxFiles = 200000;

// On a mismatch it only goes back to the last '*', so the time is never exponential.
bool part_matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view path) {
  const std::vector<std::string> patterns = split(pattern, '/');
  const std::vector<std::string> parts = split(path, '/');
  // reach[i]: the patterns so far can match the first i parts.
  std::vector<bool> reach(parts.size() + 1);
  reach[0] = true;
  for (const std::string& part : patterns) {
    std::vector<bool> next(parts.size() + 1);
    if (part == "**") {
      bool open = false;
      for (std::size_t i = 0; i <= parts.size(); ++i) next[i] = open = open || reach[i];
    } else {
      for (std::size_t i = 0; i < parts.size(); ++i) {
        next[i + 1] = reach[i] && part_matches(part, parts[i]);
      }
    }
    reach = std::move(next);
  }
  return reach.back();
}

namespace {

// Links to folders, each followed once: none that leads back, nor into the folder itself, whose
// files would be listed twice.
class LinkedFolders {
 public:
  explicit LinkedFolders(const std::filesystem::path& folder)
      : root_(std::filesystem::weakly_canonical(folder, ignored_).native() + "/") {}

  bool leads_nowhere_new(const std::filesystem::directory_entry& entry) {
    if (!entry.is_symlink(ignored_) || !entry.is_directory(ignored_)) return false;
    const std::string target = std::filesystem::canonical(entry.path(), ignored_).native() + "/";
    return target.starts_with(root_) || root_.starts_with(target) || !seen_.insert(target).second;
  }

 private:
  std::error_code ignored_;
  std::string root_;
  std::set<std::string> seen_;
};

}  // namespace

Result<std::vector<std::string>> list_files(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> files;
  fs::recursive_directory_iterator it(folder,
                                      fs::directory_options::skip_permission_denied |
                                          fs::directory_options::follow_directory_symlink,
                                      error);
  if (error) {
    return usage_error("cannot read the folder " + folder.string(), error.message(),
                       "check the path");
  }
  LinkedFolders linked(folder);
  for (const fs::recursive_directory_iterator end; it != end; it.increment(error)) {
    if (error) break;
    std::error_code ignored;  // a broken link counts as no file
    if (it->path().filename().native().starts_with('.')) {
      it.disable_recursion_pending();
      continue;
    }
    if (it.depth() >= kMostFolders || linked.leads_nowhere_new(*it)) {
      it.disable_recursion_pending();
    }
    if (!it->is_regular_file(ignored)) continue;
    files.push_back(it->path().lexically_relative(folder).generic_string());
    if (files.size() > kMaxFiles) {
      return usage_error(folder.string() + " holds too many files", "more than 200,000",
                         "name the folder that holds the data sets alone");
    }
  }
  if (error) {
    return environment_error("cannot read the folder " + folder.string(), error.message(),
                             "check its permissions");
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace assay

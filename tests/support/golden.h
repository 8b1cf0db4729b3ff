// For tests: what was made, beside what was approved (tests/golden). After a change that is meant:
// tools/approve_golden, then read the difference.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include "base/files.h"

namespace assay {

inline std::set<std::string> files_below(const std::filesystem::path& folder) {
  std::set<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) names.insert(entry.path().lexically_relative(folder).string());
  }
  return names;
}

inline std::string first_difference(const std::string& found, const std::string& approved) {
  std::istringstream left(found);
  std::istringstream right(approved);
  std::string a;
  std::string b;
  for (int line = 1; line < 1000000; ++line) {
    const bool more_a = static_cast<bool>(std::getline(left, a));
    const bool more_b = static_cast<bool>(std::getline(right, b));
    if (more_a != more_b || a != b) {
      return fmt::format("line {}\n  now:      {:.300}\n  approved: {:.300}", line,
                         more_a ? a : "(end)", more_b ? b : "(end)");
    }
    if (!more_a) break;
  }
  return "nothing but line ends";
}

inline const std::filesystem::path kGolden =
    std::filesystem::path(ASSAY_SOURCE_DIR) / "tests" / "golden";

inline void expect_approved(const std::filesystem::path& made, const std::string& name) {
  const std::filesystem::path golden = kGolden / name;
  if (std::getenv("ASSAY_APPROVE_GOLDEN") != nullptr) {
    std::filesystem::remove_all(golden);
    std::filesystem::create_directories(golden);
    std::filesystem::copy(made, golden, std::filesystem::copy_options::recursive);
    return;
  }
  EXPECT_EQ(files_below(made), files_below(golden));
  for (const std::string& file : files_below(made)) {
    if (!std::filesystem::exists(golden / file)) continue;
    const std::string found = read_file(made / file).value();
    const std::string approved = read_file(golden / file).value();
    EXPECT_TRUE(found == approved)
        << name << "/" << file << ": " << first_difference(found, approved)
        << "\nmeant? tools/approve_golden";
  }
}

}  // namespace assay

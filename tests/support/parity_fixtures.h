// lm-eval's own scores, recorded case by case below $ASSAY_SHARED/parity/open.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/subprocess.h"

namespace assay {

// Counts what was compared and names the first few that differ; skipped without $ASSAY_SHARED.
class ParityTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* shared = std::getenv("ASSAY_SHARED");
    if (shared == nullptr) GTEST_SKIP() << "ASSAY_SHARED names no folder with fixtures";
    shared_ = shared;
  }

  // Counts one comparison; says the first few that differ.
  void compare(bool same, const std::string& what) {
    ++compared_;
    if (same) return;
    if (++differing_ <= 5) ADD_FAILURE() << what;
  }

  void TearDown() override {
    if (compared_ == 0) return;
    std::cout << "compared " << compared_ << ", differing " << differing_ << '\n';
    EXPECT_EQ(differing_, 0);
  }

  [[nodiscard]] std::string output_of(std::vector<std::string> argv) const {
    SpawnOptions options;
    options.argv = std::move(argv);
    const auto result = run_command(options, "", std::chrono::minutes(1), 256UL << 20);
    EXPECT_TRUE(result) << "cannot run " << options.argv[0];
    return result && result->exit_code == 0 ? result->out : "";
  }

  [[nodiscard]] std::vector<Json> fixture(const std::string& name) const {
    std::istringstream lines(
        output_of({"xz", "-dc", shared_ + "/parity/open/" + name + ".jsonl.xz"}));
    std::vector<Json> records;
    for (std::string line; std::getline(lines, line);) records.push_back(Json::parse(line));
    EXPECT_FALSE(records.empty()) << name;
    return records;
  }

  std::string shared_;
  int compared_ = 0;
  int differing_ = 0;
};

}  // namespace assay

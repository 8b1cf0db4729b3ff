// For tests: a command line, and what it printed.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/cli.h"

namespace assay {

struct Told {
  int exit_code = 0;
  std::string out;
  std::string err;
};

inline Told assay(std::vector<std::string> words) {
  words.insert(words.begin(), "assay");
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  Signals signals;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Told told;
  told.exit_code = run_cli(static_cast<int>(argv.size()), argv.data(), signals);
  told.out = testing::internal::GetCapturedStdout();
  told.err = testing::internal::GetCapturedStderr();
  return told;
}

}  // namespace assay

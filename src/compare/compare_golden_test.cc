// Comparisons and summaries of folders in every format, beside what was approved (tests/golden).
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "compare/compare_folders.h"
#include "compare/summarize.h"
#include "support/golden.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Comparisons of folders: paired runs of ours, and lm-eval results without samples.
TEST(GoldenComparison, EveryFormatIsAsApproved) {
  const fs::path folder = fs::path(testing::TempDir()) / fmt::format("golden_compare_{}", getpid());
  fs::remove_all(folder);
  ASSERT_TRUE(make_dirs(folder / "made"));
  ASSERT_TRUE(make_dirs(folder / "lm/a"));
  ASSERT_TRUE(make_dirs(folder / "lm/b"));
  std::ofstream(folder / "lm/a/results_2026-01-01T00-00-00.json")
      << R"({"results":{"arc":{"acc,none":0.62,"acc_stderr,none":0.014}},"n-samples":{"arc":{"effective":1172}}})";
  std::ofstream(folder / "lm/b/results_2026-01-02T00-00-00.json")
      << R"({"results":{"arc":{"acc,none":0.55,"acc_stderr,none":"N/A"}},"n-samples":{"arc":{"effective":1172}}})";
  const auto write = [&](const std::string& name, const CompareRequest& request) {
    const auto report = compare_folders(request);
    ASSERT_TRUE(report) << report.error().to_string();
    const fs::path to = folder / "made" / name;
    ASSERT_TRUE(make_dirs(to));
    ASSERT_TRUE(write_file_atomic(to / "terminal.txt", comparison_text(*report)));
    ASSERT_TRUE(write_file_atomic(to / "summary.md", comparison_markdown(*report)));
    ASSERT_TRUE(write_file_atomic(to / "compare.json", comparison_json(*report)));
    ASSERT_TRUE(write_file_atomic(to / "junit.xml", comparison_junit(*report)));
  };
  for (const auto& [format, name] : {std::pair(TableFormat::terminal, "terminal.txt"),
                                     {TableFormat::markdown, "summary.md"},
                                     {TableFormat::csv, "summary.csv"},
                                     {TableFormat::latex, "summary.tex"},
                                     {TableFormat::json, "summary.json"}}) {
    const auto text = summarize({kGolden / "not_available", folder / "lm/a"}, format);
    ASSERT_TRUE(text) << text.error().to_string();
    ASSERT_TRUE(make_dirs(folder / "made/summarize"));
    ASSERT_TRUE(write_file_atomic(folder / "made/summarize" / name, *text));
  }
  write("invalid", {.base = (kGolden / "invalid").string()});
  write("one_worse", {.base = (kGolden / "one_worse").string()});
  write("not_paired",
        {.base = (folder / "lm/a").string(), .candidates = {(folder / "lm/b").string()}});
  expect_approved(folder / "made", "compare");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace assay

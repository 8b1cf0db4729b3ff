// Files that releases of lm-eval wrote themselves (tests/lm_eval_files/README.md says how).
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "compare/compare_folders.h"
#include "compare/result_folders.h"
#include "compare/summarize.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

const fs::path kFiles = fs::path(ASSAY_SOURCE_DIR) / "tests" / "lm_eval_files";

const SummaryRow* row_of(const std::vector<SummaryRow>& rows, const std::string& task,
                         const std::string& metric) {
  for (const SummaryRow& row : rows) {
    if (row.task == task && row.metric == metric) return &row;
  }
  return nullptr;
}

class LmEvalFiles : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] fs::path release() const { return kFiles / GetParam(); }
};

// The dummy answers "lol" to five questions, which is right for two (rows 3 and 4).
TEST_P(LmEvalFiles, SummariesHaveEveryTaskAndTheGroup) {
  for (const char* layout : {"folder", "named"}) {
    const auto rows = read_summary({release() / layout});
    ASSERT_TRUE(rows) << rows.error().to_string();
    const SummaryRow* generated = row_of(*rows, "our_generated", "exact_match (flexible-extract)");
    ASSERT_NE(generated, nullptr) << layout;
    EXPECT_DOUBLE_EQ(generated->value, 0.4);
    EXPECT_EQ(row_of(*rows, "our_generated", "exact_match (strict-match)")->value, 0);
    EXPECT_DOUBLE_EQ(row_of(*rows, "our_instructed", "prompt_level_strict_acc")->value, 0.4);
    ASSERT_NE(row_of(*rows, "our_instructed", "inst_level_strict_acc"), nullptr);
    EXPECT_EQ(row_of(*rows, "our_instructed", "inst_level_strict_acc")->n, 0);
    ASSERT_NE(row_of(*rows, "our_group", "acc"), nullptr);
    ASSERT_NE(row_of(*rows, "our_rolling", "word_perplexity"), nullptr);
    EXPECT_TRUE(row_of(*rows, "our_choice", "acc")->has_value);
  }
}

TEST_P(LmEvalFiles, TheTwoRunsAreComparedByItem) {
  const auto report = compare_folders(
      {.base = (release() / "folder").string(), .candidates = {(release() / "named").string()}});
  ASSERT_TRUE(report) << report.error().to_string();
  const auto& tasks = report->candidates[0].tasks;
  const auto find = [&tasks](const std::string& name) {
    for (const TaskComparison& task : tasks) {
      if (task.task == name) return &task;
    }
    return static_cast<const TaskComparison*>(nullptr);
  };
  ASSERT_EQ(tasks.size(), 5U) << comparison_text(*report);
  const TaskComparison* generated = find("our_generated");
  EXPECT_TRUE(generated->paired);
  EXPECT_EQ(generated->comparison.n, 5);
  EXPECT_EQ(generated->filter, "strict-match");
  EXPECT_EQ(generated->comparison.baseline_mean, 0);
  EXPECT_GE(generated->answers_base.looked_at, 5);  // of both filters where none is named
  EXPECT_TRUE(generated->answers_base.sound());
  EXPECT_EQ(find("our_instructed")->metric, "prompt_level_strict_acc");
  EXPECT_EQ(find("our_instructed")->comparison.n, 5);
  EXPECT_EQ(find("our_choice")->metric, "acc");
  EXPECT_EQ(find("our_choice")->comparison.n, 5);
  EXPECT_EQ(find("our_choice")->answers_base.looked_at, 0);  // log-likelihoods
  EXPECT_EQ(find("our_group")->metric, "acc");
  EXPECT_EQ(find("our_group")->comparison.n, 10);
  EXPECT_TRUE(find("our_rolling")
                  ->comparison.reason.starts_with("no share of right answers: word_perplexity "));
  EXPECT_EQ(find("our_group_first"), nullptr);
}

TEST_P(LmEvalFiles, TheSecondFilterIsFoundWhereItIsNotNamed) {
  const auto report = compare_folders({.base = (release() / "folder").string(),
                                       .candidates = {(release() / "named").string()},
                                       .filter = "flexible-extract"});
  ASSERT_TRUE(report) << report.error().to_string();
  for (const TaskComparison& task : report->candidates[0].tasks) {
    if (task.task != "our_generated") continue;
    EXPECT_TRUE(task.paired);
    EXPECT_DOUBLE_EQ(task.comparison.baseline_mean, 0.4);
    EXPECT_EQ(task.comparison.both_right, 2);
  }
}

std::string release_name(const testing::TestParamInfo<const char*>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Releases, LmEvalFiles,
                         testing::Values("0.4.0", "0.4.3", "0.4.5", "0.4.7", "0.4.9", "0.4.13"),
                         release_name);

// One release against another: what a file cannot say is noted, never taken for alike.
TEST(LmEvalFilesAcross, OldAndNew) {
  const auto report = compare_folders({.base = (kFiles / "0.4.0/folder").string(),
                                       .candidates = {(kFiles / "0.4.9/folder").string()}});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_NE(
      comparison_text(*report).find("said on one side only, so not compared: "
                                    "chat_template_sha, system_instruction_sha, task version\n"),
      std::string::npos)
      << comparison_text(*report);
}

}  // namespace
}  // namespace assay

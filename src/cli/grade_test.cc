// What `assay grade` and `assay pass1` say before they need a sandbox or an engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "cli/run_cli_test.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string written(const std::string& name, const std::string& content) {
  const auto file = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream(file) << content;
  return file.string();
}

// One answer with a program, which cannot be run, and one without, which is wrong in any case: the
// mean over those that can be scored would be that of losers.
TEST(Grade, ItemsWithoutTestsHaveNoScore) {
  const std::string file =
      written("no_tests_eval_all.json",
              R"([{"question_id": "p", "question_content": "q", "difficulty": "easy",)"
              R"( "contest_date": "2024-09-01T00:00:00", "graded_list": [true, false],)"
              R"( "output_list": ["```python\nprint(1)\n```", "no code"]}])");
  const Told told = assay({"grade", "livecodebench", file});
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("all                             2        0       50.00"));
  EXPECT_THAT(told.out, HasSubstr("no score: the item's tests are not there: 2"));
  EXPECT_THAT(told.out, Not(HasSubstr("robust  ")));
  EXPECT_THAT(told.out, Not(HasSubstr("pass@1")));
}

TEST(Grade, SciCodeIsAFolder) {
  const std::string file = written("scicode.jsonl", "{}\n");
  const Told told = assay({"grade", "scicode", file});
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("name the folder of <problem>.<step>.py"));
}

TEST(Pass1, SamplesTemperatureAndKHaveToFit) {
  const Told more = assay({"pass1", "--model", "x", "--samples", "4", "--k", "1,8"});
  EXPECT_EQ(more.exit_code, 2);
  EXPECT_THAT(more.err, HasSubstr("pass@8 cannot be told from 4 samples"));
  const Told greedy = assay({"pass1", "--model", "x", "--samples", "4", "--temperature", "0"});
  EXPECT_EQ(greedy.exit_code, 2);
  EXPECT_THAT(greedy.err, HasSubstr("4 samples at temperature 0 are 4 times the same answer"));
}

}  // namespace
}  // namespace assay

// A matrix of ten thousand variants is no accident that anybody wants to pay for.
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

std::string plan_of(int values) {
  std::string list;
  for (int i = 1; i <= values; ++i) list += (i == 1 ? "" : ", ") + std::to_string(i);
  // Tests run beside each other.
  const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
  const auto file = std::filesystem::path(testing::TempDir()) / ("many_variants_" + test + ".yaml");
  std::ofstream(file)
      << "name: many\nmatrix:\n  models: [{name: m, model: ./none}]\n  engine: {seed: [" << list
      << "], max_num_seqs: [" << list << "]}\n"
      << "  baseline: m-seed_1-max_num_seqs_1\n"
      << "tasks: [{name: aime24, limit: 4, max_gen_toks: 64, repeats: 2}]\n";
  return file.string();
}

TEST(ManyVariants, AreRunOnlyWhenTheyAreMeant) {
  const std::string plan = plan_of(100);
  const std::string out = testing::TempDir() + "many_variants_out";
  const Told told = assay({"run", plan, "--out", out});
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("the plan makes 10000 variants"));
  EXPECT_THAT(told.err, HasSubstr("166h 40m 00s at a minute each; 80000 answers"));
  EXPECT_THAT(told.err, HasSubstr("--yes"));
  const Told meant = assay({"run", plan, "--out", out, "--yes"});
  EXPECT_NE(meant.exit_code, 0);  // its model is not there
  EXPECT_THAT(meant.err, Not(HasSubstr("--yes")));
}

TEST(ManyVariants, AreCountedAndNotListedByCheck) {
  EXPECT_THAT(assay({"check", plan_of(100)}).out, HasSubstr("10000 in all"));
  const Told few = assay({"check", plan_of(2)});
  EXPECT_THAT(few.out, HasSubstr(R"(m-seed_2-max_num_seqs_1 )"));
  EXPECT_THAT(few.out, HasSubstr(R"({"max_num_seqs":1,"seed":2})"));
}

}  // namespace
}  // namespace assay

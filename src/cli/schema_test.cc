// `assay schema`, and the copy of it that the repository's plans name.
#include <gtest/gtest.h>

#include "base/files.h"
#include "cli/run_cli_test.h"

namespace assay {
namespace {

TEST(Schema, TheDocumentedOneIsWhatTheProgramPrints) {
  const Told told = assay({"schema"});
  EXPECT_EQ(told.exit_code, 0);
  const auto documented = read_file(ASSAY_SOURCE_DIR "/docs/plan.schema.json");
  ASSERT_TRUE(documented);
  EXPECT_TRUE(told.out == *documented)
      << "a key changed? assay schema > docs/plan.schema.json, and docs/plan.md";
}

}  // namespace
}  // namespace assay

#include "run/load_record.h"

#include <gtest/gtest.h>

#include "support/test_folder.h"

namespace assay {
namespace {

using LoadRecordTest = FolderTest;

TEST_F(LoadRecordTest, WhatThisFolderHasSeenTellsWhatIsToCome) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  EXPECT_EQ(expected_load_s(store, 12).value(), 12);
  EXPECT_EQ(turns_needed("fp8", "bf16", 1.6, store).value(), 1.6);

  LoadFacts facts;
  facts.load_s = 40;
  facts.work_s = 10;
  facts.generated_tokens = 1000;
  ASSERT_TRUE(store.add_load("bf16", 0, facts));
  EXPECT_EQ(expected_load_s(store, 12).value(), 26);  // (12 + 40) / 2
  EXPECT_EQ(turns_needed("fp8", "bf16", 1, store).value(), 1);

  facts.work_s = 50;
  ASSERT_TRUE(store.add_load("fp8", 0, facts));
  EXPECT_DOUBLE_EQ(turns_needed("fp8", "bf16", 1, store).value(), 5);
  EXPECT_DOUBLE_EQ(turns_needed("bf16", "fp8", 1, store).value(), 0.2);

  EXPECT_EQ(work_so_far_s("fp8", store).value(), 50);
  EXPECT_EQ(work_so_far_s("int4", store).value(), 0);

  facts.generated_tokens = 100;  // too few to tell
  ASSERT_TRUE(store.add_load("int4", 0, facts));
  EXPECT_EQ(turns_needed("int4", "bf16", 1, store).value(), 1);
}

}  // namespace
}  // namespace assay

// Rows of several stores in one file; what of it a plan knows is in cluster/merge_test.cc.
#include "store/merge.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "store/graded_time.h"
#include "support/test_folder.h"

namespace assay {
namespace {

class MergeStores : public FolderTest {
 protected:
  // One that ran `variant`, and whose graders took so long for the programs of "code".
  [[nodiscard]] MergeSource graded(const std::string& variant, GradedTime time) const {
    Store store = Store::open(folder_ / variant, Store::Mode::write).value();
    EXPECT_TRUE(store.put_items("code", {{"1", "", "", {}}}));
    EXPECT_TRUE(store.put_items("maths", {{"1", "", "", {}}}));
    if (time.answers > 0) EXPECT_TRUE(add_graded_time(store, "code", time));
    EXPECT_TRUE(store.flush());
    return {folder_ / variant, {{variant}, {}, {}}};
  }
};

// 2 answers in 3 s, none, and 6 in 1.5 s: 8 in 4.5 s, on whichever node each was graded.
TEST_F(MergeStores, AddUpWhatGradersTookOnEachNode) {
  std::vector<MergeSource> sources = {graded("a", {.answers = 2, .seconds = 3}), graded("b", {}),
                                      graded("c", {.answers = 6, .seconds = 1.5}),
                                      graded("d", {.answers = 100, .seconds = 100})};
  sources.back().taken = Taken::of_items;  // another shard's answers, none of which is graded here
  std::filesystem::create_directories(folder_ / "merged");
  ASSERT_TRUE(merge_stores(folder_ / "merged/store.sqlite", sources, {}, {}));
  const Store merged = Store::open(folder_ / "merged", Store::Mode::read).value();
  EXPECT_EQ(graded_time(merged, "code")->answers, 8);
  EXPECT_EQ(graded_time(merged, "code")->seconds, 4.5);
  EXPECT_EQ(graded_time(merged, "maths")->answers, 0);
  EXPECT_TRUE(merged.verify());
}

TEST_F(MergeStores, AMergeKnowsOfHowManyShardsItWasMade) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  EXPECT_EQ(merged_shards(store).value(), 0);
  ASSERT_TRUE(store.set_meta(kMergedKey, merged_text(12)));
  EXPECT_EQ(store.meta("merged").value(), "12 shards");
  EXPECT_EQ(merged_shards(store).value(), 12);
}

}  // namespace
}  // namespace assay

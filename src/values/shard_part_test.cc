// A shard's part in words and back.
#include "values/shard_part.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace assay {
namespace {

using testing::HasSubstr;

TEST(ShardPart, IsSaidAndReadInOneNotation) {
  const std::pair<const char*, ShardPart> pairs[] = {
      {"bf16", {{"bf16"}, {}, {}}},
      {"fp8,int4", {{"fp8", "int4"}, {}, {}}},
      {"fp8:math500,aime24", {{"fp8"}, {"math500", "aime24"}, {}}},
      {"fp8#2", {{"fp8"}, {}, {2}}},
      {"a.b,c-d:lm_eval_arc#0,10", {{"a.b", "c-d"}, {"lm_eval_arc"}, {0, 10}}},
  };
  for (const auto& [text, part] : pairs) {
    EXPECT_EQ(name_of(part), text);
    const auto read = shard_part_from(text);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, part);
  }
}

TEST(ShardPart, HasWhatItDoesNotNarrow) {
  const ShardPart whole{{"fp8"}, {}, {}};
  EXPECT_TRUE(whole.has_whole_variants());
  EXPECT_TRUE(whole.has_task("any") && whole.has_repeat(63));
  EXPECT_FALSE(whole.has_variant("bf16"));
  const ShardPart part{{"fp8"}, {"math500"}, {1}};
  EXPECT_FALSE(part.has_whole_variants());
  EXPECT_TRUE(part.has_task("math500") && part.has_repeat(1));
  EXPECT_FALSE(part.has_task("math") || part.has_repeat(0));
}

TEST(ShardPart, SaysWhatIsWrongWithOne) {
  const auto why = [](const char* text) {
    const auto read = shard_part_from(text);
    return read ? "" : read.error().to_string();
  };
  EXPECT_THAT(why(""), HasSubstr("a name is missing"));
  EXPECT_THAT(why("fp8:"), HasSubstr("a name is missing"));
  EXPECT_THAT(why("fp8,"), HasSubstr("a name is missing"));
  EXPECT_THAT(why("fp8,fp8"), HasSubstr("fp8 stands there twice"));
  EXPECT_THAT(why("fp8#one"), HasSubstr("'one' is no repeat"));
  EXPECT_THAT(why("fp8#-1"), HasSubstr("'-1' is no repeat"));
  EXPECT_THAT(why("bf16:a,fp8:b"), HasSubstr("the same tasks and repeats of each"));
  EXPECT_THAT(why("../fp8"), HasSubstr("names no shard"));
}

}  // namespace
}  // namespace assay

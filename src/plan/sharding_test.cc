// Which parts of a plan can be shards, and how a plan is divided into them.
#include "plan/sharding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Plan plan_of_two() {
  Plan plan;
  plan.variants = {{.name = "fp8", .model = "m"}, {.name = "bf16", .model = "m", .baseline = true}};
  plan.tasks = {{.name = "aime24"}, {.name = "math500"}, {.name = "gpqa"}};
  plan.tasks[0].repeats = 4;
  plan.fidelity.items = 10;
  return plan;
}

std::vector<std::string> names_of(const Plan& plan, const ShardGroups& groups) {
  std::vector<std::string> out;
  for (const ShardPart& part : parts_of(plan, groups).value()) out.push_back(name_of(part));
  return out;
}

TEST(Sharding, DividesEachVariantTheBaselineFirst) {
  const Plan plan = plan_of_two();
  EXPECT_THAT(names_of(plan, {}), ElementsAre("bf16", "fp8"));
  EXPECT_THAT(names_of(plan, {.tasks = 2}),
              ElementsAre("bf16:aime24", "bf16:math500,gpqa", "fp8:aime24", "fp8:math500,gpqa"));
  EXPECT_THAT(names_of(plan, {.tasks = 9}), ElementsAre("bf16:aime24", "bf16:math500", "bf16:gpqa",
                                                        "fp8:aime24", "fp8:math500", "fp8:gpqa"));
  EXPECT_THAT(names_of(plan, {.repeats = 2}),
              ElementsAre("bf16#0,1", "bf16#2,3", "fp8#0,1", "fp8#2,3"));
  // The other tasks have one repeat alone.
  EXPECT_THAT(names_of(plan, {.tasks = 2, .repeats = 2}),
              ElementsAre("bf16:aime24#0,1", "bf16:aime24#2,3", "bf16:math500,gpqa#0,1",
                          "fp8:aime24#0,1", "fp8:aime24#2,3", "fp8:math500,gpqa#0,1"));
}

TEST(Sharding, OneShardOfAVariantReadsBack) {
  Plan plan = plan_of_two();
  EXPECT_TRUE(reads_back({{"fp8"}, {}, {}}, plan));
  EXPECT_TRUE(reads_back({{"fp8"}, {"aime24"}, {0, 1}}, plan));
  EXPECT_FALSE(reads_back({{"fp8"}, {"aime24"}, {2, 3}}, plan));
  EXPECT_FALSE(reads_back({{"fp8"}, {"math500"}, {}}, plan));
  plan.fidelity.items = 0;
  EXPECT_FALSE(reads_back({{"fp8"}, {}, {}}, plan));
}

TEST(Sharding, RefusesWhatThePlanDoesNotHave) {
  Plan plan = plan_of_two();
  const auto why = [&](const ShardPart& part) {
    const Status checked = check_part(plan, part);
    return checked ? "" : checked.error().to_string();
  };
  EXPECT_EQ(why({{"bf16", "fp8"}, {}, {}}), "");
  EXPECT_EQ(why({{"fp8"}, {"gpqa"}, {3}}), "");
  EXPECT_THAT(why({{"int4"}, {}, {}}), HasSubstr("the plan has no variant 'int4'"));
  EXPECT_THAT(why({{"fp8"}, {"hle"}, {}}), HasSubstr("the plan has no task 'hle'"));
  EXPECT_THAT(why({{"fp8"}, {}, {4}}), HasSubstr("no repeat 4: its tasks have 4"));
  EXPECT_THAT(why({{"bf16", "fp8"}, {"gpqa"}, {}}), HasSubstr("a part of the baseline beside"));
  plan.tasks[0].repeats = 1;
  plan.tasks[0].repeats_auto = true;
  EXPECT_THAT(why({{"fp8"}, {}, {0}}), HasSubstr("repeats: auto"));
}

TEST(Sharding, LooksAreAtWholeVariantsWithoutAJudge) {
  Plan plan = plan_of_two();
  plan.until = Until::decided;
  const auto why = [&](const ShardPart& part) {
    const Status checked = check_part(plan, part);
    return checked ? "" : checked.error().to_string();
  };
  EXPECT_EQ(why({{"fp8"}, {}, {}}), "");
  EXPECT_THAT(why({{"fp8"}, {"gpqa"}, {}}), HasSubstr("no shards of single tasks or repeats"));
  plan.tasks[1].options = {{"judge", "baseline"}};
  EXPECT_TRUE(names_judge(plan));
  EXPECT_THAT(why({{"fp8"}, {}, {}}), HasSubstr("`until: decided` and a judge"));
  plan.until = Until::limits;
  EXPECT_EQ(why({{"fp8"}, {}, {}}), "");
}

}  // namespace
}  // namespace assay

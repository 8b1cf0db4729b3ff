#include "plan/twins.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay {
namespace {

FrozenPlan two(const std::string& fingerprint, nlohmann::json engine_args) {
  FrozenPlan frozen;
  frozen.plan.engine.args = {{"max_model_len", 4096}};
  frozen.plan.variants = {{.name = "bf16", .model = "a", .baseline = true},
                          {.name = "fp8", .model = "b", .engine_args = std::move(engine_args)}};
  frozen.variants = {{"bf16", "a", "", "f1", true}, {"fp8", "b", "", fingerprint, false}};
  return frozen;
}

TEST(Twins, AreToldByWeightsAndArguments) {
  EXPECT_EQ(twins_of_baseline(two("f1", nlohmann::json::object())),
            std::vector<std::string>{"fp8"});
  // Said again, it is no other argument.
  EXPECT_EQ(twins_of_baseline(two("f1", {{"max_model_len", 4096}})).size(), 1U);
  EXPECT_TRUE(twins_of_baseline(two("f2", nlohmann::json::object())).empty());
  EXPECT_TRUE(twins_of_baseline(two("f1", {{"kv_cache_dtype", "fp8"}})).empty());
  FrozenPlan unknown = two("", nlohmann::json::object());
  unknown.variants[0].fingerprint = "";
  EXPECT_TRUE(twins_of_baseline(unknown).empty());
}

TEST(Twins, OtherSeedsAreOthersOnlyWhereSomethingIsSampled) {
  FrozenPlan frozen = two("f1", {{"seed", 2}});
  frozen.plan.tasks.resize(1);
  TaskSpec& task = frozen.plan.tasks[0];
  task.max_gen_toks = 64;
  EXPECT_EQ(twins_of_baseline(frozen), std::vector<std::string>{"fp8"});  // greedy
  task.sampling = {{"temperature", 0.6}};
  EXPECT_TRUE(twins_of_baseline(frozen).empty());
  task.sampling["seed"] = 5;
  EXPECT_EQ(twins_of_baseline(frozen), std::vector<std::string>{"fp8"});
  task = {.harness = Harness::lm_eval};
  EXPECT_TRUE(twins_of_baseline(frozen).empty());
}

TEST(Twins, AreRefusedUnlessMeant) {
  FrozenPlan frozen = two("f1", nlohmann::json::object());
  const Status refused = refuse_twins(frozen);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::usage);
  EXPECT_EQ(refused.error().what, "fp8 is the baseline once more");
  frozen.plan.compare.same_model = true;
  EXPECT_TRUE(refuse_twins(frozen));
}

}  // namespace
}  // namespace assay

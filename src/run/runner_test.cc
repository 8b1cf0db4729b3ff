#include "run/runner.h"

#include <gtest/gtest.h>

#include "support/runner_fixture.h"

namespace assay {
namespace {

TEST_F(RunnerTest, RunsEverythingOnceAndNothingTwice) {
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(script_.loads, 2);
  EXPECT_EQ(script_.prompts.size(), 18U);
  // Tasks interleave: by (i + 0.5) / n, so b0 comes after a0 and a1's rank 0.25 beats b1's 0.5.
  const std::vector<std::string> first(script_.prompts.begin(), script_.prompts.begin() + 5);
  EXPECT_EQ(first, (std::vector<std::string>{"a/a0/0", "b/b0/0", "a/a1/0", "a/a2/0", "b/b1/0"}));

  const auto loads = stored().loads().value();
  ASSERT_EQ(loads.size(), 2U);
  EXPECT_EQ(loads[1].facts.energy_j, 250);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 2);  // no engine at all the second time
  EXPECT_EQ(script_.prompts.size(), 18U);
}

// Eight at once and an eighth more in the engine's own queue.
TEST_F(RunnerTest, TheEnginesQueueIsNeverEmpty) {
  script_.max_in_flight = 100;
  script_.max_num_seqs = 8;
  run_.tasks.clear();
  add_task("a", 40);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.most_running, 9U);
}

// NVFP4 on Hopper: Marlin, whose activations keep 16 bits.
TEST_F(RunnerTest, KernelsOtherThanRequiredEndItBeforeAnythingIsAsked) {
  script_.kernels = {{"linear", "MarlinNvFp4LinearKernel", 4, 16, false, 10},
                     {"linear", "UnquantizedLinearMethod", 16, 16, false, 1}};
  run_.variants[0].spec.require = KernelBits{4, 4};
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::environment);
  EXPECT_EQ(end.error().what,
            "variant " + run_.variants[0].spec.name +
                " requires W4A4, and layers run on MarlinNvFp4LinearKernel (W4A16)");
  EXPECT_EQ(script_.loads, 1);
  EXPECT_TRUE(script_.prompts.empty());
  run_.variants[0].spec.require = KernelBits{4, 16};
  EXPECT_EQ(go().value(), RunEnd::complete);
}

TEST_F(RunnerTest, InterruptedRunGoesOn) {
  script_.max_in_flight = 1;
  int left = 5;
  script_.answer = [&](const std::string&) {
    if (--left == 0) stop_ = true;
    return std::string("yes");
  };
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  stop_ = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 18U);
  // One request was in flight at most when it stopped; nothing answered is asked again.
  EXPECT_LE(script_.prompts.size(), 19U);
}

}  // namespace
}  // namespace assay

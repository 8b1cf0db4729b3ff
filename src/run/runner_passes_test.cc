// What comes after a variant's answers: reading the baseline's outputs back, and its second pass.
#include <gtest/gtest.h>

#include <algorithm>

#include "store/sqlite.h"
#include "support/runner_fixture.h"

namespace assay {
namespace {

// The baseline answers a second time after its first outputs were read back, and that is work like
// any other.
TEST_F(RunnerTest, TheSecondPassCountsAsInFlight) {
  run_.plan.compare.noise_floor = true;
  run_.plan.fidelity.items = 2;
  ASSERT_EQ(go().value(), RunEnd::complete);
  const Store store = stored();
  int most = 0;
  for (const StoredStep& step : store.steps("base", Purpose::second_pass).value()) {
    most = std::max(most, store.response(step.response_key).value()->in_flight);
  }
  EXPECT_GT(most, 2);
}

// After its tasks each variant reads the same outputs of the baseline, once.
TEST_F(RunnerTest, ReadsTheBaselinesOutputsBack) {
  run_.plan.fidelity = {4, 3};
  script_.answer = [&](const std::string&) {  // a second load is the candidate: other outputs
    script_.output_tokens = script_.loads == 1 ? 5 : 2;
    return std::string("yes");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  ASSERT_EQ(script_.read_back.size(), 8U);
  std::vector<int> first;
  for (unsigned char c : std::string("a/a0/0")) first.push_back(c);
  first.insert(first.end(), {7, 7, 7});  // 3 of its 5 tokens
  EXPECT_EQ(script_.read_back[0], first);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(script_.read_back[i], script_.read_back[i + 4]);
  {
    const Store store = stored();
    for (const char* variant : {"base", "quant"}) {
      const auto steps = store.steps({variant, "a", "a0", 0, Purpose::read_back}).value();
      ASSERT_EQ(steps.size(), 1U);
      const auto read = store.response(steps[0].response_key).value().value_or(Response{});
      EXPECT_EQ(read.positions.size(), 1U);
    }
  }
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 2);
}

// With a noise floor the baseline reads its outputs a second time, the other way round.
TEST_F(RunnerTest, TheBaselineReadsBackTwice) {
  run_.plan.fidelity = {4, 3};
  run_.plan.compare.noise_floor = true;
  ASSERT_EQ(go().value(), RunEnd::complete);
  ASSERT_EQ(script_.read_back.size(), 12U);  // the candidate's 4 come last
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(script_.read_back[i], script_.read_back[7 - i]);
  {
    const Store store = stored();
    EXPECT_EQ(store.steps("base", Purpose::read_back).value().size(), 4U);
    EXPECT_EQ(store.steps("base", Purpose::second_read_back).value().size(), 4U);
    EXPECT_TRUE(store.steps("quant", Purpose::second_read_back).value().empty());
  }
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 2);
  EXPECT_EQ(script_.read_back.size(), 12U);
}

// A run that was killed in the second reading goes on with it; one that had ended loads no engine.
TEST_F(RunnerTest, ASecondReadingThatWasCutOffGoesOn) {
  run_.plan.fidelity = {4, 3};
  run_.plan.compare.noise_floor = true;
  ASSERT_EQ(go().value(), RunEnd::complete);
  const auto forget_two = [this] {
    const Database store = Database::open(folder_ / "store.sqlite", true).value();
    ASSERT_TRUE(
        store.exec("DELETE FROM steps WHERE purpose = 'second_read_back' AND item IN (SELECT "
                   "item FROM steps WHERE purpose = 'second_read_back' ORDER BY item LIMIT 2)"));
    ASSERT_TRUE(
        store.exec("DELETE FROM responses WHERE key NOT IN (SELECT response_key FROM steps)"));
  };
  forget_two();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 3);
  EXPECT_EQ(script_.read_back.size(), 14U);
  forget_two();
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    ASSERT_TRUE(store.set_meta("end", "complete"));
  }
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 3);
}

TEST_F(RunnerTest, DeathWhileReadingBackHarmsNoTask) {
  run_.plan.fidelity = {4, 3};
  script_.deadly_read_back = true;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(script_.loads, 2);
}

// The baseline's items once more after its tasks and its reading back, on the same load, in the
// order of the hashes: sha256sum of "second pass\n0\na0" and so on.
TEST_F(RunnerTest, BaselineAnswersASecondTimeInAnotherOrder) {
  run_.plan.compare.noise_floor = true;
  set_steps(2);
  script_.answer = [&](const std::string& p) {
    const bool again = script_.loads == 1 && script_.prompts.size() > 10;
    return std::string(again && p == "b/b1/0" ? "no" : "yes");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.loads, 2);
  ASSERT_EQ(script_.prompts.size(), 30U);
  const std::vector<std::string> again(script_.prompts.begin() + 10, script_.prompts.begin() + 20);
  EXPECT_EQ(again,
            (std::vector<std::string>{"a/a1/0", "b/b0/0", "a/a0/0", "a/a4/0", "b/b2/0", "a/a3/0",
                                      "a/a2/0", "b/b1/0", "a/a5/0", "a/a0/1+yes"}));
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(script_.salts[i], i >= 10 && i < 20 ? "(second pass)" : "") << i;
  }
  EXPECT_EQ(scored_items("base", Purpose::second_pass), scored_items("base"));
  for (const StoredScore& s : scores()) {
    const bool differs = s.id.purpose == Purpose::second_pass && s.id.item == "b1";
    EXPECT_EQ(s.score.metrics.at("robust"), differs ? 0 : 1) << s.id.variant << " " << s.id.item;
  }
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 2);
  EXPECT_EQ(script_.prompts.size(), 30U);
}

TEST_F(RunnerTest, SecondPassMayBeAskedForLater) {
  ASSERT_EQ(go().value(), RunEnd::complete);
  run_.plan.compare.noise_floor = true;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.loads, 3);
  EXPECT_EQ(script_.prompts.size(), 27U);
}

TEST_F(RunnerTest, InterruptedSecondPassGoesOn) {
  run_.plan.compare.noise_floor = true;
  script_.max_in_flight = 1;
  int left = 12;
  script_.answer = [&](const std::string&) {
    if (--left == 0) stop_ = true;
    return std::string("yes");
  };
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  EXPECT_EQ(script_.prompts.size(), 12U);
  stop_ = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 27U);
  EXPECT_LE(script_.prompts.size(), 28U);
}

TEST_F(RunnerTest, DeathInTheSecondPassHarmsNoTask) {
  run_.plan.compare.noise_floor = true;
  script_.deadly = [this](const std::string& p) {
    return script_.loads == 1 && script_.prompts.size() > 9 && p == "a/a3/0";
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.loads, 2);
  EXPECT_EQ(scored_items("base").size(), 9U);
  EXPECT_EQ(scored_items("quant").size(), 9U);
  EXPECT_LT(scored_items("base", Purpose::second_pass).size(), 9U);
}

// Of a budget the baseline gets a turn for each pass, and the second ends the run no sooner.
TEST_F(RunnerTest, SecondPassHasATurnOfTheBudget) {
  run_.plan.compare.noise_floor = true;
  run_.tasks.clear();
  add_task("a", 300);
  script_.max_in_flight = 1;  // an answer takes 0.5 s
  RunOptions options;
  options.budget_s = 120;  // three turns of 38 s, two of them the baseline's
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 120);
  const auto base = scored_items("base");
  const auto again = scored_items("base", Purpose::second_pass);
  EXPECT_GT(base.size(), 50U);
  EXPECT_LT(base.size(), 80U);
  EXPECT_GT(again.size() * 4, base.size() * 3);
  EXPECT_TRUE(std::includes(base.begin(), base.end(), again.begin(), again.end()));
  EXPECT_GT(scored_items("quant").size() * 4, base.size() * 3);
}

// Time enough for the tasks but not for all of the second pass: the run is complete.
TEST_F(RunnerTest, SecondPassCutShortIsNoEndOfTime) {
  run_.plan.compare.noise_floor = true;
  run_.tasks.clear();
  add_task("a", 60);
  script_.max_in_flight = 1;
  RunOptions options;
  options.budget_s = 130;
  script_.answer = [this](const std::string&) {
    script_.token_s = script_.salts.back().empty() ? 0.1 : 0.4;
    return std::string("yes");
  };
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(scored_items("base").size(), 60U);
  EXPECT_EQ(scored_items("quant").size(), 60U);
  EXPECT_GT(scored_items("base", Purpose::second_pass).size(), 5U);
  EXPECT_LT(scored_items("base", Purpose::second_pass).size(), 60U);
}

}  // namespace
}  // namespace assay

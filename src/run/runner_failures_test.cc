// Engines that die, lack memory or hang, and who is blamed for it.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "store/failures.h"
#include "support/runner_fixture.h"

namespace assay {
namespace {

// Once more with less, which is said and stays with the load.
TEST_F(RunnerTest, WithoutMemoryItIsLoadedOnceMoreWithLess) {
  progress_file_ = folder_ / "progress.txt";
  std::filesystem::create_directories(folder_);
  run_.plan.engine.args["gpu_memory_utilization"] = 0.92;
  script_.less_memory = {{"gpu_memory_utilization", 0.82}};
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.loads, 4);  // two of each variant
  EXPECT_EQ(script_.load_args[0].at("gpu_memory_utilization"), 0.92);
  EXPECT_EQ(script_.load_args[1].at("gpu_memory_utilization"), 0.82);
  EXPECT_EQ(script_.load_args[1].at("max_model_len"), 100);
  EXPECT_NE(said().find("base: out of memory (CUDA out of memory); it is loaded once more with "
                        "gpu_memory_utilization 0.82 (the plan: 0.92)"),
            std::string::npos)
      << said();
  const Store store = stored();
  const auto loads = store.loads().value();
  ASSERT_EQ(loads.size(), 2U);
  EXPECT_EQ(loads[0].facts.lowered,
            (std::vector<LoweredArgument>{{"gpu_memory_utilization", "0.92", "0.82"}}));
  EXPECT_EQ(store.events().value().at(0).kind, "loaded with less memory");
}

TEST_F(RunnerTest, TheSecondLoadWithoutMemoryEndsIt) {
  script_.less_memory = {{"max_num_seqs", 2}};
  script_.never_enough_memory = true;
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().why, "CUDA out of memory");
  EXPECT_EQ(script_.loads, 2);
}

TEST_F(RunnerTest, TheOthersGoOnWithoutACandidateWhoseLoadFails) {
  add_variant("third");
  script_.never_loads = [this] { return variant_ == "quant"; };
  const auto outcome = go_to_outcome();
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->end, RunEnd::complete);
  ASSERT_EQ(outcome->failures.size(), 1U);
  EXPECT_EQ(outcome->failures[0].variant, "quant");
  EXPECT_EQ(outcome->failures[0].error.why, "no such kernel");
  EXPECT_EQ(started_, (std::vector<std::string>{"base", "quant", "third"}));
  EXPECT_EQ(answered_of("base"), answered_of("third"));
  EXPECT_EQ(answered_of("quant"), 0);
  EXPECT_EQ(kept_failures(stored()).value().at(0).error.why, "no such kernel");

  // Mended, it alone is asked.
  script_.never_loads = nullptr;
  started_.clear();
  EXPECT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(started_, std::vector<std::string>{"quant"});
  EXPECT_EQ(answered_of("quant"), answered_of("base"));
  EXPECT_TRUE(kept_failures(stored()).value().empty());
}

// What it had answered before it died for good is kept and scored.
TEST_F(RunnerTest, ACandidateThatKeepsDyingKeepsItsAnswers) {
  add_variant("third");
  script_.max_in_flight = 1;
  int answered = 0;
  script_.answer = [&](const std::string&) {
    answered += variant_ == "quant" ? 1 : 0;
    return std::string("yes");
  };
  script_.deadly = [&](const std::string&) { return variant_ == "quant" && answered >= 4; };
  const auto outcome = go_to_outcome();
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  ASSERT_EQ(outcome->failures.size(), 1U);
  EXPECT_EQ(outcome->failures[0].error.what, "the engine of quant died 5 times");
  EXPECT_EQ(answered_of("quant"), 4);
  EXPECT_EQ(answered_of("third"), answered_of("base"));
}

TEST_F(RunnerTest, WithoutItsBaselineNobodyGoesOn) {
  script_.never_loads = [this] { return variant_ == "base"; };
  EXPECT_FALSE(go_to_outcome());
  EXPECT_EQ(started_, std::vector<std::string>{"base"});
}

// The next one would have none either.
TEST_F(RunnerTest, WhereAGpuHasGoneNobodyGoesOn) {
  gpus_are_there_ = [] { return environment_error("GPU 1 is gone", "", ""); };
  script_.never_loads = [this] { return variant_ == "quant"; };
  EXPECT_FALSE(go_to_outcome());
}

TEST_F(RunnerTest, WithoutMemoryInTheRunItGoesOnWithLess) {
  script_.dies_for_want_of_memory = true;
  bool died = false;
  script_.deadly = [&died](const std::string& prompt) {
    return prompt == "a/a3/0" && !std::exchange(died, true);
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.loads, 3);
  EXPECT_EQ(script_.load_args[1].at("max_num_seqs"), 2);
  EXPECT_FALSE(script_.load_args[2].contains("max_num_seqs"));  // the next variant's own
  const auto loads = stored().loads().value();
  EXPECT_EQ(loads.at(1).facts.lowered,
            (std::vector<LoweredArgument>{{"max_num_seqs", "not set", "2"}}));
}

// 40 at a time were too much, with less memory for the cache, too. None of them is to blame, and
// one by one they would take for ever.
TEST_F(RunnerTest, WithoutMemoryAgainItEndsAndBlamesNobody) {
  script_.max_in_flight = 40;
  run_.tasks.clear();
  add_task("a", 40);
  script_.dies_for_want_of_memory = true;
  bool lacks = true;
  script_.deadly = [&lacks](const std::string& prompt) { return lacks && prompt == "a/a3/0"; };
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::environment);
  EXPECT_EQ(end.error().what, "the engine of base lacks memory, with less, too");
  EXPECT_EQ(end.error().why, "as scripted");
  EXPECT_TRUE(end.error().fix.contains("max_num_seqs")) << end.error().fix;
  EXPECT_EQ(script_.loads, 2);
  EXPECT_EQ(unscored(), 0);
  lacks = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 0);
}

// A single request that is too much by itself.
TEST_F(RunnerTest, WhatAloneLacksMemoryIsSetAside) {
  script_.dies_for_want_of_memory = true;
  script_.deadly = [](const std::string& prompt) { return prompt == "a/a3/0"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 2);  // of each variant
  EXPECT_EQ(script_.loads, 6);
}

// A card that is gone is gone for every variant: nothing is started again, and nobody is blamed.
TEST_F(RunnerTest, AGpuThatHasGoneEndsTheRun) {
  bool gone = false;
  script_.max_in_flight = 1;
  script_.deadly = [&gone](const std::string& prompt) { return gone = gone || prompt == "a/a2/0"; };
  gpus_are_there_ = [&gone]() -> Status {
    if (!gone) return {};
    return environment_error("GPU 1: it has fallen off the bus", "the driver lists it", "reset it");
  };
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::environment);
  EXPECT_EQ(end.error().what,
            "the engine of base died, and no other can be started: GPU 1: it has fallen off the "
            "bus");
  EXPECT_EQ(end.error().why, "as scripted; the driver lists it");
  EXPECT_EQ(end.error().fix, "reset it; what was answered is kept: run the same command then");
  EXPECT_EQ(script_.loads, 1);
  EXPECT_EQ(started_, std::vector<std::string>{"base"});
  EXPECT_EQ(unscored(), 0);
  {
    const Store store = stored();
    EXPECT_EQ(store.response_count(), 3);
    const auto events = store.events().value();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].kind, "engine lost");
    EXPECT_EQ(events[0].body.at("why"),
              "GPU 1: it has fallen off the bus; it died of: as scripted");
  }
  script_.deadly = [](const std::string&) { return false; };
  gone = false;
  script_.prompts.clear();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 0);
  EXPECT_EQ(script_.prompts.size(), 18U - 3U);  // what was answered is not asked again
}

TEST_F(RunnerTest, WhereTheGpusAreThereADeathIsADeath) {
  int asked = 0;
  gpus_are_there_ = [&asked]() -> Status {
    ++asked;
    return {};
  };
  bool died = false;
  script_.deadly = [&died](const std::string&) { return !std::exchange(died, true); };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(script_.loads, 3);
}

// The worker knows that its card is gone.
TEST_F(RunnerTest, AnEngineThatDiesForGoodIsNotStartedAgain) {
  script_.dies_for_good = true;
  script_.deadly = [](const std::string& prompt) { return prompt == "a/a2/0"; };
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().why, "as scripted");
  EXPECT_EQ(script_.loads, 1);
  EXPECT_EQ(unscored(), 0);
  EXPECT_EQ(stored().events().value().at(0).kind, "engine lost");
}

// What the load says is half of it.
TEST_F(RunnerTest, ALoadThatFailsAfterADeathTellsOfBoth) {
  bool died = false;
  script_.deadly = [&](const std::string&) {
    script_.load_fails_after_s = died ? 0 : 1;
    return !std::exchange(died, true);
  };
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().what, "the engine died while it loaded");
  EXPECT_EQ(end.error().why, "as scripted; it was started again because it had died: as scripted");
  EXPECT_EQ(script_.loads, 2);
}

TEST_F(RunnerTest, CrashRestartsAndTheGuiltyRequestIsSetAside) {
  script_.deadly = [](const std::string& prompt) { return prompt == "a/a2/0"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.outcome == Outcome::unscored, s.id.item == "a2") << s.id.item;
    EXPECT_EQ(s.score.reason == reason::kEngineError, s.id.item == "a2") << s.id.item;
  }
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(script_.loads, 6);  // each variant: first load, the crash, the crash alone
}

// One of 40 requests is deadly: the crash, all 40 once more, and then one by one up to it.
TEST_F(RunnerTest, ManySuspectsAreFirstAskedTogether) {
  script_.max_in_flight = 40;
  run_.tasks.clear();
  add_task("a", 40);
  script_.deadly = [](const std::string& prompt) { return prompt == "a/a2/0"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.outcome == Outcome::unscored, s.id.item == "a2") << s.id.item;
  }
  EXPECT_EQ(script_.loads, 8);  // each variant: first load, the crash, again, the crash alone
}

// An engine that dies once, of nothing that it was asked.
TEST_F(RunnerTest, ADeathThatNoRequestCausedCostsNoTimeAlone) {
  script_.max_in_flight = 40;
  run_.tasks.clear();
  add_task("a", 40);
  bool died = false;
  script_.deadly = [&died](const std::string&) { return !std::exchange(died, true); };
  script_.prompts.clear();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.loads, 3);
  EXPECT_EQ(script_.prompts.size(), 40U + 40U + 40U);
  EXPECT_EQ(script_.most_running, 40U);
}

TEST_F(RunnerTest, EngineThatKeepsDyingEndsTheRunAndKeepsTheRest) {
  int answered = 0;
  script_.max_in_flight = 1;
  script_.answer = [&](const std::string&) {
    ++answered;
    return std::string("yes");
  };
  script_.deadly = [&](const std::string&) { return answered >= 4; };
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::environment);
  EXPECT_EQ(end.error().what, "the engine of base died 5 times");
  EXPECT_GE(stored().response_count(), 4);
}

// An engine on an ill machine dies of whatever it is asked; once the machine is well, all is
// answered.
TEST_F(RunnerTest, AnIllMachineBlamesNoRequest) {
  bool ill = true;
  int answered = 0;
  script_.answer = [&](const std::string&) {
    ++answered;
    return std::string("yes");
  };
  script_.deadly = [&](const std::string&) { return ill && answered >= 4; };
  EXPECT_FALSE(go());
  EXPECT_EQ(unscored(), 0);
  ill = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(unscored(), 0);
}

TEST_F(RunnerTest, TheCanaryIsARequestThatWasAnswered) {
  script_.max_in_flight = 1;
  script_.deadly = [](const std::string& prompt) { return prompt == "a/a2/0"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  // a/a2/0 is the fourth: asked, asked alone, and then the first is asked again.
  const std::vector<std::string> asked(script_.prompts.begin() + 3, script_.prompts.begin() + 6);
  EXPECT_EQ(asked, (std::vector<std::string>{"a/a2/0", "a/a2/0", "a/a0/0"}));
}

TEST_F(RunnerTest, WhatWasSetAsideIsAskedOnceMoreByALaterRun) {
  bool deadly = true;
  script_.deadly = [&](const std::string& prompt) { return deadly && prompt == "a/a2/0"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 2);  // of each variant
  const int loads = script_.loads;
  deadly = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 0);
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(script_.loads, loads + 2);
  const std::size_t prompts = script_.prompts.size();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), prompts);
}

TEST_F(RunnerTest, WhatTwoRunsSetAsideIsAskedNoMore) {
  script_.refusal = [](const std::string& prompt) {
    return std::string(prompt == "a/a2/0" ? "refused" : "");
  };
  const auto asked = [&] { return std::ranges::count(script_.prompts, "a/a2/0"); };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(asked(), 2);  // of each variant
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(asked(), 4);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(asked(), 4);
  EXPECT_EQ(unscored(), 2);
}

TEST_F(RunnerTest, APromptThatDoesNotFitIsAskedOnce) {
  script_.refusal = [](const std::string& prompt) {
    return std::string(prompt == "a/a2/0" ? reason::kPromptDoesNotFit : "");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(std::ranges::count(script_.prompts, "a/a2/0"), 2);
}

TEST_F(RunnerTest, ALoadThatHangsEndsTheRun) {
  script_.load_hangs = true;
  run_.plan.engine.args["tensor_parallel_size"] = 2;
  const auto by_limit = go();
  ASSERT_FALSE(by_limit);
  EXPECT_EQ(by_limit.error().what, "the load of base hung: not ready after 3m 00s");  // no GPUs
  EXPECT_EQ(by_limit.error().why, "its last line");
  EXPECT_TRUE(by_limit.error().fix.contains("NCCL_P2P_DISABLE")) << by_limit.error().fix;

  RunOptions options;
  options.load_timeout_s = 900;
  EXPECT_EQ(go(options).error().what, "the load of base hung: not ready after 15m 00s");

  // Nothing was measured: the deadline does not make an end of the budget of it.
  options.budget_s = 2000;  // 1080 s are spent; 36 s of 60 kept are for the report
  const auto by_deadline = go(options);
  ASSERT_FALSE(by_deadline);
  EXPECT_EQ(by_deadline.error().what, "the load of base hung: not ready after 14m 20s");
}

// As long as one of these weights has taken, three times.
TEST_F(RunnerTest, ALongLoadMayTakeThreeTimesAsLongAgain) {
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    LoadFacts slow;
    slow.load_s = 100;
    ASSERT_TRUE(store.add_load("base", 0, slow));
    slow.load_s = 500;
    ASSERT_TRUE(store.add_load("quant", 0, slow));
    ASSERT_TRUE(store.flush());
  }
  script_.load_hangs = true;
  EXPECT_EQ(go().error().what, "the load of base hung: not ready after 5m 00s");
}

// The call that renders a later step fails before the death itself is seen.
TEST_F(RunnerTest, DeathSeenByAFailingCallIsADeath) {
  set_steps(2);
  script_.dies_rendering = [](const std::string& prompt) { return prompt == "a/a0/1+yes"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(script_.loads, 3);
}

}  // namespace
}  // namespace assay

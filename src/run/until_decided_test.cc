// `until: decided`: whole runs against a scripted engine.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <numeric>
#include <set>

#include "plan/frozen.h"
#include "run/unit.h"
#include "stats/looks.h"
#include "store/looks_kept.h"
#include "support/scripted_run.h"

namespace assay {
namespace {

Result<NextRequest> ask_one(const Item& item, const std::vector<StepResult>& so_far,
                            const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  Request request;
  request.messages = {{"user", item.id}};
  request.sampling.max_tokens = context.spec.max_gen_toks.value_or(10);
  return request;
}

Score judge_one(const ScoreInputs& in) {
  Score score;
  if (in.steps.back().response.text == "unscored") {
    score.reason = reason::kNotDecided;
    return score;
  }
  score.outcome = Outcome::scored;
  score.metrics["robust"] = in.steps.back().response.text == "yes" ? 1 : 0;
  return score;
}

const Task& plain_task() {
  static const Task task = [] {
    Task t;
    t.name = "t";
    t.title = "T";
    t.next = ask_one;
    t.score = judge_one;
    return t;
  }();
  return task;
}

constexpr int kTarget = 212;
constexpr int kHalf = 106;

class UntilDecided : public ScriptedRunTest {
 protected:
  void SetUp() override {
    ScriptedRunTest::SetUp();
    run_.plan.until = Until::decided;
    run_.plan.budget_s = 1e6;
    run_.plan.compare.weights = WeightRule::square_root;
    run_.plan.compare.margin_pp = 8;
    for (const char* name : {"base", "quant", "tiny"}) add_variant(name);
    script_.token_s = 0.001;
    script_.max_in_flight = 4;
    script_.answer = [this](const std::string& prompt) { return answer_(variant_, prompt); };
  }

  // A task that goes on beyond its limit.
  void add_task(const std::string& name, int items, int limit) {
    TaskSpec& spec = ScriptedRunTest::add_task(name, items, plain_task()).spec;
    spec.limit = limit;
    spec.goes_on = true;
    run_.plan.tasks.push_back(spec);
  }
  void at_most(int items) { run_.tasks[0].spec.at_most = run_.plan.tasks[0].at_most = items; }

  // What may be asked before a look's last answer is graded: a busy machine's graders lag.
  [[nodiscard]] int on_the_way() const { return 4 * script_.max_in_flight; }
  [[nodiscard]] int scored(const std::string& variant) const {
    int n = 0;
    for (const StoredScore& s : scores()) {
      n += s.id.variant == variant && s.score.reason != reason::kNotRun ? 1 : 0;
    }
    return n;
  }
  [[nodiscard]] KeptLooks kept(const std::string& variant) const {
    return kept_looks(stored(), variant)
        .value()
        .value_or(KeptLooks{freeze(run_).looks->schedule, "as frozen"});
  }
  static int number_of(const std::string& item) { return std::stoi(item.substr(1)); }

  // By default: the baseline and `quant` answer four of five rightly, `tiny` two of five.
  std::function<std::string(const std::string& variant, const std::string& item)> answer_ =
      [](const std::string& variant, const std::string& item) {
        const int rank = number_of(item) % 5;
        return rank < (variant == "tiny" ? 2 : 4) ? "yes" : "no";
      };
};

// 90 % power at 8 points with 10 % of flips. By hand 178 pairs with the variance of no difference,
// 0.1 ((z(0.0267) + z(0.075)) / 0.08)^2, and 19 % more with Tango's, restricted to the margin. The
// looks at half of it and at 64 decide; at a quarter NON-INFERIOR could not come out.
TEST_F(UntilDecided, EachVariantEndsWithTheLookThatDecidesIt) {
  add_task("t", 3000, 20);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scored("base"), kTarget);
  EXPECT_GE(scored("quant"), kHalf);
  EXPECT_LE(scored("quant"), kHalf + on_the_way());
  EXPECT_GE(scored("tiny"), 64);
  EXPECT_LE(scored("tiny"), 64 + on_the_way());
  EXPECT_EQ(started_, (std::vector<std::string>{"base", "quant", "tiny"}));
  EXPECT_EQ(kept("quant").closed_by, "as frozen");
}

TEST_F(UntilDecided, TheLimitIsTheLeast) {
  add_task("t", 3000, 500);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scored("quant"), 500);
  EXPECT_EQ(scored("tiny"), 500);
}

TEST_F(UntilDecided, ADecidedRunAsksNothingAgain) {
  add_task("t", 3000, 20);
  ASSERT_EQ(go().value(), RunEnd::complete);
  const std::size_t asked = script_.prompts.size();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), asked);
  EXPECT_EQ(started_.size(), 3U);
}

// Its looks stay open for the run that tries it again; the other candidate is decided meanwhile.
TEST_F(UntilDecided, ACandidateThatFailsIsDecidedByALaterRun) {
  add_task("t", 3000, 20);
  script_.never_loads = [this] { return variant_ == "quant"; };
  const auto outcome = go_to_outcome();
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  EXPECT_EQ(outcome->end, RunEnd::complete);
  ASSERT_EQ(outcome->failures.size(), 1U);
  EXPECT_EQ(scored("quant"), 0);
  EXPECT_GE(scored("tiny"), 64);
  EXPECT_EQ(started_, (std::vector<std::string>{"base", "quant", "tiny"}));
  EXPECT_EQ(kept("quant").closed_by, "as frozen");

  script_.never_loads = nullptr;
  const int of_tiny = scored("tiny");
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_GE(scored("quant"), kHalf);
  EXPECT_LE(scored("quant"), kHalf + on_the_way());
  EXPECT_EQ(scored("tiny"), of_tiny);
}

// A candidate's shard has the baseline's answers and takes its own looks; nobody else's.
TEST_F(UntilDecided, AShardTakesItsOwnLooks) {
  add_task("t", 3000, 20);
  RunOptions options{.scope = RunScope::shard, .part = {{"base"}, {}, {}}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(scored("base"), kTarget);
  EXPECT_EQ(kept("quant").closed_by, "as frozen");
  options.part.variants = {"quant"};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(scored("base"), kTarget);
  EXPECT_GE(scored("quant"), kHalf);
  EXPECT_LE(scored("quant"), kHalf + on_the_way());
  EXPECT_EQ(scored("tiny"), 0);
  EXPECT_EQ(kept("tiny").closed_by, "as frozen");
  EXPECT_EQ(started_, (std::vector<std::string>{"base", "quant"}));
}

class FurtherRounds : public UntilDecided {
 protected:
  // 30 % flip, where 10 % were expected.
  void SetUp() override {
    UntilDecided::SetUp();
    add_task("t", 20000, 20);
    script_.load_s = guess_.load_s = 0.01;
    keep_variants(2);
    answer_ = [](const std::string& variant, const std::string& item) {
      const int rank = number_of(item) % 20;
      if (variant == "base") return rank < 10 ? "yes" : "no";
      return rank < 7 || (rank >= 10 && rank < 13) ? "yes" : "no";
    };
  }
};

// The baseline answers nothing more, so no level is spent on a target beyond its answers.
TEST_F(FurtherRounds, AShardHasOneRound) {
  RunOptions options{.scope = RunScope::shard, .part = {{"base"}, {}, {}}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  options.part.variants = {"quant"};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(scored("base"), kTarget);
  EXPECT_EQ(scored("quant"), kTarget);
  EXPECT_EQ(kept("quant").closed_by, "as frozen");  // the last look was at the target
  EXPECT_EQ(started_, (std::vector<std::string>{"base", "quant"}));
}

// Every tenth item flips either way: at half of the first target that asks for more pairs than
// were expected, and the baseline goes on in a second round.
TEST_F(FurtherRounds, MoreFlipsThanExpectedMakeAnotherRound) {
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(started_, (std::vector<std::string>{"base", "quant", "base", "quant"}));
  const KeptLooks looks = kept("quant");
  EXPECT_EQ(looks.closed_by, "");
  EXPECT_EQ(looks.schedule.generation, 1);
  EXPECT_EQ(looks.schedule.raised, 1);
  EXPECT_EQ(looks.schedule.target, 512);  // 31 of 106 had flipped
  EXPECT_EQ(scored("base"), looks.schedule.target);
}

// The one item that kills each engine of the second round is set aside; the others answer on.
TEST_F(FurtherRounds, AnEngineThatDiesInARoundIsStartedAgain) {
  script_.deadly = [this](const std::string& item) {
    return started_.size() > 3 && item == "t300";
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_GT(started_.size(), 4U);
  EXPECT_EQ(started_.back(), "quant");
  const KeptLooks looks = kept("quant");
  EXPECT_EQ(looks.closed_by, "round");  // with 511 pairs of 512
  EXPECT_EQ(looks.schedule.target, 511);
  int set_aside = 0;
  for (const StoredScore& s : scores()) set_aside += s.score.reason == reason::kEngineError ? 1 : 0;
  EXPECT_EQ(set_aside, 1);
}

// Whatever is asked in the second round kills the engine: the looks that were taken stand, and the
// next run goes on.
TEST_F(FurtherRounds, AnEngineThatCannotLiveInARoundLeavesTheLooksTaken) {
  script_.deadly = [this](const std::string&) { return started_.size() > 3; };
  const auto end = go();
  const LookSchedule before = kept("quant").schedule;
  EXPECT_EQ(before.target, 512);
  EXPECT_EQ(kept("quant").closed_by, "");
  EXPECT_EQ(scored("quant"), kTarget) << (end ? "ended" : end.error().to_string());
  script_.deadly = [](const std::string&) { return false; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(kept("quant").schedule, before);
  EXPECT_EQ(scored("quant"), 512);
}

TEST_F(UntilDecided, TheEndOfTheDataIsTheLastLook) {
  add_task("t", 60, 20);
  keep_variants(2);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(freeze(run_).looks->schedule.target, 60);
  EXPECT_EQ(scored("quant"), 60);
  EXPECT_EQ(kept("quant").closed_by, "as frozen");  // its target is all there is
}

// A second an answer, and a third of 500 s for each variant.
TEST_F(UntilDecided, TheEndOfTheBudgetIsTheLastLook) {
  add_task("t", 3000, 20);
  answer_ = [](const std::string& variant, const std::string& item) {
    const int rank = number_of(item) % 20;
    return (variant == "quant" ? (rank + 2) % 20 : rank) < 14 ? "yes" : "no";  // 20 % flip
  };
  script_.token_s = 0.2;
  const RunOptions options{.budget_s = 500};
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  const int pairs = scored("quant");
  EXPECT_GT(pairs, kHalf);
  EXPECT_LT(pairs, kTarget);
  const KeptLooks looks = kept("quant");
  EXPECT_EQ(looks.closed_by, "budget");
  EXPECT_EQ(looks.schedule.target, pairs);
  double levels = looks.schedule.non_inferior_left;
  for (const Look& look : looks.schedule.looks) levels += look.non_inferior_level;
  EXPECT_NEAR(levels, 0.05, 1e-12);
}

// With a larger budget the same folder goes on: one more look, with half of the reserve.
TEST_F(UntilDecided, MoreTimeAfterTheEndIsPaidFromTheReserve) {
  add_task("t", 3000, 20);
  keep_variants(2);
  answer_ = [](const std::string& variant, const std::string& item) {
    const int rank = number_of(item) % 20;
    return (variant == "quant" ? (rank + 2) % 20 : rank) < 14 ? "yes" : "no";
  };
  script_.token_s = 0.2;
  ASSERT_EQ(go({.budget_s = 300}).value(), RunEnd::out_of_time);
  const LookSchedule first = kept("quant").schedule;
  EXPECT_NEAR(first.non_inferior_left, 0.01, 1e-12);
  ASSERT_EQ(go({.budget_s = 9000}).value(), RunEnd::complete);
  const LookSchedule second = kept("quant").schedule;
  EXPECT_EQ(second.generation, first.generation + 1);
  EXPECT_NEAR(second.non_inferior_left, 0.005, 1e-12);
  EXPECT_GT(second.target, first.target);
  EXPECT_EQ(scored("quant"), second.target);
}

TEST_F(UntilDecided, AnInterruptionIsNoLook) {
  add_task("t", 3000, 20);
  int answers = 0;
  answer_ = [&](const std::string& variant, const std::string& item) {
    if (variant == "quant" && ++answers == 40) stop_ = true;
    return number_of(item) % 5 < 4 ? "yes" : "no";
  };
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  EXPECT_EQ(kept("quant").closed_by, "as frozen");
  stop_ = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(kept("quant").closed_by, "as frozen");
}

TEST_F(UntilDecided, WhatHasNoScoreIsNoPair) {
  add_task("t", 3000, 20);
  keep_variants(2);
  answer_ = [](const std::string&, const std::string& item) {
    return number_of(item) % 5 == 4 ? "unscored" : number_of(item) % 10 == 0 ? "no" : "yes";
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_GE(scored("quant"), kHalf * 5 / 4);  // kHalf pairs
  EXPECT_LE(scored("quant"), kHalf * 5 / 4 + on_the_way());
}

// A task of weight 0 is asked within its limit and has no part in the looks.
TEST_F(UntilDecided, TasksWithoutAWeightGiveNoPairs) {
  add_task("t", 3000, 20);
  add_task("u", 50, 50);
  run_.tasks[1].spec.weight = 0;
  run_.plan.tasks[1].weight = 0;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scored("base"), kTarget + 50);
  EXPECT_LE(scored("tiny"), 64 + 50 + on_the_way());
}

TEST_F(UntilDecided, AnotherMarginOnTheFolderIsRefusedByName) {
  add_task("t", 300, 20);
  ASSERT_EQ(go().value(), RunEnd::complete);
  run_.plan.compare.margin_pp = 5;
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::usage);
  EXPECT_EQ(end.error().why, "plan.compare.margin_pp is 8.0 there and 5.0 here");
}

// One more variant on the folder: it has looks of its own, and nobody else is asked again.
TEST_F(UntilDecided, AVariantIsAddedToAFolder) {
  add_task("t", 3000, 20);
  ASSERT_EQ(go().value(), RunEnd::complete);
  const int before = scored("base") + scored("quant") + scored("tiny");
  const std::size_t asked = script_.prompts.size();
  started_.clear();
  add_variant("small");
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(started_, std::vector<std::string>{"small"});
  EXPECT_EQ(scored("base") + scored("quant") + scored("tiny"), before);
  EXPECT_GE(scored("small"), kHalf);
  EXPECT_LE(script_.prompts.size(), asked + kHalf + 8);
  const Store store = stored();
  EXPECT_FALSE(store.meta("extended_after_end").value());
  EXPECT_EQ(frozen_from_text(*store.meta("frozen:1").value())->variants.size(), 3U);
  EXPECT_EQ(frozen_from_text(*store.meta("frozen").value())->variants.size(), 4U);
}

// The folder as it stands decides what the plan goes on with, as the command does it.
void go_on(const std::filesystem::path& folder, ResolvedRun& run) {
  const Store store = Store::open(folder, Store::Mode::read).value();
  go_on_from(frozen_from_text(store.meta("frozen").value().value()).value(), run);
}

std::string flips_a_fifth(const std::string& variant, const std::string& item) {
  const int rank = std::stoi(item.substr(1)) % 20;
  return (variant == "quant" ? (rank + 2) % 20 : rank) < 14 ? "yes" : "no";
}

class GrowsAfterLooks : public UntilDecided {
 protected:
  // 60 items of a task that has many: the last look is at all of them, and decides nothing.
  void begin(double reserve) {
    add_task("t", 60, 20);
    run_.plan.decide.reserve = reserve;
    at_most(60);
    keep_variants(2);
    answer_ = flips_a_fifth;
    ASSERT_EQ(go().value(), RunEnd::complete);
    ASSERT_EQ(scored("quant"), 60);
  }
  Result<RunEnd> grow_to(int items) {
    at_most(items);
    add_items(run_.tasks[0], items);
    go_on(folder_, run_);
    return go();
  }
  [[nodiscard]] bool extended() const { return stored().meta("extended_after_end").value() == "1"; }
};

// 222 pairs could show 3 points at 0.0044; 8 points need more than 60 for 20 % of flips.
TEST_F(GrowsAfterLooks, TheReservePaysForMoreItems) {
  begin(0.01);
  const LookSchedule first = kept("quant").schedule;
  EXPECT_EQ(first.target, 60);
  ASSERT_EQ(grow_to(900).value(), RunEnd::complete);
  const LookSchedule second = kept("quant").schedule;
  EXPECT_EQ(second.generation, 1);
  EXPECT_NEAR(second.non_inferior_left, 0.005, 1e-12);
  EXPECT_GT(second.target, 400);
  EXPECT_EQ(second.looks.front(), first.looks.front());
  EXPECT_GE(scored("quant"), 64);
  EXPECT_EQ(script_.prompts.size(),
            static_cast<std::size_t>(scored("base") + scored("quant")));  // nothing again
  EXPECT_FALSE(extended());
  const Store store = stored();
  const FrozenPlan frozen = frozen_from_text(*store.meta("frozen").value()).value();
  EXPECT_EQ(frozen.tasks[0].items.size(), 900U);
  EXPECT_EQ(frozen.tasks[0].weighed_items, 60U);
  EXPECT_EQ(frozen.looks->declared_items, 60U);
  EXPECT_EQ(frozen.looks->schedule.target, 60);
  EXPECT_EQ(frozen_from_text(*store.meta("frozen:1").value())->tasks[0].items.size(), 60U);
}

TEST_F(GrowsAfterLooks, WithoutAReserveItIsExploratory) {
  begin(0);
  ASSERT_EQ(grow_to(900).value(), RunEnd::complete);
  EXPECT_TRUE(extended());
  EXPECT_EQ(kept("quant").schedule.generation, 1);
  EXPECT_GE(scored("quant"), 64);
}

TEST_F(GrowsAfterLooks, AGrownPlanGrowsOnceMoreAndEndsByItself) {
  begin(0.01);
  ASSERT_EQ(grow_to(70).value(), RunEnd::complete);
  EXPECT_EQ(scored("quant"), 70);
  ASSERT_EQ(grow_to(100).value(), RunEnd::complete);
  EXPECT_EQ(scored("quant"), 100);
  EXPECT_NEAR(kept("quant").schedule.non_inferior_left, 0.0025, 1e-12);
  started_.clear();
  go_on(folder_, run_);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_TRUE(started_.empty());
  const Store store = stored();
  EXPECT_TRUE(store.meta("frozen:2").value());
  EXPECT_FALSE(store.meta("frozen:3").value());
}

// Whoever is decided stays so.
TEST_F(UntilDecided, MoreItemsReopenNothingThatIsDecided) {
  add_task("t", 300, 20);
  at_most(300);
  ASSERT_EQ(go().value(), RunEnd::complete);
  const std::size_t asked = script_.prompts.size();
  at_most(400);
  add_items(run_.tasks[0], 400);
  go_on(folder_, run_);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), asked);
}

// A target that is still to come is not raised beyond what there was: whoever adds items may have
// seen the looks before it.
TEST_F(UntilDecided, MoreItemsDoNotMoveALookThatIsStillToCome) {
  add_task("t", 200, 20);
  run_.plan.compare.margin_pp = 5;
  at_most(200);
  keep_variants(2);
  int answers = 0;
  answer_ = [&](const std::string& variant, const std::string& item) {
    if (variant == "quant" && ++answers == 80) stop_ = true;
    return flips_a_fifth(variant, item);
  };
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  stop_ = false;
  at_most(3000);
  add_items(run_.tasks[0], 3000);
  go_on(folder_, run_);
  ASSERT_EQ(go().value(), RunEnd::complete);
  const LookSchedule looks = kept("quant").schedule;
  EXPECT_EQ(looks.raised, 0);
  EXPECT_NEAR(due(looks, 200)->non_inferior_level, 0.04 * 6 / 9, 1e-12);
  EXPECT_NEAR(due(looks, looks.target)->non_inferior_level, 0.005, 1e-12);
  EXPECT_GT(looks.target, 200);
}

// It is asked by all, before the others in the plan's order, and has no part in the looks.
TEST_F(UntilDecided, ATaskIsAddedAfterLooks) {
  add_task("t", 3000, 20);
  ASSERT_EQ(go().value(), RunEnd::complete);
  const int before = scored("quant");
  add_task("u", 40, 30);
  std::swap(run_.tasks[0], run_.tasks[1]);
  std::swap(run_.plan.tasks[0], run_.plan.tasks[1]);
  go_on(folder_, run_);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scored("quant"), before + 30);
  const Store store = stored();
  const FrozenPlan frozen = frozen_from_text(*store.meta("frozen").value()).value();
  EXPECT_EQ(frozen.tasks[0].weight, 0);
  EXPECT_EQ(frozen.looks->order.front(), 1U);
  EXPECT_FALSE(store.meta("extended_after_end").value());
}

// The look at half of the target showed NON-INFERIOR; half of the reserve is left for new answers.
TEST_F(UntilDecided, AVariantThatStartsOverDoesNotHaveItsLevelsTwice) {
  add_task("t", 3000, 20);
  ASSERT_EQ(go().value(), RunEnd::complete);
  RunOptions options;
  options.start_over = {.asked = true, .names = {"quant"}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  const LookSchedule looks = kept("quant").schedule;
  EXPECT_EQ(looks.target, kTarget);
  ASSERT_NE(due(looks, kTarget), nullptr);
  EXPECT_NEAR(due(looks, kTarget)->non_inferior_level, 0.005, 1e-12);
  EXPECT_EQ(due(looks, kHalf), nullptr);
  EXPECT_EQ(scored("quant"), kTarget);
  EXPECT_EQ(kept("tiny").closed_by, "as frozen");
  EXPECT_FALSE(stored().meta("extended_after_end").value());
}

TEST_F(UntilDecided, ABaselineThatStartsOverSpendsTheLooksOfAll) {
  add_task("t", 3000, 20);
  ASSERT_EQ(go().value(), RunEnd::complete);
  RunOptions options;
  options.start_over = {.asked = true, .names = {"base"}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(due(kept("quant").schedule, kHalf), nullptr);
  EXPECT_EQ(kept("tiny").schedule.generation, 1);
}

TEST_F(GrowsAfterLooks, StartingOverWithNothingLeftIsExploratory) {
  begin(0);
  RunOptions options;
  options.start_over = {.asked = true, .names = {"quant"}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_TRUE(extended());
}

// What was expected when the folder was begun is expected by a plan that says nothing of it.
TEST_F(UntilDecided, AFolderKeepsWhatItsRunWasExpectedToBe) {
  add_task("t", 3000, 20);
  run_.tasks[0].spec.expected_tokens = run_.plan.tasks[0].expected_tokens = 7;
  run_.tasks[0].spec.expected_prompt_tokens = run_.plan.tasks[0].expected_prompt_tokens = 3;
  run_.tasks[0].spec.expected_grading_tokens = run_.plan.tasks[0].expected_grading_tokens = 2;
  run_.plan.decide.expected_discordance = 0.12;
  ASSERT_EQ(go().value(), RunEnd::complete);
  for (const ExpectedKey& key : kExpectedKeys) {
    (run_.tasks[0].spec.*key.member).reset();
    (run_.plan.tasks[0].*key.member).reset();
  }
  run_.plan.decide.expected_discordance.reset();
  go_on(folder_, run_);
  started_.clear();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_TRUE(started_.empty());
  run_.plan.decide.expected_discordance = 0.2;
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().why, "plan.expected_discordance is 0.12 there and 0.2 here");
}

TEST_F(UntilDecided, ALimitIsRaisedAfterResults) {
  add_task("t", 100, 20);
  run_.plan.until = Until::limits;
  run_.tasks[0].spec.goes_on = false;
  const ItemList all = run_.tasks[0].items;
  std::vector<std::size_t> first(20);
  std::iota(first.begin(), first.end(), std::size_t{0});
  run_.tasks[0].items = ItemList(all).taken(first);
  ASSERT_EQ(go().value(), RunEnd::complete);
  run_.tasks[0].items = all;
  run_.tasks[0].spec.limit = run_.plan.tasks[0].limit = 100;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scored("base"), 100);
  EXPECT_EQ(script_.prompts.size(), 300U);
  EXPECT_TRUE(stored().meta("extended_after_end").value());
}

// `repeats: auto`: one answer in ten flips, by chance alone.
class RepeatsAuto : public UntilDecided {
 protected:
  void SetUp() override {
    UntilDecided::SetUp();
    keep_variants(2);
    answer_ = [this](const std::string& variant, const std::string& item) {
      const int times = asked_[{variant, item}]++;
      const int rank = (number_of(item) * 7 + times * 9 + (variant == "quant" ? shift_ : 0)) % 20;
      return rank < 16 ? "yes" : "no";
    };
  }
  void sample(std::size_t task) {
    for (TaskSpec* spec : {&run_.tasks[task].spec, &run_.plan.tasks[task]}) {
      spec->repeats_auto = true;
      spec->sampling = {{"temperature", 0.6}};
    }
  }
  // By item: the repeats that are scored.
  [[nodiscard]] std::map<std::string, std::set<int>> repeats_of(const std::string& variant) const {
    std::map<std::string, std::set<int>> out;
    const Store store = stored();
    for (const StoredScore& s : store.scores().value()) {
      if (s.id.variant != variant || s.score.reason == reason::kNotRun) continue;
      out[s.id.item].insert(s.id.repeat);
    }
    return out;
  }
  // Each item's repeats are the first ones, of no item two more than of another.
  static void expect_whole_passes(const std::map<std::string, std::set<int>>& repeats) {
    std::size_t least = 1000;
    std::size_t most = 0;
    for (const auto& [item, those] : repeats) {
      EXPECT_EQ(*those.rbegin() + 1, static_cast<int>(those.size())) << item;
      least = std::min(least, those.size());
      most = std::max(most, those.size());
    }
    EXPECT_LE(most, least + 1);
  }

  int shift_ = 1;  // flips in ten answers, half of them either way
  std::map<std::pair<std::string, std::string>, int> asked_;
};

// 150 items are too few for 8 points by single answers (212), and enough by means of several.
TEST_F(RepeatsAuto, AUsedUpTaskIsAskedAgainUntilItIsDecided) {
  add_task("t", 150, 150);
  sample(0);
  ASSERT_EQ(go().value(), RunEnd::complete);
  const FrozenPlan frozen = freeze(run_);
  EXPECT_EQ(frozen.tasks[0].passes, 64U);
  EXPECT_EQ(frozen.looks->order.size(), 9600U);
  const auto target = static_cast<int>(frozen.looks->schedule.target);
  EXPECT_GT(target, kTarget);
  EXPECT_LT(target, 500);
  const auto base = repeats_of("base");
  EXPECT_EQ(base.size(), 150U);
  EXPECT_EQ(scored("base"), target);
  expect_whole_passes(base);
  const std::set<std::string> first(script_.prompts.begin(), script_.prompts.begin() + 150);
  EXPECT_EQ(first.size(), 150U);  // each item once before any of them a second time
  // The other one answers what the baseline has, and no more.
  for (const auto& [item, repeats] : repeats_of("quant")) {
    EXPECT_TRUE(std::ranges::includes(base.at(item), repeats)) << item;
  }
  EXPECT_GT(scored("quant"), 150);
  const std::size_t asked = script_.prompts.size();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), asked);
}

// Other items come before repeats where the order says so, and greedy tasks have none.
TEST_F(RepeatsAuto, OneOfTwoTasksIsAskedAgain) {
  add_task("t", 10, 10);
  add_task("u", 60, 10);
  sample(0);
  run_.tasks[1].spec.repeats_auto = run_.plan.tasks[1].repeats_auto = true;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(freeze(run_).tasks[1].passes, 1U);
  const auto base = repeats_of("base");
  EXPECT_GT(base.at("t0").size(), 1U);
  for (const auto& [item, repeats] : base) {
    if (item.starts_with("u")) EXPECT_EQ(repeats, std::set<int>{0}) << item;
  }
}

// Each variant's last answers are cut where its time ends, and every item has its first repeats.
TEST_F(RepeatsAuto, UntilTheBudgetEndsEachHasAPrefix) {
  add_task("t", 40, 40);
  sample(0);
  run_.plan.until = Until::budget;
  script_.token_s = 0.2;
  ASSERT_EQ(go({.budget_s = 400}).value(), RunEnd::out_of_time);
  const auto base = repeats_of("base");
  const auto quant = repeats_of("quant");
  EXPECT_GT(scored("quant"), 80);
  expect_whole_passes(base);
  expect_whole_passes(quant);
  for (const auto& [item, repeats] : quant) {
    EXPECT_TRUE(std::ranges::includes(base.at(item), repeats)) << item;
  }
}

// The folder's 100 answers, which left the question open, are the first pass, and a further look is
// paid from the reserve.
TEST_F(RepeatsAuto, AFolderOfSingleAnswersGoesOnInRepeats) {
  add_task("t", 100, 100);
  shift_ = 3;
  sample(0);
  run_.tasks[0].spec.repeats_auto = run_.plan.tasks[0].repeats_auto = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  ASSERT_EQ(scored("quant"), 100);
  EXPECT_EQ(kept("quant").schedule.target, 100);
  sample(0);
  go_on(folder_, run_);
  script_.token_s = 0.2;
  ASSERT_EQ(go({.budget_s = 500}).value(), RunEnd::out_of_time);
  const LookSchedule looks = kept("quant").schedule;
  EXPECT_GE(looks.generation, 1);
  EXPECT_GT(looks.target, 100);
  EXPECT_LE(looks.non_inferior_left, 0.005 + 1e-12);
  expect_whole_passes(repeats_of("base"));
  const int answered = scored("base") + scored("quant");
  EXPECT_LE(std::ssize(script_.prompts), answered + on_the_way());  // nothing again
  const Store store = stored();
  EXPECT_FALSE(store.meta("extended_after_end").value());
  const FrozenPlan frozen = frozen_from_text(*store.meta("frozen").value()).value();
  EXPECT_EQ(frozen.tasks[0].passes, 64U);
  EXPECT_EQ(frozen.looks->declared_items, 100U);
}

// The second pass asks each item as often as the first one did.
TEST_F(RepeatsAuto, TheNoiseFloorHasTheSameRepeats) {
  add_task("t", 3, 3);
  sample(0);
  const ItemSet finished = {{"t", "t0", 0}, {"t", "t0", 1}, {"t", "t2", 0}};
  std::map<std::string, std::set<int>> repeats;
  for (const Unit& unit : make_second_pass(run_, finished)) {
    repeats[unit.item_id()].insert(unit.repeat);
    EXPECT_EQ(unit.purpose, Purpose::second_pass);
  }
  EXPECT_EQ(repeats, (std::map<std::string, std::set<int>>{{"t0", {0, 1}}, {"t2", {0}}}));
}

}  // namespace
}  // namespace assay

// `--from FOLDER`: whole runs against a scripted engine, the second with the first one's answers.
#include "run/earlier_answers.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>

#include "run/runner.h"
#include "store/declarations.h"
#include "store/reused.h"
#include "support/scripted_engine.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Result<NextRequest> ask_twice(const Item& item, const std::vector<StepResult>& so_far,
                              const TaskContext& context) {
  if (so_far.size() == 2) return std::nullopt;
  Request request;
  request.messages = {{"user", item.id}};
  for (const StepResult& step : so_far) request.messages[0].content += "+" + step.response.text;
  request.sampling.max_tokens = context.spec.max_gen_toks.value_or(10);
  return request;
}

Score always_right(const ScoreInputs&) {
  Score score;
  score.outcome = Outcome::scored;
  score.metrics["robust"] = 1;
  return score;
}

const Task& two_steps() {
  static const Task task = [] {
    Task t;
    t.name = t.title = "t";
    t.next = ask_twice;
    t.score = always_right;
    return t;
  }();
  return task;
}

class FromAnotherFolder : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              fmt::format("assay_from_{}_{}",
                          testing::UnitTest::GetInstance()->current_test_info()->name(), getpid());
    std::filesystem::remove_all(folder_);
    run_.plan.name = "test";
    run_.plan.fidelity.items = 0;
    run_.plan.canary = false;  // its questions would be counted
    for (const char* name : {"base", "quant"}) {
      VariantSpec spec;
      spec.name = name;
      spec.model = std::string("/models/") + name;
      spec.baseline = run_.variants.empty();
      run_.variants.push_back({spec, spec.model, "", std::string("fp-") + name});
      run_.plan.variants.push_back(spec);
    }
    run_.tasks.emplace_back().task = &two_steps();
    run_.tasks[0].spec.name = run_.tasks[0].spec.benchmark = "t";
    run_.tasks[0].spec.max_gen_toks = 10;
    set_items(5);
    script_.token_s = 0.001;
    script_.answer = [](const std::string& prompt) { return "after " + prompt; };
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void set_items(int count) {
    ItemList items;
    for (int i = 0; i < count; ++i) {
      items.push_back({std::to_string(i), "", "", nlohmann::json::object()});
    }
    run_.tasks[0].items = std::move(items);
    run_.plan.tasks = {run_.tasks[0].spec};
  }
  Status go(const char* into, const char* from = nullptr) {
    script_.prompts.clear();
    Store store = Store::open(folder_ / into, Store::Mode::write).value();
    Progress progress(stderr, Progress::Style::silent, script_.clock);
    RunServices services{.store = store, .clock = script_.clock, .progress = progress};
    services.start_engine = [this](const ResolvedVariant&,
                                   const EngineWaits&) -> Result<std::unique_ptr<Engine>> {
      return std::make_unique<ScriptedEngine>(script_);
    };
    services.identity = {"fake", {{"fake", version_}}, {}};
    std::unique_ptr<EarlierAnswers> earlier;
    if (from != nullptr) {
      earlier = TRY(EarlierAnswers::open(folder_ / from, run_, services.identity, script_.clock));
      differences_ = earlier->differences();
      services.earlier = earlier.get();
    }
    const RunEnd end = TRY(end_without_failures(run_plan(run_, {}, services)));
    EXPECT_EQ(end, RunEnd::complete);
    return {};
  }
  [[nodiscard]] Store store(const char* folder) const {
    return Store::open(folder_ / folder, Store::Mode::read).value();
  }
  [[nodiscard]] static std::int64_t reused(const Store& store, const std::string& variant) {
    std::int64_t all = 0;
    for (const auto& [run, requests] : reused_of(variant, store).value()) all += requests;
    return all;
  }

  std::filesystem::path folder_;
  ResolvedRun run_;
  EngineScript script_;
  std::string version_ = "1";
  std::vector<std::string> differences_;
};

TEST_F(FromAnotherFolder, NothingIsAskedTwice) {
  ASSERT_TRUE(go("one"));
  EXPECT_EQ(script_.prompts.size(), 20U);
  ASSERT_TRUE(go("two", "one"));
  EXPECT_TRUE(script_.prompts.empty());
  EXPECT_THAT(differences_, IsEmpty());
  const Store two = store("two");
  EXPECT_EQ(two.response_count(), 20);
  EXPECT_EQ(two.scores().value().size(), 10U);
  EXPECT_EQ(reused(two, "base"), 10);
  EXPECT_EQ(reused(two, "quant"), 10);
  EXPECT_FALSE(two.meta(kExtendedKey).value());
  ASSERT_EQ(two.loads().value().size(), 2U);
  EXPECT_EQ(two.loads().value()[0].facts.engine.count(kTakenOverFact), 1U);
  EXPECT_EQ(two.loads().value()[0].facts.generated_tokens, 0);
}

// Its answers were there to be seen when the larger sample was chosen.
TEST_F(FromAnotherFolder, ALargerSampleWithACandidatesAnswersIsExploratory) {
  ASSERT_TRUE(go("one"));
  set_items(7);
  ASSERT_TRUE(go("two", "one"));
  EXPECT_EQ(script_.prompts.size(), 8U);  // two items, two steps, two variants
  EXPECT_EQ(reused(store("two"), "quant"), 10);
  EXPECT_TRUE(store("two").meta(kExtendedKey).value());
}

TEST_F(FromAnotherFolder, TheBaselineAloneSpoilsNothing) {
  ASSERT_TRUE(go("one"));
  set_items(7);
  run_.variants[1].fingerprint = "fp-another";
  ASSERT_TRUE(go("two", "one"));
  EXPECT_EQ(script_.prompts.size(), 4U + 14U);
  EXPECT_THAT(differences_, ElementsAre("variant quant: no variant there has its weights"));
  EXPECT_EQ(reused(store("two"), "base"), 10);
  EXPECT_EQ(reused(store("two"), "quant"), 0);
  EXPECT_FALSE(store("two").meta(kExtendedKey).value());
}

TEST_F(FromAnotherFolder, WhatDiffersIsNamed) {
  ASSERT_TRUE(go("one"));
  version_ = "2";
  run_.plan.seed = 3;
  run_.tasks[0].spec.max_gen_toks = 11;
  set_items(5);
  ASSERT_TRUE(go("two", "one"));
  EXPECT_EQ(script_.prompts.size(), 20U);
  EXPECT_THAT(
      differences_,
      ElementsAre(
          "plan.seed is 0 there and 3 here", "tasks.t.max_gen_toks is 10 there and 11 here",
          R"(variant base: its engine is {"engine":"fake","versions":{"fake":"1"}} there and )"
          R"({"engine":"fake","versions":{"fake":"2"}} here)",
          R"(variant quant: its engine is {"engine":"fake","versions":{"fake":"1"}} there and )"
          R"({"engine":"fake","versions":{"fake":"2"}} here)"));
}

TEST_F(FromAnotherFolder, AFolderWithoutARunIsRefused) {
  {
    ASSERT_TRUE(Store::open(folder_ / "one", Store::Mode::write));
  }
  const Status went = go("two", "one");
  ASSERT_FALSE(went);
  EXPECT_EQ(went.error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace assay

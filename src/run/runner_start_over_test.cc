// A folder that another plan or engine began, and variants that start over.
#include <gtest/gtest.h>

#include "base/json.h"
#include "plan/endpoint.h"
#include "run/lm_eval_source.h"
#include "support/runner_fixture.h"
#include "values/event_kinds.h"

namespace assay {
namespace {

TEST_F(RunnerTest, AnotherPlanIsRefused) {
  ASSERT_TRUE(go());
  run_.tasks[0].spec.max_gen_toks = 11;
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().what, "the output folder belongs to another plan");
  EXPECT_EQ(scores().size(), 18U);
}

TEST_F(RunnerTest, AFrozenPlanOfAnotherFormatIsNamedAsSuch) {
  ASSERT_TRUE(go());
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    Json frozen = to_json(freeze(run_));
    frozen["format"] = 2;
    ASSERT_TRUE(store.set_meta("frozen", frozen.dump()));
    ASSERT_TRUE(store.set_meta("frozen_hash", "of that format"));
  }
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().what, "the frozen plan has format 2");
  EXPECT_EQ(end.error().fix, "use the assay that wrote it, or choose another folder with --out");
}

TEST_F(RunnerTest, UpgradedEngineIsRefusedForAHalfDoneVariantOnly) {
  script_.answer = [&](const std::string&) {
    stop_ = true;
    return std::string("yes");
  };
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  stop_ = false;
  script_.answer = [](const std::string&) { return std::string("yes"); };
  version_ = "2";
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().what, "variant base was begun by another engine");
  RunOptions options;
  options.start_over.asked = true;
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    ASSERT_TRUE(store.set_meta(LmEvalSource::done_name("base", "a"), "done"));
    ASSERT_TRUE(store.flush());
  }
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_FALSE(Store::open(folder_, Store::Mode::read)
                   .value()
                   .meta(LmEvalSource::done_name("base", "a"))
                   .value());
  version_ = "3";
  EXPECT_EQ(go().value(), RunEnd::complete);  // all done: the engine does not matter
}

TEST_F(RunnerTest, AVariantThatIsNamedStartsOver) {
  // Both variants have the same weights here, so that one answer serves both.
  run_.variants[1].fingerprint = run_.variants[0].fingerprint;
  run_.variants[1].spec.model = run_.variants[0].spec.model;
  run_.variants[1].folder = run_.variants[0].folder;
  ASSERT_EQ(go().value(), RunEnd::complete);
  ASSERT_EQ(script_.prompts.size(), 9U);  // of the first variant alone
  RunOptions options;
  options.start_over.asked = true;
  ASSERT_EQ(go(options).value(), RunEnd::complete);  // this engine's versions are known
  EXPECT_EQ(script_.prompts.size(), 9U);
  options.start_over.names = {"base"};
  script_.answer = [](const std::string&) { return std::string("no"); };
  ASSERT_EQ(go(options).value(), RunEnd::complete);  // what the other one refers to stays
  EXPECT_EQ(script_.prompts.size(), 9U);
  options.start_over.names = {"base", "quant"};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.metrics.at("robust"), 0);
  options.start_over.names = {"fp8"};
  EXPECT_EQ(go(options).error().why, "the plan has base, quant");
}

// A server that was started again with other weights under the same name.
TEST_F(RunnerTest, AtAnEndpointAllStartOver) {
  run_.plan.engine.kind = kEndpointKind;
  ASSERT_EQ(go().value(), RunEnd::complete);
  script_.answer = [](const std::string&) { return std::string("no"); };
  RunOptions options;
  options.start_over.asked = true;
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 36U);
  const auto events = stored().events().value();
  ASSERT_EQ(events.size(), 2U);  // a report must know of the first draw
  EXPECT_EQ(events[0].kind, kAnswersForgotten);
  EXPECT_EQ(events[0].body.at("variant"), "base");
  EXPECT_EQ(events[1].body.at("why"), "it started over: 9 scored answers were dropped");
  ASSERT_EQ(scores().size(), 18U);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.metrics.at("robust"), 0);
}

}  // namespace
}  // namespace assay

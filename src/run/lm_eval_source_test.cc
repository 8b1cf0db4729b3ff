#include "run/lm_eval_source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/files.h"
#include "base/json.h"
#include "run/runner.h"
#include "support/scripted_engine.h"

namespace assay {
namespace {

Needed need_of(int doc) {
  Needed out;
  out.need = doc;
  out.rendered.text = "question " + std::to_string(doc);
  out.rendered.prompt_tokens = {doc + 1, 2, 3};
  out.sampling.max_tokens = 10;
  out.task = "ifeval";
  out.doc = doc;
  return out;
}

// A task that only lm-eval knows, of four documents; lm-eval scores those it had an answer to.
class LmEvalSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("assay_lm_eval_" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    VariantSpec variant;
    variant.name = "base";
    variant.model = "/models/base";
    variant.baseline = true;
    run_.plan.variants = {variant};
    run_.plan.fidelity.items = 0;
    run_.plan.canary = false;
    run_.variants = {{variant, "/models/base", "", "fp"}};
    ResolvedTask task;
    task.spec.name = "lm_eval_ifeval";
    task.spec.benchmark = "ifeval";
    task.spec.harness = Harness::lm_eval;
    run_.tasks = {task};
    script_.lm_eval_needs = [this](const Json& arguments) {
      arguments_ = arguments;
      return std::vector<Needed>{need_of(0), need_of(1), need_of(2), need_of(3)};
    };
    script_.lm_eval_done = [this](const Json& arguments,
                                  const std::map<std::int64_t, Response>& had) {
      std::string lines;
      for (const auto& [doc, response] : had) {
        const Json line = {{"doc_id", doc},
                           {"doc", {{"prompt", "q"}}},
                           {"metrics", {"prompt_level_strict_acc"}},
                           {"prompt_level_strict_acc", response.text == "yes"},
                           {"target", ""}};
        lines += dump_json(line) + "\n";
      }
      samples_ =
          arguments.at("output").get<std::string>() + "/samples_ifeval_2026-01-02T03-04.jsonl";
      EXPECT_TRUE(write_file_atomic(samples_, lines));
      return Json{{"files", {samples_.string()}}};
    };
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<RunEnd> go(RunOptions options = {}) {
    char* said = nullptr;
    std::size_t size = 0;
    FILE* stream = ::open_memstream(&said, &size);
    Progress progress(stream, Progress::Style::plain, script_.clock);
    auto end = go(options, progress);
    std::fclose(stream);
    said_ = said;
    std::free(said);
    return end;
  }

  Result<RunEnd> go(const RunOptions& options, Progress& progress) {
    Store store = Store::open(folder_, Store::Mode::write).value();
    RunServices services{.store = store, .clock = script_.clock, .progress = progress};
    services.start_engine = [this](const ResolvedVariant&,
                                   const EngineWaits&) -> Result<std::unique_ptr<Engine>> {
      return std::make_unique<ScriptedEngine>(script_);
    };
    services.identity = {"fake", {{"fake", "1"}}, {}};
    services.results_folder = (folder_ / "results").string();
    return end_without_failures(run_plan(run_, options, services));
  }

  std::vector<std::string> scored() {
    std::vector<std::string> out;
    const auto all = Store::open(folder_, Store::Mode::read).value().scores().value();
    out.reserve(all.size());
    for (const StoredScore& s : all) out.push_back(s.id.item);
    return out;
  }

  std::filesystem::path folder_;
  std::filesystem::path samples_;
  std::string said_;  // by the last go()
  ResolvedRun run_;
  EngineScript script_;
  Json arguments_;
};

// The same names for a document in every variant and every run, else nothing could be compared.
TEST_F(LmEvalSourceTest, DocumentsAreNamedByTaskAndNumber) {
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scored(), (std::vector<std::string>{"ifeval:0", "ifeval:1", "ifeval:2", "ifeval:3"}));
  EXPECT_NE(said_.find("base: 4 items answered\n"), std::string::npos) << said_;
  const Store store = Store::open(folder_, Store::Mode::read).value();
  const auto steps = store.steps({"base", "lm_eval_ifeval", "ifeval:2"}).value();
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(store.rendered(steps[0].rendered_key).value()->text, "question 2");
  EXPECT_EQ(store.response(steps[0].response_key).value()->text, "yes");
  EXPECT_TRUE(std::filesystem::exists(samples_));
}

TEST_F(LmEvalSourceTest, ThePlanReachesLmEval) {
  run_.plan.seed = 5;
  run_.plan.chat.system = "Be brief.";
  run_.plan.chat.enable_thinking = true;
  TaskSpec& spec = run_.tasks[0].spec;
  spec.limit = 7;
  spec.num_fewshot = 2;
  spec.max_gen_toks = 64;
  spec.sampling = {{"temperature", 0.6}, {"top_p", 0.9}};
  spec.lm_eval = {
      {"gen_kwargs", {{"top_p", 0.5}}}, {"apply_chat_template", false}, {"log_samples", false}};
  ASSERT_EQ(go().value(), RunEnd::complete);
  arguments_.erase("output");
  const Json expected = {{"tasks", {"ifeval"}},
                         {"model_name", "/models/base"},
                         {"apply_chat_template", false},
                         {"seed", 5},
                         {"max_length", 0},
                         {"system_instruction", "Be brief."},
                         {"think_end_token", "</think>"},
                         {"max_gen_toks", 64},
                         {"num_fewshot", 2},
                         {"limit", 7},
                         {"log_samples", false},
                         {"sampling", {{"temperature", 0.6}, {"top_p", 0.9}, {"do_sample", true}}},
                         {"gen_kwargs", {{"top_p", 0.5}}}};
  EXPECT_EQ(arguments_, expected);
  EXPECT_EQ(scored().size(), 4U);
  EXPECT_FALSE(std::filesystem::exists(samples_));  // log_samples: false
}

// What was answered before the engine died is not asked again.
TEST_F(LmEvalSourceTest, NothingAnsweredIsLost) {
  script_.max_in_flight = 1;
  script_.deadly = [](const std::string& prompt) { return prompt == "question 2"; };
  RunOptions once;
  once.max_engine_restarts = 0;
  ASSERT_FALSE(go(once));
  EXPECT_EQ(scored().size(), 0U);
  script_.deadly = [](const std::string&) { return false; };
  script_.prompts.clear();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts, (std::vector<std::string>{"question 2", "question 3"}));
  EXPECT_EQ(scored().size(), 4U);
}

// Out of time: what was not asked is left out, neither wrong nor done, and asked the next time.
TEST_F(LmEvalSourceTest, WhatDoesNotFitIsNotRun) {
  script_.max_in_flight = 1;
  script_.token_s = 1;  // five seconds an answer, ten at worst
  RunOptions options;
  options.budget_s = 36;  // ten of them load
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  const std::size_t before = scored().size();
  EXPECT_GE(before, 1U);
  EXPECT_LT(before, 4U);
  EXPECT_NE(said_.find(fmt::format("base: {} items answered, out of time\n", before)),
            std::string::npos)
      << said_;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scored().size(), 4U);
  EXPECT_EQ(script_.prompts.size(), 4U);
}

// A task of which nothing was answered leaves lm-eval nothing to score, which it says as an error:
// that does not end a run that is only out of time. Three answers of the first task take 15 of 22
// s, and the second's only one may take 11.5.
TEST_F(LmEvalSourceTest, ATaskThatTimeLeftNoAnswerIsNotRun) {
  script_.max_in_flight = 1;
  script_.token_s = 1;
  run_.tasks.push_back(run_.tasks.front());
  run_.tasks.back().spec.name = "lm_eval_second";
  run_.tasks.back().spec.benchmark = "second";
  script_.lm_eval_needs = [](const Json& arguments) {
    if (arguments.at("tasks") == Json{"second"}) return std::vector<Needed>{need_of(3)};
    return std::vector<Needed>{need_of(0), need_of(1), need_of(2)};
  };
  script_.lm_eval_done = [scores = script_.lm_eval_done](const Json& arguments, const auto& had) {
    return had.empty() ? Json{{"error", "lm-eval has nothing to score"}} : scores(arguments, had);
  };
  RunOptions options;
  options.budget_s = 36;  // 4 for the report, 10 to load
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(scored().size(), 3U);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scored().size(), 4U);
}

// Log-likelihoods tell a pace, too: the second would take 20 s more, of which only 2 are left.
TEST_F(LmEvalSourceTest, LogLikelihoodsThatDoNotFitAreNotRun) {
  script_.max_in_flight = 1;
  script_.token_s = 20;
  script_.lm_eval_needs = [](const Json&) {
    std::vector<Needed> needs;
    for (int doc = 0; doc < 4; ++doc) {
      needs.push_back(need_of(doc));
      needs.back().kind = RequestKind::loglikelihood;
      needs.back().sampling = {};
      needs.back().rendered.scored = {{{doc + 1, 2, 3, 4}, 3}};
    }
    return needs;
  };
  RunOptions options;
  options.budget_s = 36;  // 4 for the report, 10 to load
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(script_.prompts.size(), 1U);
}

// GSM8K's exemplars are drawn row by row: lm-eval reads all rows, asks some, and draws for all,
// by its own seed.
TEST_F(LmEvalSourceTest, WhatIsDrawnByRowIsDrawnOverAllRows) {
  ResolvedTask& task = run_.tasks[0];
  task.task = find_task("gsm8k");
  task.lm_eval_rows = {{{"question", "a"}}, {{"question", "b"}}};
  task.lm_eval_samples = {1};
  task.exemplars = {{{"question", "c"}}};
  ASSERT_EQ(go().value(), RunEnd::complete);
  const std::string folder = arguments_.at("output").get<std::string>();
  EXPECT_EQ(arguments_.at("data"),
            (Json{{"ifeval",
                   {{"test", folder + "/rows.jsonl"}, {"train", folder + "/exemplars.jsonl"}}}}));
  EXPECT_EQ(arguments_.at("samples"), (Json{{"ifeval", {1}}}));
  EXPECT_EQ(arguments_.at("draw_all"), true);
  EXPECT_FALSE(arguments_.contains("seed"));
  EXPECT_EQ(read_file(folder + "/exemplars.jsonl").value(), "{\"question\":\"c\"}\n");
}

// As lm-eval 0.4.13 writes gsm8k: all documents under its first filter, then all under the next.
TEST_F(LmEvalSourceTest, EveryFilterOfATaskIsKept) {
  script_.lm_eval_done = [](const Json& arguments, const std::map<std::int64_t, Response>& had) {
    std::string lines;
    for (const char* filter : {"strict-match", "flexible-extract"}) {
      const bool strict = std::string(filter) == "strict-match";
      for (const auto& [doc, response] : had) {
        lines += dump_json({{"doc_id", doc},
                            {"target", "#### 4"},
                            {"filter", filter},
                            {"filtered_resps", {strict && doc > 0 ? "[invalid]" : "4"}},
                            {"metrics", {"exact_match"}},
                            {"exact_match", strict && doc > 0 ? 0.0 : 1.0}}) +
                 "\n";
      }
    }
    const std::string file =
        arguments.at("output").get<std::string>() + "/samples_gsm8k_2026-01-02T03-04.jsonl";
    EXPECT_TRUE(write_file_atomic(file, lines));
    return Json{{"files", {file}}};
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  const auto scores = Store::open(folder_, Store::Mode::read).value().scores().value();
  ASSERT_EQ(scores.size(), 4U);
  EXPECT_EQ(scores[1].id.item, "gsm8k:1");
  EXPECT_EQ(scores[1].score.metrics,
            (std::map<std::string, double>{{"robust", 0},
                                           {"lm_eval", 0},
                                           {"exact_match,strict-match", 0},
                                           {"exact_match,flexible-extract", 1}}));
  EXPECT_EQ(scores[1].score.remarks.at("lm_eval_filtered"),
            (Json{{"strict-match", "[invalid]"}, {"flexible-extract", "4"}}));
  EXPECT_EQ(scores[0].score.metrics.at("lm_eval"), 1);
}

}  // namespace
}  // namespace assay

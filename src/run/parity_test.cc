#include "run/parity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>

#include "base/files.h"
#include "base/json.h"
#include "run/runner.h"
#include "support/scripted_engine.h"

namespace assay {
namespace {

Result<NextRequest> ask(const Item& item, const std::vector<StepResult>& so_far,
                        const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  Request request;
  request.messages = {{"user", "ask " + item.id}};
  if (context.spec.benchmark == "choice") {
    request.kind = RequestKind::loglikelihood;
    request.continuations = {"A", "B"};
  } else {
    request.sampling.max_tokens = 9;
  }
  return request;
}

Score judge(const ScoreInputs&) {
  Score score;
  score.outcome = Outcome::scored;
  score.metrics = {{"robust", 1}, {"lm_eval", 1}};
  return score;
}

Task task_of(const std::string& name) {
  Task out;
  out.name = name;
  out.title = name;
  out.next = ask;
  out.score = judge;
  out.lm_eval.has_metric = true;
  return out;
}

std::vector<int> bytes(const std::string& text) {
  return {text.begin(), text.end()};
}

// The prompt of document `doc`, as the scripted engine's tokenizer makes it of ours.
Needed need_of(int number, int doc) {
  Needed out;
  out.need = number;
  out.rendered.text = "ask q" + std::to_string(doc);
  out.rendered.prompt_tokens = bytes(out.rendered.text);
  out.sampling.max_tokens = 9;
  out.task = "text";
  out.doc = doc;
  return out;
}

Needed choice_of(int number, int doc, const std::string& continuation) {
  Needed out = need_of(number, doc);
  out.task = "choice";
  out.kind = RequestKind::loglikelihood;
  out.sampling.max_tokens = 1;  // lm-eval's backend asks for one token that nobody reads
  const int start = static_cast<int>(out.rendered.prompt_tokens.size());
  out.rendered.scored = {{bytes(out.rendered.text + continuation), start}};
  return out;
}

class ParityTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("assay_parity_" +
               std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
               std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    VariantSpec variant;
    variant.name = "base";
    variant.baseline = true;
    run_.plan.variants = {variant};
    run_.plan.fidelity.items = 0;
    run_.plan.canary = false;
    run_.variants = {{variant, "/models/base", "", "fp"}};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void add(const Task& task, int items) {
    ResolvedTask native;
    native.spec.name = task.name;
    native.spec.benchmark = task.name;
    native.task = &task;
    for (int i = 0; i < items; ++i) {
      native.items.push_back({"q" + std::to_string(i), "", "", Json::object()});
    }
    ResolvedTask theirs = native;
    theirs.spec.name = lm_eval_twin(task.name);
    theirs.spec.harness = Harness::lm_eval;
    run_.tasks = {native, theirs};
  }

  // lm-eval's samples: the text or sums it had, and these scores; where there are two filters, of
  // the first, "strict", and of the second, "flexible".
  void samples(const std::string& leaf, const std::map<int, double>& scores,
               const std::map<int, double>& flexible = {}) {
    script_.lm_eval_done = [=](const Json& arguments, const std::map<std::int64_t, Response>& had) {
      std::string lines;
      for (const auto& [doc, score] : scores) {
        Json resps = Json::array();
        for (const auto& [need, response] : had) {
          if (need / 10 != doc) continue;
          if (response.loglikelihoods.empty()) {
            resps.push_back({response.text});
          } else {  // as lm-eval writes it: numbers as texts
            const Json answer = {std::to_string(response.loglikelihoods[0].sum), "False"};
            resps.push_back(Json::array({answer}));
          }
        }
        lines += dump_json({{"doc_id", doc},
                            {"doc", {{"assay_id", "q" + std::to_string(doc)}}},
                            {"filter", flexible.empty() ? "none" : "strict"},
                            {"metrics", {"exact_match"}},
                            {"exact_match", score},
                            {"resps", resps}}) +
                 "\n";
      }
      for (const auto& [doc, score] : flexible) {
        lines += dump_json({{"doc_id", doc},
                            {"filter", "flexible"},
                            {"metrics", {"exact_match"}},
                            {"exact_match", score}}) +
                 "\n";
      }
      const std::string file = arguments.at("output").get<std::string>() + "/samples_" + leaf +
                               "_2026-01-02T03-04-05.6.jsonl";
      EXPECT_TRUE(write_file_atomic(file, lines));
      return Json{{"files", {file}}};
    };
  }

  ParityReport verify() {
    Store store = Store::open(folder_, Store::Mode::write).value();
    Progress progress(stderr, Progress::Style::silent, script_.clock);
    RunServices services{.store = store, .clock = script_.clock, .progress = progress};
    services.start_engine = [this](const ResolvedVariant&,
                                   const EngineWaits&) -> Result<std::unique_ptr<Engine>> {
      return std::make_unique<ScriptedEngine>(script_);
    };
    services.identity = {"fake", {{"fake", "1"}}, {}};
    services.results_folder = (folder_ / "results").string();
    std::vector<LmEvalItem> seen;
    services.lm_eval_seen = [&seen](const LmEvalItem& item) { seen.push_back(item); };
    EXPECT_EQ(end_without_failures(run_plan(run_, {}, services)).value(), RunEnd::complete);
    return compare_ways(run_, store, seen).value();
  }

  std::filesystem::path folder_;
  ResolvedRun run_;
  EngineScript script_;
};

TEST_F(ParityTest, SameQuestionsAreAskedOnce) {
  const Task task = task_of("text");
  add(task, 3);
  script_.lm_eval_needs = [](const Json&) {
    return std::vector<Needed>{need_of(0, 0), need_of(10, 1), need_of(20, 2)};
  };
  samples("text", {{0, 1}, {1, 1}, {2, 1}});
  const ParityReport report = verify();
  EXPECT_EQ(report.differences.size(), 0U) << to_json(report).dump(1);
  ASSERT_EQ(report.tasks.size(), 1U);
  EXPECT_EQ(report.tasks[0].compared, 3);
  EXPECT_EQ(report.tasks[0].shared, 3);
  EXPECT_EQ(report.engine_loads, 1);
  EXPECT_EQ(script_.prompts.size(), 3U);  // not six

  const Store store = Store::open(folder_, Store::Mode::read).value();
  const auto native = store.steps({"base", "text", "q1"}).value();
  const auto theirs = store.steps({"base", "text.lm_eval", "q1"}).value();
  ASSERT_EQ(theirs.size(), 1U);
  EXPECT_EQ(theirs[0].response_key, native.at(0).response_key);
}

// Each variant's answers are compared with its own, on its own engine.
TEST_F(ParityTest, VariantsAreKeptApart) {
  const Task task = task_of("text");
  add(task, 2);
  VariantSpec other;
  other.name = "other";
  run_.plan.variants.push_back(other);
  run_.variants.push_back({other, "/models/other", "", "fp2"});
  script_.lm_eval_needs = [this](const Json&) {
    std::vector<Needed> needs = {need_of(0, 0), need_of(10, 1)};
    if (script_.loads == 2) needs[1].sampling.stop = {"Q:"};
    return needs;
  };
  samples("text", {{0, 1}, {1, 1}});
  const ParityReport report = verify();
  EXPECT_EQ(report.engine_loads, 2);
  ASSERT_EQ(report.tasks.size(), 2U);
  EXPECT_EQ(report.tasks[0].variant, "base");
  EXPECT_EQ(report.tasks[0].shared, 2);
  EXPECT_EQ(report.tasks[1].variant, "other");
  EXPECT_EQ(report.tasks[1].compared, 2);
  EXPECT_EQ(report.tasks[1].samplings, 1);
  ASSERT_EQ(report.differences.size(), 1U);
  EXPECT_EQ(report.differences[0].variant + " " + report.differences[0].item, "other q1");
}

TEST_F(ParityTest, EveryDifferenceIsNamed) {
  const Task task = task_of("text");
  add(task, 4);
  script_.lm_eval_needs = [](const Json&) {
    std::vector<Needed> needs = {need_of(0, 0), need_of(10, 1), need_of(20, 2)};
    needs[0].rendered.prompt_tokens.push_back('!');
    needs[1].sampling.stop = {"Q:"};
    return needs;
  };
  samples("text", {{0, 1}, {1, 1}, {2, 0}});  // the third is judged otherwise, the fourth not asked
  const ParityReport report = verify();
  const ParityTask& counts = report.tasks.at(0);
  EXPECT_EQ(counts.compared, 3);
  EXPECT_EQ(counts.shared, 1);
  EXPECT_EQ(counts.prompts, 1);
  EXPECT_EQ(counts.samplings, 1);
  EXPECT_EQ(counts.outputs, 0);
  EXPECT_EQ(counts.scores, 1);
  EXPECT_EQ(counts.unanswered, 1);
  ASSERT_EQ(report.differences.size(), 4U);
  EXPECT_EQ(report.differences[0].aspect, ParityAspect::prompt);
  EXPECT_EQ(
      report.differences[1].lm_eval,
      R"({"max_tokens":9,"min_p":0.0,"stop":["Q:"],"temperature":0.0,"top_k":0,"top_p":1.0})");
  EXPECT_EQ(report.differences[2].native + " " + report.differences[2].lm_eval, "1 0");
  EXPECT_EQ(report.differences[3].item, "q3");
  EXPECT_EQ(report.differences[3].native + ", " + report.differences[3].lm_eval,
            "answered, no answer");
}

Score judge_by_filters(const ScoreInputs& inputs) {
  Score score = judge(inputs);
  score.metrics["exact_match,strict"] = 1;
  score.metrics["exact_match,flexible"] = 1;
  return score;
}

TEST_F(ParityTest, EveryFilterIsCompared) {
  Task task = task_of("text");
  task.score = judge_by_filters;
  add(task, 2);
  script_.lm_eval_needs = [](const Json&) {
    return std::vector<Needed>{need_of(0, 0), need_of(10, 1)};
  };
  samples("text", {{0, 1}, {1, 1}}, {{0, 1}, {1, 0}});
  const ParityReport report = verify();
  EXPECT_EQ(report.tasks.at(0).scores, 1);
  ASSERT_EQ(report.differences.size(), 1U) << to_json(report).dump(1);
  EXPECT_EQ(report.differences[0].item, "q1");
  EXPECT_EQ(report.differences[0].native, "exact_match,flexible 1");
  EXPECT_EQ(report.differences[0].lm_eval, "exact_match,flexible 0");
}

// A native request scores all continuations at once, lm-eval asks for each.
TEST_F(ParityTest, LogLikelihoodsAreSharedByContinuation) {
  const Task task = task_of("choice");
  add(task, 2);
  script_.lm_eval_needs = [](const Json&) {
    return std::vector<Needed>{choice_of(0, 0, "A"), choice_of(1, 0, "B"), choice_of(10, 1, "A"),
                               choice_of(11, 1, "B")};
  };
  samples("choice", {{0, 1}, {1, 1}});
  const ParityReport report = verify();
  EXPECT_EQ(report.differences.size(), 0U) << to_json(report).dump(1);
  EXPECT_EQ(report.tasks.at(0).shared, 2);
  EXPECT_EQ(script_.prompts.size(), 2U);
}

// lm-eval has it, and asks another question: it is not said to lack it.
TEST(ParityPlan, SaysOfATaskThatLmEvalAsksOtherwise) {
  Plan plan;
  plan.variants.resize(1);
  plan.variants[0].name = "bf16";
  plan.variants[0].baseline = true;
  for (const char* name : {"math500", "humaneval", "mbpp"}) {
    TaskSpec spec;
    spec.name = spec.benchmark = name;
    plan.tasks.push_back(spec);
  }
  const ParityPlan both = parity_plan(plan, "", 0).value();
  ASSERT_EQ(both.left_out.size(), 2U);
  EXPECT_EQ(both.left_out[0].left_out.en,
            "lm-eval's humaneval asks and scores otherwise than ours");
  EXPECT_EQ(both.left_out[1].left_out.en, "lm-eval's mbpp asks and scores otherwise than ours");
}

TEST(ParityPlan, PutsLmEvalBesideTheTasksItHas) {
  Plan plan;
  VariantSpec base;
  base.name = "bf16";
  base.baseline = true;
  VariantSpec other;
  other.name = "fp8";
  plan.variants = {base, other};
  plan.compare.noise_floor = true;
  for (const char* name : {"math500", "hle", "gpqa_diamond"}) {
    TaskSpec spec;
    spec.name = name;
    spec.benchmark = name;
    spec.limit = 8;
    plan.tasks.push_back(spec);
  }
  plan.tasks[2].options = {{"order_seed", 7}};
  const ParityPlan both = parity_plan(plan, "fp8", 3).value();
  ASSERT_EQ(both.plan.variants.size(), 1U);
  EXPECT_EQ(both.plan.variants[0].name, "fp8");
  EXPECT_TRUE(both.plan.variants[0].baseline);
  EXPECT_FALSE(both.plan.compare.noise_floor);
  std::vector<std::string> names;
  names.reserve(both.plan.tasks.size());
  for (const TaskSpec& task : both.plan.tasks) names.push_back(task.name + "=" + task.benchmark);
  EXPECT_EQ(names, (std::vector<std::string>{"math500=math500", "math500.lm_eval=hendrycks_math500",
                                             "gpqa_diamond=gpqa_diamond",
                                             "gpqa_diamond.lm_eval=gpqa_diamond_zeroshot"}));
  EXPECT_EQ(both.plan.tasks[3].lm_eval, (Json{{"seed", 7}}));
  EXPECT_EQ(both.plan.tasks[3].limit, 3);
  ASSERT_EQ(both.left_out.size(), 1U);
  EXPECT_EQ(both.left_out[0].left_out.en, "lm-eval 0.4.13 has no such task");
  EXPECT_FALSE(parity_plan(plan, "int4", 0));
  const ParityPlan all = parity_plan(plan, "", 3).value();
  ASSERT_EQ(all.plan.variants.size(), 2U);
  EXPECT_TRUE(all.plan.variants[0].baseline && !all.plan.variants[1].baseline);
  plan.tasks.erase(plan.tasks.begin());
  plan.tasks.pop_back();
  EXPECT_EQ(parity_plan(plan, "", 0).error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace assay

#include "run/runner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <set>
#include <thread>

#include "base/files.h"
#include "base/json.h"
#include "plan/endpoint.h"
#include "run/audit.h"
#include "run/fidelity_source.h"
#include "run/lm_eval_source.h"
#include "run/work_list.h"
#include "score/math/math.h"
#include "store/declarations.h"
#include "store/sqlite.h"
#include "support/scripted_engine.h"
#include "task/fields.h"

namespace assay {
namespace {

// Two continuations, and no token is generated.
Result<NextRequest> ask_likelihoods(const Item& item, const std::vector<StepResult>& so_far,
                                    const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  Request request;
  request.kind = RequestKind::loglikelihood;
  request.messages = {{"user", context.spec.name + "/" + item.id}};
  request.continuations = {" A", " B"};
  return request;
}

// A task of one question, right when the answer is "yes"; items with "steps": n ask n times.
Result<NextRequest> ask(const Item& item, const std::vector<StepResult>& so_far,
                        const TaskContext& context) {
  if (static_cast<int>(so_far.size()) >= item.row.value("steps", 1)) return std::nullopt;
  Request request;
  request.messages = {
      {"user", context.spec.name + "/" + item.id + "/" + std::to_string(so_far.size())}};
  for (const StepResult& step : so_far) request.messages[0].content += "+" + step.response.text;
  request.sampling.max_tokens = context.spec.max_gen_toks.value_or(10);
  return request;
}

Score judge(const ScoreInputs& in) {
  Score score;
  if (in.steps.back().prompt_did_not_fit) {
    score.reason = reason::kPromptDoesNotFit;
    return score;
  }
  score.outcome = Outcome::scored;
  score.metrics["robust"] = in.steps.back().response.text == "yes" ? 1 : 0;
  return score;
}

// Right when the oracle says so.
Score ask_oracle(const ScoreInputs& in) {
  Score score;
  const auto equal =
      in.oracle == nullptr
          ? std::unexpected(NoDecision{NoDecision::Kind::unavailable, "there is none"})
          : in.oracle->equivalent("yes", in.item.id);
  if (equal) {
    score.outcome = Outcome::scored;
    score.metrics["robust"] = *equal ? 1 : 0;
  } else {
    score.reason = equal.error().kind == NoDecision::Kind::interrupted ? reason::kInterrupted
                                                                       : reason::kNoMathVerify;
    score.detail = equal.error().why;
  }
  return score;
}

class FunctionOracle final : public EquivalenceOracle {
 public:
  using Function = std::function<std::expected<bool, NoDecision>(const std::string&)>;
  explicit FunctionOracle(Function function) : function_(std::move(function)) {}
  std::expected<bool, NoDecision> equivalent(const std::string&,
                                             const std::string& output) override {
    return function_(output);
  }

 private:
  Function function_;
};

// "free" items are right when a judge says so.
Score judge_free(const ScoreInputs& in) {
  Score score;
  score.reason = reason::kNoJudge;
  if (in.judgement == nullptr) return score;
  score.outcome = Outcome::scored;
  score.reason.clear();
  score.metrics["robust"] = in.judgement->text == "right" ? 1 : 0;
  return score;
}

Result<std::optional<JudgeSpec>> baseline_judges(const TaskContext&) {
  JudgeSpec spec;
  spec.baseline = true;
  return spec;
}

Result<NextRequest> ask_judge(const Item& item, const std::vector<StepResult>& steps,
                              const TaskContext&) {
  Request request;
  request.messages = {{"user", "judge " + item.id + " " + steps.back().response.text}};
  request.sampling.max_tokens = 5;
  return request;
}

int steps_of(const Item& item) {
  return item.row.value("steps", 1);
}

const Task& test_task() {
  static const Task task = [] {
    Task t;
    t.name = "t";
    t.title = "T";
    t.next = ask;
    t.score = judge;
    t.steps_of = steps_of;
    return t;
  }();
  return task;
}

const Task& likelihood_task() {
  static const Task task = [] {
    Task t = test_task();
    t.name = "likelihood";
    t.next = ask_likelihoods;
    return t;
  }();
  return task;
}

const Task& free_task() {
  static const Task task = [] {
    Task t = test_task();
    t.name = "free";
    t.score = judge_free;
    t.judge = baseline_judges;
    t.judge_request = ask_judge;
    return t;
  }();
  return task;
}

// Graded by a program that is the item's name.
const Task& program_task() {
  static const Task task = [] {
    Task t = test_task();
    t.name = "program";
    t.programs = [](const Item& item, const std::vector<StepResult>&,
                    const TaskContext&) -> Result<std::vector<Program>> {
      Program program;
      program.source = item.id;
      return std::vector<Program>{program};
    };
    return t;
  }();
  return task;
}

const Task& oracle_task() {
  static const Task task = [] {
    Task t = test_task();
    t.name = "oracle";
    t.score = ask_oracle;
    t.asks_oracle = true;
    return t;
  }();
  return task;
}

class RunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              (std::string("assay_runner_") +
               testing::UnitTest::GetInstance()->current_test_info()->name() +
               std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    run_.plan.name = "test";
    run_.plan.engine.args = {{"max_model_len", 100}};
    run_.plan.fidelity.items = 0;
    run_.plan.canary = false;
    add_task("a", 6);
    add_task("b", 3);
    for (const char* name : {"base", "quant"}) {
      VariantSpec spec;
      spec.name = name;
      spec.model = std::string("/models/") + name;
      spec.baseline = spec.name == "base";
      run_.variants.push_back({spec, spec.model, "", std::string("fp-") + name});
      run_.plan.variants.push_back(spec);
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void add_task(const std::string& name, int items) {
    ResolvedTask task;
    task.spec.name = name;
    task.spec.benchmark = "t";
    task.spec.max_gen_toks = 10;
    task.task = &test_task();
    for (int i = 0; i < items; ++i) {
      task.items.push_back({name + std::to_string(i), "", "", nlohmann::json::object()});
    }
    run_.tasks.push_back(task);
  }

  Result<RunEnd> go(const RunOptions& options = {}) {
    Store store = Store::open(folder_, Store::Mode::write).value();
    std::FILE* said = progress_file_.empty() ? stderr : std::fopen(progress_file_.c_str(), "w");
    Progress progress(said,
                      progress_file_.empty() ? Progress::Style::silent : Progress::Style::plain,
                      script_.clock);
    RunServices services{.store = store, .clock = script_.clock, .progress = progress};
    if (oracle_) {
      services.make_oracle = [this] { return std::make_unique<FunctionOracle>(oracle_); };
    }
    services.start_engine = [this](const ResolvedVariant&,
                                   const EngineWaits&) -> Result<std::unique_ptr<Engine>> {
      return std::make_unique<ScriptedEngine>(script_);
    };
    services.identity = {"fake", {{"fake", version_}}, {}};
    services.run_program = run_program_;
    services.grader_threads = 3;
    services.guess = guess_;
    services.stop = &stop_;
    services.results_folder = (folder_ / "results").string();
    auto end = run_plan(run_, options, services);
    if (said != stderr) std::fclose(said);
    return end;
  }

  std::vector<StoredScore> scores() {
    return Store::open(folder_, Store::Mode::read).value().scores().value();
  }
  // The first item of the first task asks so many times.
  void set_steps(int steps) {
    Item item = run_.tasks[0].items[0];
    item.row["steps"] = steps;
    run_.tasks[0].items.set(0, item);
  }

  std::set<std::string> scored_items(const std::string& variant,
                                     Purpose purpose = Purpose::answer) {
    std::set<std::string> out;
    for (const StoredScore& s : scores()) {
      if (s.id.variant == variant && s.id.purpose == purpose) out.insert(s.id.item);
    }
    return out;
  }

  [[nodiscard]] std::string said() const { return read_file(progress_file_).value_or(""); }

  std::filesystem::path folder_;
  std::filesystem::path progress_file_;  // empty: nothing is said
  FunctionOracle::Function oracle_;
  RunProgram run_program_ = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return ProgramResult{};
  };
  ResolvedRun run_;
  EngineScript script_;
  std::string version_ = "1";
  SpeedGuess guess_;
  std::atomic<bool> stop_{false};
};

TEST_F(RunnerTest, RunsEverythingOnceAndNothingTwice) {
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(script_.loads, 2);
  EXPECT_EQ(script_.prompts.size(), 18U);
  // Tasks interleave: by (i + 0.5) / n, so b0 comes after a0 and a1's rank 0.25 beats b1's 0.5.
  const std::vector<std::string> first(script_.prompts.begin(), script_.prompts.begin() + 5);
  EXPECT_EQ(first, (std::vector<std::string>{"a/a0/0", "b/b0/0", "a/a1/0", "a/a2/0", "b/b1/0"}));

  const auto loads = Store::open(folder_, Store::Mode::read).value().loads().value();
  ASSERT_EQ(loads.size(), 2U);
  EXPECT_EQ(loads[1].facts.energy_j, 250);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 2);  // no engine at all the second time
  EXPECT_EQ(script_.prompts.size(), 18U);
}

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
  const Store store = Store::open(folder_, Store::Mode::read).value();
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
  const auto loads = Store::open(folder_, Store::Mode::read).value().loads().value();
  EXPECT_EQ(loads.at(1).facts.lowered,
            (std::vector<LoweredArgument>{{"max_num_seqs", "not set", "2"}}));
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

// The baseline answers a second time after its first outputs were read back, and that is work like
// any other.
TEST_F(RunnerTest, TheSecondPassCountsAsInFlight) {
  run_.plan.compare.noise_floor = true;
  run_.plan.fidelity.items = 2;
  ASSERT_EQ(go().value(), RunEnd::complete);
  const Store store = Store::open(folder_, Store::Mode::read).value();
  int most = 0;
  for (const StoredStep& step : store.steps("base", Purpose::second_pass).value()) {
    most = std::max(most, store.response(step.response_key).value()->in_flight);
  }
  EXPECT_GT(most, 2);
}

TEST_F(RunnerTest, LaterStepsCarryTheAnswersAndGoFirst) {
  set_steps(3);
  script_.max_in_flight = 1;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts[0], "a/a0/0");
  EXPECT_EQ(script_.prompts[1], "a/a0/1+yes");
  EXPECT_EQ(script_.prompts[2], "a/a0/2+yes+yes");
}

TEST_F(RunnerTest, LaterStepThatDoesNotFitIsNotSent) {
  set_steps(2);
  script_.answer = [](const std::string& p) {
    return p == "a/a0/0" ? std::string(90, 'x') : "yes";
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  const Store store = Store::open(folder_, Store::Mode::read).value();
  const auto steps = store.steps({"base", "a", "a0"}).value();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[1].response_key, "");
}

TEST_F(RunnerTest, FirstPromptThatDoesNotFitEndsBeforeLoading) {
  Item renamed = run_.tasks[1].items[2];
  renamed.id = std::string(95, 'x');
  run_.tasks[1].items.set(2, renamed);
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::usage);
  EXPECT_EQ(end.error().why, "prompt and output need 109 tokens, max_model_len is 100");
  EXPECT_EQ(script_.loads, 0);
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
  EXPECT_GE(Store::open(folder_, Store::Mode::read).value().response_count(), 4);
}

int unscored_in(const std::vector<StoredScore>& scores) {
  return static_cast<int>(std::ranges::count_if(
      scores, [](const StoredScore& s) { return s.score.outcome == Outcome::unscored; }));
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
  EXPECT_EQ(unscored_in(scores()), 0);
  ill = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(unscored_in(scores()), 0);
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
  EXPECT_EQ(unscored_in(scores()), 2);  // of each variant
  const int loads = script_.loads;
  deadly = false;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored_in(scores()), 0);
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
  EXPECT_EQ(unscored_in(scores()), 2);
}

TEST_F(RunnerTest, APromptThatDoesNotFitIsAskedOnce) {
  script_.refusal = [](const std::string& prompt) {
    return std::string(prompt == "a/a2/0" ? reason::kPromptDoesNotFit : "");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(std::ranges::count(script_.prompts, "a/a2/0"), 2);
}

TEST_F(RunnerTest, ASandboxFaultIsGradedAgain) {
  Task with_program = test_task();
  with_program.programs = [](const Item&, const std::vector<StepResult>&,
                             const TaskContext&) -> Result<Programs> { return Programs(1); };
  for (ResolvedTask& task : run_.tasks) task.task = &with_program;
  run_program_ = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return environment_error("the sandbox failed", "killed from outside", "");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored_in(scores()), 18);
  run_program_ = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return ProgramResult{};
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored_in(scores()), 0);
  EXPECT_EQ(script_.loads, 2);  // no engine is needed for it
}

// --- what a chat template does to a prompt

TEST_F(RunnerTest, ASystemMessageThatTheTemplateDropsEndsTheRunBeforeLoading) {
  run_.plan.chat.system = "Answer in Dutch.";
  const auto end = go();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::usage);
  EXPECT_EQ(end.error().what, "the model's chat template drops the plan's system message");
  EXPECT_EQ(end.error().why, "chat.system does not stand in the prompt of task a, item a0");
  EXPECT_EQ(script_.loads, 0);
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

TEST_F(RunnerTest, ASystemMessageThatStandsInEveryPromptIsFine) {
  run_.plan.chat.system = " /0\n";  // the end of every prompt of these tasks; templates trim it
  ASSERT_EQ(go().value(), RunEnd::complete);
}

// The prompt ends with "<think>", a2's with another family's marker: what was cut is a thought.
TEST_F(RunnerTest, AThoughtThatTheTemplateOpenedAndTheLimitCutIsNotClosed) {
  Task thinking = test_task();
  thinking.next = [](const Item& item, const std::vector<StepResult>& so_far,
                     const TaskContext&) -> Result<NextRequest> {
    if (!so_far.empty()) return std::nullopt;
    Request request;
    const std::string opens = item.id == "a2" ? "[THINK]" : "<think>";
    request.messages = {{"user", item.id + "<assistant>\n" + opens + "\n"}};
    request.sampling.max_tokens = 10;
    return request;
  };
  thinking.score = [](const ScoreInputs& in) {
    Score score;
    score.outcome = Outcome::scored;
    set_soundness(score, in.steps);
    score.detail = in.steps.front().response.text;
    score.metrics["robust"] = 0;
    return score;
  };
  for (ResolvedTask& task : run_.tasks) task.task = &thinking;
  script_.cut = [](const std::string& prompt) { return !prompt.starts_with("a1<"); };
  script_.answer = [](const std::string& prompt) {
    return std::string(prompt.starts_with("a0<") ? "so</think>7" : "maybe 7, but");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  for (int again = 0; again < 2; ++again) {
    for (const StoredScore& s : scores()) {
      // a0 closed its thought before it was cut, a1 was not cut.
      const bool open = s.id.item != "a0" && s.id.item != "a1";
      EXPECT_EQ(s.score.thinking_not_closed, open) << s.id.item;
      const std::string opened_by = s.id.item == "a2" ? "[THINK]" : "<think>";
      EXPECT_EQ(s.score.detail == opened_by + "\nmaybe 7, but", open) << s.score.detail;
    }
    Store store = Store::open(folder_, Store::Mode::write).value();  // the store has what came
    Progress progress(stderr, Progress::Style::silent, script_.clock);
    RunServices services{.store = store, .clock = script_.clock, .progress = progress};
    ASSERT_TRUE(rescore(run_, services));
  }
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

// A signal that comes while the last answers are graded: they wait for the next run.
TEST_F(RunnerTest, InterruptedGradingLeavesTheRestUngraded) {
  for (ResolvedTask& task : run_.tasks) task.task = &oracle_task();
  progress_file_ = folder_.string() + "_said";
  const std::string line = "answers are not graded yet";
  std::atomic<int> asked = 0;  // by several graders
  std::atomic<int> looks = 0;
  oracle_ = [&](const std::string&) -> std::expected<bool, NoDecision> {
    if (++asked == 3) stop_ = true;
    if (!stop_) return true;
    // Whatever it takes, nobody waits for it.
    for (; looks < 2000 && said().find(line) == std::string::npos; ++looks) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return std::unexpected(NoDecision{NoDecision::Kind::interrupted, "a signal came"});
  };
  run_.variants.pop_back();
  run_.plan.variants.pop_back();
  script_.max_in_flight = 1;
  script_.answer = [&](const std::string&) { return std::string("yes"); };
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.item;
  EXPECT_LE(scores().size(), 2U);
  const std::string all = said();
  EXPECT_NE(all.find(line), std::string::npos) << all;
  EXPECT_EQ(all.find(line), all.rfind(line)) << all;  // once

  stop_ = false;
  asked = 3;
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 9U);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.item;
  std::filesystem::remove(progress_file_);
}

TEST_F(RunnerTest, TheWaitForGradesIsShown) {
  for (ResolvedTask& task : run_.tasks) task.task = &oracle_task();
  int answered = 0;
  script_.answer = [&](const std::string&) {
    if (++answered == 9) stop_ = true;  // the first variant's last
    return std::string("yes");
  };
  oracle_ = [&](const std::string&) -> std::expected<bool, NoDecision> {
    return std::unexpected(NoDecision{NoDecision::Kind::interrupted, "a signal came"});
  };
  ASSERT_EQ(go().value(), RunEnd::interrupted);
  stop_ = false;
  progress_file_ = folder_.string() + "_said";
  const std::string line = "9 being graded\n";
  std::atomic<bool> shown = false;
  std::atomic<int> looks = 0;  // over all answers and graders
  oracle_ = [&](const std::string&) -> std::expected<bool, NoDecision> {
    for (; looks < 2000 && !shown; ++looks) {
      if (said().find(line) != std::string::npos) shown = true;
      if (!shown) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_TRUE(shown) << said();
  std::filesystem::remove(progress_file_);
}

TEST_F(RunnerTest, WithoutMathVerifyAnswersAreUnscoredAndGradedOnceItIsThere) {
  run_.tasks[0].task = &oracle_task();
  oracle_ = [](const std::string&) -> std::expected<bool, NoDecision> {
    return std::unexpected(NoDecision{NoDecision::Kind::unavailable, "exit code 1"});
  };
  progress_file_ = folder_.string() + "_said";
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_NE(said().find("base: 6 answers are unscored (Math-Verify not available): exit code 1\n"),
            std::string::npos)
      << said();
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.reason, s.id.task == "a" ? "Math-Verify not available" : "") << s.id.item;
  }
  oracle_ = [](const std::string&) -> std::expected<bool, NoDecision> { return true; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 2);  // the first run's
  EXPECT_EQ(scores().size(), 18U);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.item;
  std::filesystem::remove(progress_file_);
}

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
  ASSERT_EQ(scores().size(), 18U);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.metrics.at("robust"), 0);
}

// What the baseline said as the judge, and what came of it, goes with it.
TEST_F(RunnerTest, AJudgeThatStartsOverJudgesAnew) {
  run_.tasks.clear();
  add_task("free", 2);
  run_.tasks[0].task = &free_task();
  script_.answer = [](const std::string&) { return std::string("right"); };
  ASSERT_EQ(go().value(), RunEnd::complete);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.metrics.at("robust"), 1);
  script_.answer = [](const std::string&) { return std::string("wrong"); };
  RunOptions options;
  options.start_over = {true, {"base"}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.metrics.at("robust"), 0) << s.id.variant << " " << s.id.item;
  }
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

TEST_F(RunnerTest, ALoadThatTheDeadlineCutsIsNoFault) {
  script_.answer = [&](const std::string&) {
    script_.load_hangs = true;  // the next one
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 200;
  EXPECT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(scored_items("base").size(), 9U);
  EXPECT_EQ(scored_items("quant").size(), 0U);
  const Store store = Store::open(folder_, Store::Mode::read).value();
  const double spent_s = std::strtod(store.meta("spent_s").value()->c_str(), nullptr);
  EXPECT_GT(spent_s, 190);  // the load that was cut, too
}

// Prompts of a hundred thousand items take gigabytes: only those of the items in flight are held.
TEST_F(RunnerTest, AUnitHoldsItsPromptOnlyWhileItIsAsked) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  ScriptedEngine engine(script_);
  WorkList work(run_, run_.variants[0], {}, 0, store);
  const auto held = [&work] {
    return std::ranges::count_if(work.units(),
                                 [](const Unit& unit) { return unit.question != nullptr; });
  };
  ASSERT_TRUE(work.fill(nullptr));
  EXPECT_EQ(held(), 0);
  ASSERT_TRUE(work.set_prompts(engine.render(work.to_render().value()).value()));
  EXPECT_EQ(held(), 0);
  const std::size_t unit = work.offers()[0].ticket;
  const int tokens = work.at(unit).prompt_tokens;
  EXPECT_GT(tokens, 0);  // what admission asks is kept
  ASSERT_TRUE(work.ask(engine, unit, 1));
  ASSERT_EQ(held(), 1);
  EXPECT_EQ(tokens_to_read(work.at(unit).question->prompt), tokens);
  ASSERT_TRUE(work.on_death("killed", /*alone=*/true, 0));
  EXPECT_EQ(held(), 0);
  ASSERT_TRUE(work.ask(engine, work.suspect().value(), 2));
  ASSERT_TRUE(work.on_answer(engine, {2, Response{}}, 0).value());
  EXPECT_EQ(held(), 0);
}

// Graders may be far behind: what waits for them beyond 256 answers is in the store alone.
TEST_F(RunnerTest, AnswersFarBehindTheGradersAreReadFromTheStore) {
  run_.tasks.clear();
  add_task("many", 300);
  Store store = Store::open(folder_, Store::Mode::write).value();
  ScriptedEngine engine(script_);
  WorkList work(run_, run_.variants[0], {}, 0, store);
  ASSERT_TRUE(work.fill(nullptr));
  while (true) {
    const auto requests = work.to_render().value();
    if (requests.empty()) break;
    ASSERT_TRUE(work.set_prompts(engine.render(requests).value()));
  }
  for (std::size_t unit = 0; unit < 300; ++unit) {
    const auto id = static_cast<std::int64_t>(unit) + 1;
    ASSERT_TRUE(work.ask(engine, unit, id));
    Response response;
    response.text = "answer " + std::to_string(unit);
    ASSERT_TRUE(work.on_answer(engine, {id, response}, 0).value());
  }
  EXPECT_EQ(work.at(255).steps.size(), 1U);
  EXPECT_TRUE(work.at(256).steps.empty());
  for (std::size_t unit = 0; unit < 300; ++unit) {
    ASSERT_EQ(work.next_to_grade(), unit);
    const auto steps = work.take_steps(unit).value();
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0].response.text, "answer " + std::to_string(unit));
    work.set_grading(unit);
  }
}

// Behind those with the engine, those that wait for a grader and those that are being graded.
TEST_F(RunnerTest, AnAnswerWaitsForAllThatAreToBeGradedBeforeIt) {
  run_.tasks[0].task = &program_task();
  Store store = Store::open(folder_, Store::Mode::write).value();
  ScriptedEngine engine(script_);
  WorkList work(run_, run_.variants[0], {}, 0, store);
  work.set_grading_time([](int before_it) { return 1.0 + before_it; });
  ASSERT_TRUE(work.fill(nullptr));
  ASSERT_TRUE(work.set_prompts(engine.render(work.to_render().value()).value()));
  const auto grading_s = [&](const std::string& task) {
    double out = -1;
    for (const Offer& offer : work.offers()) {
      if (work.at(offer.ticket).task->spec.name == task) out = offer.cost.grading_s;
    }
    return out;
  };
  EXPECT_EQ(grading_s("a"), 1);
  EXPECT_EQ(grading_s("b"), 0);                               // no program
  ASSERT_TRUE(work.ask(engine, work.offers()[0].ticket, 1));  // of a
  EXPECT_EQ(grading_s("a"), 2);
  for (const Offer& offer : work.offers()) {
    if (work.at(offer.ticket).task->spec.name == "b") {
      ASSERT_TRUE(work.ask(engine, offer.ticket, 2));
    }
  }
  EXPECT_EQ(grading_s("a"), 2);
  ASSERT_TRUE(work.on_answer(engine, {1, Response{}}, 0).value());
  EXPECT_EQ(grading_s("a"), 2);
  const std::size_t graded = work.next_to_grade().value();
  work.set_grading(graded);
  EXPECT_EQ(grading_s("a"), 2);
  work.set_scored(graded);
  EXPECT_EQ(grading_s("a"), 1);
}

// Slow programs are mostly wrong ones: were only they left out, the score would rise.
TEST_F(RunnerTest, TimeForGradingEndsEachLaneAtItsFirstUngradedItem) {
  run_.tasks[0].task = &program_task();
  int answered = 0;
  std::atomic<bool> released{false};
  script_.answer = [&](const std::string&) {  // the last of each variant comes as its time ends
    ++answered;
    released = answered == 18;
    if (answered % 9 > 0) return std::string("yes");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // all others are graded
    script_.clock.advance(Seconds(answered == 9 ? 48.5 : 98.5) - script_.clock.now());
    return std::string("yes");
  };
  run_program_ = [&](const Program& program, const Deadline& until) -> Result<ProgramResult> {
    if (program.source != "a2") return ProgramResult{};
    const Deadline a_second = until.at_most(std::chrono::seconds(1));  // this clock stands still
    while (!released && !a_second.over()) std::this_thread::sleep_for(a_second.left());
    return std::unexpected(interrupted_error());
  };
  RunOptions options;
  options.budget_s = 100;  // shares of 48 s, and 2 s more for what is ungraded in the end
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  ASSERT_EQ(scores().size(), 18U);
  for (const StoredScore& s : scores()) {
    const bool late = s.id.task == "a" && s.id.item >= "a2";
    EXPECT_EQ(s.score.reason, late ? reason::kNotScoredBudget : "") << s.id.item;
  }
  // The next run has nothing else to do, and does it.
  run_program_ = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return ProgramResult{};
  };
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(answered, 18);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.reason, "") << s.id.item;
}

TEST_F(RunnerTest, BudgetGivesEachVariantTheSamePrefix) {
  run_.tasks.clear();
  add_task("a", 200);
  add_task("b", 100);
  script_.max_in_flight = 1;  // an answer takes 0.5 s; its worst case 10 tokens * 0.1 s
  RunOptions options;
  options.budget_s = 100;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 100);
  const auto base = scored_items("base");
  const auto quant = scored_items("quant");
  EXPECT_GT(base.size(), 40U);
  EXPECT_LT(base.size(), 100U);
  EXPECT_TRUE(std::includes(base.begin(), base.end(), quant.begin(), quant.end()));
  EXPECT_GT(quant.size() * 2, base.size());
  for (const std::string prefix : {"a", "b"}) {  // a prefix of each task, nothing skipped
    const auto count = std::count_if(base.begin(), base.end(),
                                     [&](const std::string& id) { return id.starts_with(prefix); });
    for (int i = 0; i < count; ++i) EXPECT_TRUE(base.contains(prefix + std::to_string(i)));
  }
}

// The limits first, then on in every task until the budget ends; each variant has the same items.
TEST_F(RunnerTest, UntilTheBudgetEnds) {
  run_.tasks.clear();
  add_task("a", 400);
  add_task("b", 300);
  for (ResolvedTask& task : run_.tasks) {
    task.spec.limit = 5;
    task.spec.goes_on = true;
  }
  run_.plan.until = Until::budget;
  run_.plan.budget_s = 100;
  script_.max_in_flight = 1;
  RunOptions options;
  options.budget_s = 100;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 100);
  EXPECT_GT(script_.clock.now().count(), 90);
  const auto base = scored_items("base");
  const auto quant = scored_items("quant");
  EXPECT_GT(base.size(), 40U) << "far beyond the limits";
  EXPECT_TRUE(std::includes(base.begin(), base.end(), quant.begin(), quant.end()));
  EXPECT_GT(quant.size() * 2, base.size());
  for (const std::string task : {"a", "b"}) {  // a prefix of each
    const auto count =
        std::ranges::count_if(base, [&](const std::string& id) { return id.starts_with(task); });
    EXPECT_GT(count, 5) << task;
    for (int i = 0; i < count; ++i) EXPECT_TRUE(base.contains(task + std::to_string(i)));
  }
  // The first ten are the limits', whatever the weights say of the rest.
  std::set<std::string> first_ten(script_.prompts.begin(), script_.prompts.begin() + 10);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(first_ten.contains(fmt::format("a/a{}/0", i)));
    EXPECT_TRUE(first_ten.contains(fmt::format("b/b{}/0", i)));
  }
  {
    Store store = Store::open(folder_, Store::Mode::write).value();
    EXPECT_EQ(store.meta("end").value(), "interrupted") << "until its caller says how it ended";
    EXPECT_FALSE(store.meta(kExtendedKey).value());
    ASSERT_TRUE(store.set_meta("end", "out_of_time") && store.flush());
  }
  // More time for a run that had ended is a longer sample, and that is remembered.
  options.budget_s = 150;
  run_.plan.budget_s = 150;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_GT(scored_items("base").size(), base.size());
  EXPECT_TRUE(Store::open(folder_, Store::Mode::read).value().meta(kExtendedKey).value());
}

// Nobody asked for this item by name: it must not end a run that goes on to it.
TEST_F(RunnerTest, BeyondTheLimitAPromptThatDoesNotFitIsUnscored) {
  Item renamed = run_.tasks[0].items[4];
  renamed.id = std::string(95, 'x');
  run_.tasks[0].items.set(4, renamed);
  run_.tasks[0].spec.limit = 4;
  run_.tasks[0].spec.goes_on = true;
  run_.plan.until = Until::budget;
  RunOptions options;
  options.budget_s = 1000;
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.reason == reason::kPromptDoesNotFit, s.id.item == renamed.id) << s.id.item;
  }
  run_.tasks[0].spec.limit = 5;  // now it is asked for
  std::filesystem::remove_all(folder_);
  EXPECT_FALSE(go(options));
}

// By the guess of 0.2 s a token, 600 tokens never fit into a share of 48 s; measured, they do.
TEST_F(RunnerTest, AGuessLeavesNothingOut) {
  add_task("c", 3);
  add_task("long", 2);
  run_.plan.engine.args = {{"max_model_len", 1000}};
  run_.tasks.back().spec.max_gen_toks = 600;
  script_.token_s = 0.01;
  RunOptions options;
  options.budget_s = 100;
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(scored_items("base").size(), 14U);
  EXPECT_EQ(scored_items("quant").size(), 14U);
}

// Only long items: one is asked to learn the pace, and by that pace the others do not fit.
TEST_F(RunnerTest, WhatDoesNotFitByMeasureIsLeftOut) {
  run_.tasks.clear();
  add_task("long", 4);
  run_.plan.engine.args = {{"max_model_len", 1000}};
  run_.tasks.back().spec.max_gen_toks = 150;  // guessed at 30 s; 15 s by measure
  script_.max_in_flight = 1;
  script_.output_tokens = 150;
  RunOptions options;
  options.budget_s = 100;  // a share of 48 s, 10 of them for loading
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(scored_items("base"), (std::set<std::string>{"long0", "long1"}));
  EXPECT_EQ(scored_items("quant"), (std::set<std::string>{"long0", "long1"}));
}

// The load took most of the share, so not even the guess for one item fits: one is asked all the
// same, and its measure (15 s at worst) says that no other one will.
TEST_F(RunnerTest, ShortOfTimeOneItemMeasures) {
  run_.tasks.clear();
  add_task("long", 4);
  run_.plan.engine.args = {{"max_model_len", 1000}};
  run_.tasks.back().spec.max_gen_toks = 150;
  script_.load_s = 40;
  RunOptions options;
  options.budget_s = 100;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(scored_items("base"), (std::set<std::string>{"long0"}));
}

TEST_F(RunnerTest, UnderABudgetTheFirstOfEveryTaskMeasures) {
  run_.tasks.clear();
  add_task("a", 50);
  add_task("b", 3);
  run_.tasks[0].spec.max_gen_toks = 40;
  std::size_t asked_before_an_answer = 0;
  script_.answer = [&](const std::string&) {
    if (asked_before_an_answer == 0) asked_before_an_answer = script_.prompts.size();
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 300;
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(asked_before_an_answer, 2U);
  EXPECT_EQ(script_.prompts[0], "b/b0/0");  // the cheapest first
  EXPECT_EQ(script_.prompts[1], "a/a0/0");
}

// --- whatever the first answers are like, nothing waits while nothing is in flight ---

class FirstAnswersTest : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    options_.budget_s = 100;  // a share of 48 s each, 10 of them for loading
    script_.answer = [this](const std::string& prompt) { return answered(prompt); };
    script_.refusal = [this](const std::string& prompt) {
      if (!refused_.contains(prompt) && !refuses_all_) return std::string();
      (void)answered(prompt);
      return std::string("refused");
    };
  }
  std::string answered(const std::string& prompt) {
    asked_by_answer_.push_back(script_.prompts.size());
    script_.output_tokens = empty_.contains(prompt) ? 0 : usual_tokens_;
    return "yes";
  }

  RunOptions options_;
  std::set<std::string> refused_;
  bool refuses_all_ = false;
  std::set<std::string> empty_;
  int usual_tokens_ = 5;
  std::vector<std::size_t> asked_by_answer_;  // how many were asked when an answer came
};

TEST_F(FirstAnswersTest, LogLikelihoodsAlone) {
  run_.tasks.clear();
  add_task("gpqa", 6);
  run_.tasks[0].task = &likelihood_task();
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 12U);
  EXPECT_NEAR(script_.clock.now().count(), 2 * 10 + 12 * 0.1, 0.01);  // it never idled
}

// Their pace is no pace of generated tokens: those are left out by none, and asked alone.
TEST_F(FirstAnswersTest, LogLikelihoodsBesideATaskThatAnswersNothing) {
  run_.tasks.clear();
  for (const char* name : {"gpqa", "gpqb", "gpqc"}) add_task(name, 2);
  for (ResolvedTask& task : run_.tasks) task.task = &likelihood_task();
  add_task("long", 4);
  run_.tasks.back().spec.max_gen_toks = 600;  // 120 s by the guess
  run_.plan.engine.args = {{"max_model_len", 1000}};
  usual_tokens_ = 0;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 20U);
}

// They come sooner than the other task's first answer, and take no lead by it.
TEST_F(FirstAnswersTest, LogLikelihoodsWaitForTheFirstOfTheOthers) {
  run_.tasks[0].task = &likelihood_task();
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  EXPECT_EQ(asked_by_answer_[0], 2U);
}

TEST_F(FirstAnswersTest, OneTokenEach) {
  usual_tokens_ = 1;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  // The first of both tasks; then the other seven, for which there is room.
  EXPECT_EQ(std::vector<std::size_t>(asked_by_answer_.begin(), asked_by_answer_.begin() + 3),
            (std::vector<std::size_t>{2, 2, 9}));
  EXPECT_NEAR(script_.clock.now().count(), 2 * 10 + 18 * 0.1, 0.01);
}

TEST_F(FirstAnswersTest, AllEmpty) {
  usual_tokens_ = 0;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  EXPECT_EQ(asked_by_answer_[2], 9U);
}

TEST_F(FirstAnswersTest, AllRefused) {
  refuses_all_ = true;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  EXPECT_NEAR(script_.clock.now().count(), 2 * 10, 0.01);
}

// A refusal tells nothing of the pace: the next is asked alone, then all that there is room for.
TEST_F(FirstAnswersTest, TheFirstOfEveryTaskRefused) {
  refused_ = {"a/a0/0", "b/b0/0"};
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
  EXPECT_EQ(std::vector<std::size_t>(asked_by_answer_.begin(), asked_by_answer_.begin() + 4),
            (std::vector<std::size_t>{2, 2, 3, 9}));
}

TEST_F(FirstAnswersTest, OneTaskOfTwoAnswersNothing) {
  empty_ = {"a/a0/0", "a/a1/0", "a/a2/0", "a/a3/0", "a/a4/0", "a/a5/0"};
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 18U);
}

// The empty one took a second, so a token may: of answers of 10 tokens and a second for the prompt
// two fit beside each other into 37 s (1.15 * 22 s), not three (1.15 * 33 s), and none is cut off.
TEST_F(FirstAnswersTest, EmptyThenSlow) {
  run_.tasks.clear();
  run_.variants.pop_back();  // nobody's time may be borrowed
  run_.plan.variants.pop_back();
  options_.budget_s = 52;
  add_task("a", 20);
  empty_ = {"a/a0/0"};
  usual_tokens_ = 10;
  script_.token_s = 1;
  ASSERT_EQ(go(options_).value(), RunEnd::out_of_time);
  EXPECT_EQ(asked_by_answer_[1], 3U);
  EXPECT_EQ(script_.prompts.size(), asked_by_answer_.size());
}

TEST_F(FirstAnswersTest, TheFirstOfTheSecondPassRefused) {
  run_.plan.compare.noise_floor = true;
  script_.max_in_flight = 1;
  script_.answer = [this](const std::string& prompt) {  // it ends after the tasks
    if (script_.prompts.size() == 9) stop_ = true;
    return answered(prompt);
  };
  ASSERT_EQ(go(options_).value(), RunEnd::interrupted);
  stop_ = false;
  refused_ = {"a/a1/0", "b/b0/0"};
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 27U);
}

// What answers nothing tells no later variant how long answers take: 18 s by the guess, for which
// the third has no time, 0.9 s by the baseline's pace.
TEST_F(FirstAnswersTest, AVariantThatAnswersNothingHidesNoPace) {
  VariantSpec third;
  third.name = "third";
  third.model = "/models/third";
  run_.variants.push_back({third, third.model, "", "fp-third"});
  run_.plan.variants.push_back(third);
  for (ResolvedTask& task : run_.tasks) task.spec.max_gen_toks = 90;
  script_.load_s = 40;
  script_.token_s = 0.01;
  script_.answer = [this](const std::string&) {
    script_.output_tokens = script_.loads == 2 ? 0 : 5;
    return std::string("yes");
  };
  options_.budget_s = 135;  // 53 s of it are left for the third
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(scored_items("quant").size(), 9U);
  EXPECT_EQ(scored_items("third").size(), 9U);
}

// Nothing but outputs to read back, which by the guess take too long: one is read, and tells.
TEST_F(FirstAnswersTest, ReadingBackMeasures) {
  run_.plan.fidelity = {4, 3};
  script_.deadly_read_back = true;
  ASSERT_EQ(go().value(), RunEnd::complete);
  script_.deadly_read_back = false;
  script_.read_back.clear();
  guess_.prompt_token_s = 10;
  ASSERT_EQ(go(options_).value(), RunEnd::complete);
  EXPECT_EQ(script_.read_back.size(), 8U);
}

// The second variant takes 5 s an item, the first 1 s: with equal shares 57 of it would have pairs.
// 600 s less the reserve of 18 and four loads of 5 are 562 s: 93 items of each.
TEST_F(RunnerTest, ASlowVariantGetsTheTimeForItsPairs) {
  run_.tasks.clear();
  run_.plan.tasks.clear();
  add_task("a", 400);
  script_.max_in_flight = 1;
  script_.load_s = 5;
  guess_.load_s = 5;
  script_.output_tokens = 10;
  script_.answer = [this](const std::string&) {
    script_.token_s = script_.loads % 2 == 1 ? 0.1 : 0.5;
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 600;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_EQ(script_.loads, 4);
  const auto answered = [&](const std::string& variant) {
    return 1.0 * static_cast<int>(std::ranges::count_if(scores(), [&](const StoredScore& s) {
             return s.id.variant == variant && s.score.reason != reason::kNotRun;
           }));
  };
  EXPECT_NEAR(answered("quant"), 93, 5);
  EXPECT_NEAR(answered("base"), answered("quant"), 3);
}

// The call that renders a later step fails before the death itself is seen.
TEST_F(RunnerTest, DeathSeenByAFailingCallIsADeath) {
  set_steps(2);
  script_.dies_rendering = [](const std::string& prompt) { return prompt == "a/a0/1+yes"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 18U);
  EXPECT_EQ(script_.loads, 3);
}

TEST_F(RunnerTest, SlowerVariantStopsEarlierNotWrong) {
  run_.tasks.clear();
  add_task("a", 300);
  script_.max_in_flight = 1;
  RunOptions options;
  options.budget_s = 100;
  script_.answer = [&](const std::string&) {
    if (script_.loads == 2) script_.token_s = 0.4;
    return std::string("yes");
  };
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 100);
  EXPECT_LT(scored_items("quant").size() * 2, scored_items("base").size());
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.metrics.at("robust"), 1);
}

// A load of 40 s, the next of 10: 116 s less these 40, 4 for the report and 26 for the next
// (between 40 and the guess of 12) leave 23 s of work for each, in answers of half a second. Were
// the load the baseline's own, 16 s.
TEST_F(RunnerTest, ASlowLoadIsEverybodysLoss) {
  run_.tasks.clear();
  add_task("a", 300);
  script_.max_in_flight = 1;
  script_.load_s = 40;
  script_.answer = [&](const std::string&) {
    script_.load_s = 10;
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 116;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 116);
  EXPECT_GE(scored_items("base").size(), 43U);
  EXPECT_LE(scored_items("base").size(), 46U);
  EXPECT_EQ(scored_items("quant"), scored_items("base"));
}

// 30 s of the budget went into a load that failed: 70 s are left to the same command.
TEST_F(RunnerTest, ALoadThatFailsHasSpentItsTime) {
  run_.tasks.clear();
  add_task("a", 300);
  script_.load_fails_after_s = 30;
  RunOptions options;
  options.budget_s = 100;
  ASSERT_FALSE(go(options));
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(), 100);
}

// What the baseline measured tells whether the next one has time to begin, not the slow guess.
TEST_F(RunnerTest, LaterVariantBeginsByThePaceSeen) {
  for (ResolvedTask& task : run_.tasks) task.spec.max_gen_toks = 90;  // 18 s by the guess
  script_.load_s = 40;
  script_.token_s = 0.01;
  RunOptions options;
  options.budget_s = 100;  // 59.6 s are left: enough for 40 + 2 * 0.9, not for 40 + 18
  ASSERT_EQ(go(options).value(), RunEnd::complete);
  EXPECT_EQ(scored_items("quant").size(), 9U);
  EXPECT_LE(script_.clock.now().count(), 100);
}

TEST_F(RunnerTest, TooShortABudgetEndsAtOnceAndSaysTheLeast) {
  RunOptions options;
  options.budget_s = 20;
  const auto end = go(options);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, ErrorKind::environment);
  EXPECT_EQ(end.error().what, "a budget of 20.0s is too short");
  EXPECT_TRUE(end.error().fix.starts_with("give it at least "));
  EXPECT_EQ(script_.starts, 0);
}

// Two variants that load for 120 s and answer 10 tokens, and 3 % of that for the report.
TEST_F(RunnerTest, TheLeastGoesByTheHardware) {
  guess_ = {.load_s = 120, .token_s = 0.05, .prompt_token_s = 0};
  RunOptions options;
  options.budget_s = 200;
  EXPECT_EQ(go(options).error().fix, "give it at least 4m 09s");
  options.spent_s = 7;
  EXPECT_EQ(go(options).error().what, "a budget of 3m 20s is too short");
  EXPECT_EQ(go(options).error().fix, "give it at least 4m 16s");
  options.budget_s = 257;
  EXPECT_EQ(go(options).value(), RunEnd::complete);
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
    const Store store = Store::open(folder_, Store::Mode::read).value();
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
    const Store store = Store::open(folder_, Store::Mode::read).value();
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

TEST_F(RunnerTest, BaselineJudgesFreeAnswersOfAllAtTheEnd) {
  add_task("free", 2);
  run_.tasks.back().task = &free_task();
  script_.answer = [](const std::string& p) {
    if (p.starts_with("judge ")) return std::string(p == "judge free1 yes" ? "right" : "wrong");
    return std::string("yes");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.loads, 3);                  // each variant, and the baseline once more to judge
  EXPECT_EQ(script_.prompts.size(), 22U + 2U);  // both variants said the same
  EXPECT_EQ(script_.prompts.back(), "judge free1 yes");
  int judged = 0;
  for (const StoredScore& s : scores()) {
    if (s.id.task != "free") continue;
    ASSERT_EQ(s.score.outcome, Outcome::scored);
    EXPECT_EQ(s.score.metrics.at("robust"), s.id.item == "free1" ? 1 : 0);
    ++judged;
  }
  EXPECT_EQ(judged, 4);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.starts, 3);
}

TEST_F(RunnerTest, SecondPassIsJudgedToo) {
  run_.plan.compare.noise_floor = true;
  add_task("free", 2);
  run_.tasks.back().task = &free_task();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 33U + 2U);  // all three passes said the same
  const Store store = Store::open(folder_, Store::Mode::read).value();
  for (const Purpose purpose : {Purpose::judgement, Purpose::second_pass_judgement}) {
    EXPECT_EQ(store.steps("base", purpose).value().size(), 2U) << to_string(purpose);
  }
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.variant;
}

// What the judge said of the same words is stored: a killed run, or another variant, asked it.
TEST_F(RunnerTest, AQuestionThatIsStoredIsNotPutToTheJudgeAgain) {
  add_task("free", 2);
  run_.tasks.back().task = &free_task();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), 22U + 2U);
  RunOptions options;
  options.start_over = {true, {"quant"}};
  ASSERT_EQ(go(options).value(), RunEnd::complete);  // its 11 items once more, no question
  EXPECT_EQ(script_.prompts.size(), 24U + 11U);
  for (const StoredScore& s : scores()) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.item;
}

// The judge is restarted; the question that it dies of is left out, and asked by the next run.
TEST_F(RunnerTest, JudgeThatDiesIsRestartedAndAskedAgain) {
  add_task("free", 2);
  run_.tasks.back().task = &free_task();
  script_.max_in_flight = 1;
  script_.deadly = [](const std::string& p) { return p == "judge free1 yes"; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  const auto unscored = [this] {
    const auto all = scores();
    return std::count_if(all.begin(), all.end(),
                         [](const StoredScore& s) { return s.score.outcome == Outcome::unscored; });
  };
  EXPECT_EQ(unscored(), 2);  // free1 of both variants
  script_.deadly = [](const std::string&) { return false; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 0);
}

TEST_F(RunnerTest, RescoreRebuildsFromTheStore) {
  run_.plan.compare.noise_floor = true;
  ASSERT_TRUE(go());
  Store store = Store::open(folder_, Store::Mode::write).value();
  const auto before = store.scores().value();
  EXPECT_EQ(before.size(), 27U);
  for (const StoredScore& s : before) ASSERT_TRUE(store.put_score({s.id, Score{}}));
  Progress progress(stderr, Progress::Style::silent, script_.clock);
  RunServices services{.store = store, .clock = script_.clock, .progress = progress};
  ASSERT_TRUE(rescore(run_, services));
  const auto after = store.scores().value();
  ASSERT_EQ(after.size(), before.size());
  for (const StoredScore& s : after) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.item;
}

TEST_F(RunnerTest, RescoreLeavesOutWhatCameAfterAnAnswerThatTimeCut) {
  ASSERT_TRUE(go());
  Store store = Store::open(folder_, Store::Mode::write).value();
  Score not_run;
  not_run.reason = reason::kNotRun;
  const auto before = store.scores().value();
  const AnswerId left_out = before.back().id;
  ASSERT_TRUE(store.put_score({left_out, not_run}));
  Progress progress(stderr, Progress::Style::silent, script_.clock);
  RunServices services{.store = store, .clock = script_.clock, .progress = progress};
  ASSERT_TRUE(rescore(run_, services));
  const auto after = store.scores().value();
  for (const StoredScore& s : after) {
    EXPECT_EQ(s.score.reason, s.id == left_out ? reason::kNotRun : "") << s.id.item;
  }
}

TEST_F(RunnerTest, InterruptedRescoreKeepsTheScoresThere) {
  run_.tasks[0].task = &oracle_task();
  oracle_ = [](const std::string&) -> std::expected<bool, NoDecision> { return true; };
  ASSERT_EQ(go().value(), RunEnd::complete);
  Store store = Store::open(folder_, Store::Mode::write).value();
  Progress progress(stderr, Progress::Style::silent, script_.clock);
  RunServices services{.store = store, .clock = script_.clock, .progress = progress};
  services.stop = &stop_;
  services.make_oracle = [this] {
    return std::make_unique<FunctionOracle>([this](const std::string&) {
      stop_ = true;
      return std::unexpected(NoDecision{NoDecision::Kind::interrupted, "a signal came"});
    });
  };
  const Status scored = rescore(run_, services);
  ASSERT_FALSE(scored);
  EXPECT_EQ(scored.error().kind, ErrorKind::interrupted);
  const auto after = store.scores().value();
  EXPECT_EQ(after.size(), 18U);
  for (const StoredScore& s : after) EXPECT_EQ(s.score.outcome, Outcome::scored) << s.id.item;
}

// Right where one token of each choice has no log-probability.
const Task& short_likelihood_task() {
  static const Task task = [] {
    Task t = likelihood_task();
    t.score = [](const ScoreInputs& in) {
      Score score;
      score.outcome = Outcome::scored;
      const auto& choices = in.steps.back().response.loglikelihoods;
      const bool short_by_one =
          std::ranges::all_of(choices, [](const LogLikelihood& l) { return l.missing == 1; });
      score.metrics["robust"] = choices.size() == 2 && short_by_one ? 1 : 0;
      return score;
    };
    return t;
  }();
  return task;
}

// The scripted engine answers for one token, and " A" has two.
TEST_F(RunnerTest, PositionsThatTheEngineLeftOutAreCounted) {
  run_.tasks[0].task = &short_likelihood_task();
  ASSERT_TRUE(go());
  for (const StoredScore& s : scores()) {
    if (s.id.task != "a") continue;
    EXPECT_EQ(s.score.metrics.at("robust"), 1) << s.id.item;
  }
}

// Right when its box equals 7.
const Task& seven_task() {
  static const Task task = [] {
    Task t = oracle_task();
    t.name = "seven";
    t.score = [](const ScoreInputs& in) {
      Score score;
      score.outcome = Outcome::scored;
      const MathJudgement judged = judge_math("7", in.steps.back().response.text, in.oracle);
      score.metrics["robust"] = judged.correct ? 1 : 0;
      return score;
    };
    return t;
  }();
  return task;
}

// A library that holds everything for equal, the imitated one or another.
class YesOracle final : public EquivalenceOracle {
 public:
  YesOracle(bool imitated, int& asked) : imitated_(imitated), asked_(asked) {}
  std::expected<bool, NoDecision> equivalent(const std::string&, const std::string&) override {
    ++asked_;
    return true;
  }
  [[nodiscard]] bool imitated() const override { return imitated_; }

 private:
  bool imitated_;
  int& asked_;
};

TEST_F(RunnerTest, AnAuditAsksTheLibraryOfWhatTheFastPathDecided) {
  run_.tasks[0].task = &seven_task();
  script_.answer = [](const std::string& prompt) -> std::string {
    if (prompt.find("seven") == std::string::npos) return "yes";
    if (prompt.find("/1/") != std::string::npos) return "\\boxed{8}";  // wrong for the fast path
    if (prompt.find("/2/") != std::string::npos)
      return "\\boxed{\\int_0^7 1 dx}";  // left to the library
    return "\\boxed{14/2}";
  };
  run_.tasks[0].spec.name = "seven";
  for (std::size_t i = 0; i < run_.tasks[0].items.size(); ++i) {
    Item item = run_.tasks[0].items[i];
    item.id = std::to_string(i);
    run_.tasks[0].items.set(i, item);
  }
  int asked = 0;
  oracle_ = [](const std::string&) -> std::expected<bool, NoDecision> { return false; };
  ASSERT_TRUE(go());
  Store store = Store::open(folder_, Store::Mode::write).value();
  Progress progress(stderr, Progress::Style::silent, script_.clock);
  RunServices services{.store = store, .clock = script_.clock, .progress = progress};
  bool imitated = true;
  services.make_oracle = [&] { return std::make_unique<YesOracle>(imitated, asked); };
  const auto audit = audit_math(run_, services, 1000);
  ASSERT_TRUE(audit) << audit.error().to_string();
  EXPECT_EQ(audit->asked, asked);
  const auto of_seven =
      std::ranges::count_if(scores(), [](const StoredScore& s) { return s.id.task == "seven"; });
  EXPECT_LT(audit->asked, of_seven);
  EXPECT_GT(audit->asked, static_cast<std::int64_t>(run_.variants.size()));
  ASSERT_EQ(audit->differences.size(), run_.variants.size());
  for (const AuditDifference& d : audit->differences) {
    EXPECT_EQ(d.id.item, "1");
    EXPECT_EQ(d.gold, "7");
    EXPECT_FALSE(d.fast_path);
    EXPECT_TRUE(d.library);
  }
  asked = 0;
  EXPECT_EQ(audit_math(run_, services, 2)->asked, 2);
  EXPECT_EQ(asked, 2);
  imitated = false;
  EXPECT_EQ(audit_math(run_, services, 2).error().kind, ErrorKind::environment);
  run_.tasks[0].task = &test_task();
  EXPECT_EQ(audit_math(run_, services, 2).error().kind, ErrorKind::usage);
}

}  // namespace
}  // namespace assay

// Grading beside the engine, behind it and anew.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "store/graded_time.h"
#include "support/runner_fixture.h"

namespace assay {
namespace {

TEST_F(RunnerTest, ASandboxFaultIsGradedAgain) {
  Task with_program = test_task();
  with_program.programs = [](const Item&, const std::vector<StepResult>&,
                             const TaskContext&) -> Result<Programs> { return Programs(1); };
  for (ResolvedTask& task : run_.tasks) task.task = &with_program;
  run_program_ = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return environment_error("the sandbox failed", "killed from outside", "");
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 18);
  run_program_ = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return ProgramResult{};
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(unscored(), 0);
  EXPECT_EQ(script_.loads, 2);  // no engine is needed for it
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

// Of three graders, over all answers; the next run adds nothing to it.
TEST_F(RunnerTest, TheTimeOfProgramsIsKept) {
  run_.tasks[0].task = &program_task();
  run_program_ = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    std::this_thread::sleep_for(std::chrono::milliseconds(6));
    return ProgramResult{};
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  const GradedTime time = graded_time(stored(), "a").value();
  EXPECT_EQ(time.answers, 12);
  EXPECT_GE(time.seconds, 12 * 0.006 / 3);
  EXPECT_EQ(graded_time(stored(), "b").value().answers, 0);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(graded_time(stored(), "a").value().answers, 12);
}

// Prompts "a/a0/0" to "a/a5/0" begin alike with three bytes of six; an item asks once on average
// but for the first, which asks three times: 8 requests of 6 items.
TEST_F(RunnerTest, WhatItemsAskIsMeasuredOnTheirFirstPrompts) {
  set_steps(3);
  const ItemRequests requests = requests_of(run_.tasks[0], run_.context(run_.tasks[0]));
  EXPECT_DOUBLE_EQ(requests.steps, 8.0 / 6);
  ASSERT_TRUE(requests.prompt_tokens);
  EXPECT_DOUBLE_EQ(*requests.prompt_tokens, 0.75);
  run_.tasks[0].items = {};
  EXPECT_FALSE(requests_of(run_.tasks[0], run_.context(run_.tasks[0])).prompt_tokens);
}

// One grader, which takes 30 s of the script's clock for each answer.
class SlowGrader final : public Graders {
 public:
  SlowGrader(const ResolvedRun& run, FakeClock& clock) : run_(run), clock_(clock) {}
  bool submit(GradeJob& job) override {
    jobs_.push_back(std::move(job));
    return true;
  }
  std::vector<Graded> take_done() override { return std::exchange(done_, {}); }
  [[nodiscard]] std::size_t pending() const override { return jobs_.size() + done_.size(); }
  void abandon() override {
    jobs_.clear();
    done_.clear();
  }
  [[nodiscard]] double worst_case_s(int) const override { return 0; }
  void wait_done(std::chrono::milliseconds) override {
    clock_.advance(Seconds(30));
    if (jobs_.empty()) return;
    done_.push_back({jobs_[0].id, jobs_[0].unit, grade_now(run_, jobs_[0], nullptr, nullptr)});
    jobs_.erase(jobs_.begin());
  }

 private:
  const ResolvedRun& run_;
  FakeClock& clock_;
  std::vector<GradeJob> jobs_;
  std::vector<Graded> done_;
};

// 15 s are left for work, enough for a load but for no item of 90 tokens. What the first run left
// to be graded takes longer, and waits for a run that begins with nothing left.
TEST_F(RunnerTest, GradingEndsInTimeWhereNothingElseBegins) {
  make_graders_ = [this](const ResolvedRun& run) {
    return std::make_unique<SlowGrader>(run, script_.clock);
  };
  for (ResolvedTask& task : run_.tasks) task.spec.max_gen_toks = 90;
  script_.max_in_flight = 1;
  int answers = 0;
  script_.answer = [&](const std::string&) {
    stop_ = ++answers == 3;
    return std::string("yes");
  };
  RunOptions options;
  options.budget_s = 1000;
  ASSERT_EQ(go(options).value(), RunEnd::interrupted);
  stop_ = false;
  const double spent_s = script_.clock.now().count();
  options.budget_s = spent_s + 19;
  ASSERT_EQ(go(options).value(), RunEnd::out_of_time);
  EXPECT_LE(script_.clock.now().count(),
            spent_s + 31);  // one program, which cannot be stopped here
  EXPECT_EQ(script_.loads, 1);
  const auto ungraded = [this] {
    return std::ranges::count_if(
        scores(), [](const StoredScore& s) { return s.score.reason == reason::kNotScoredBudget; });
  };
  EXPECT_GT(ungraded(), 0);
  options.budget_s = spent_s;
  ASSERT_TRUE(go(options));
  EXPECT_EQ(ungraded(), 0);
  // Neither run needed an engine: what the budget pays for, and what the report says was spent, is
  // the first one's time alone.
  EXPECT_GT(script_.clock.now().count(), spent_s + 15);
  const Store store = Store::open(folder_, Store::Mode::read).value();
  EXPECT_NEAR(std::strtod(store.meta("spent_s").value()->c_str(), nullptr), spent_s, 0.001);
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

}  // namespace
}  // namespace assay

#include "run/grader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <set>
#include <stdexcept>

namespace assay {
namespace {

Result<Programs> one_program(const Item& item, const std::vector<StepResult>&, const TaskContext&) {
  Program program;
  program.source = item.id;
  return Programs{program};
}

Score right_when_passed(const ScoreInputs& in) {
  if (in.item.id == "throws") throw std::runtime_error("broken scorer");
  Score score;
  score.outcome = Outcome::scored;
  score.metrics["robust"] = in.programs[0].verdict == ProgramVerdict::passed ? 1 : 0;
  return score;
}

class GraderTest : public ::testing::Test {
 protected:
  GraderTest() {
    task_.programs = one_program;
    task_.score = right_when_passed;
    resolved_.task = &task_;
    resolved_.spec.name = "t";
  }

  GradeJob job(const std::string& id) {
    const auto it =
        std::find_if(items_.begin(), items_.end(), [&](const Item& item) { return item.id == id; });
    GradeJob out;
    out.id = {"v", "t", id};
    out.task = &resolved_;
    out.item = *it;
    out.steps.resize(1);
    return out;
  }

  Task task_;
  ResolvedTask resolved_;
  ResolvedRun run_;
  std::vector<Item> items_ = {{"a"}, {"b"}, {"c"}, {"d"}, {"throws"}};
};

Result<ProgramResult> passes(const Program&, const Deadline&) {
  ProgramResult out;
  out.verdict = ProgramVerdict::passed;
  return out;
}

TEST_F(GraderTest, FullQueuesSendJobsBack) {
  std::latch begun(1);
  std::latch go_on(1);
  const RunProgram slow = [&](const Program& program, const Deadline& until) {
    if (program.source == "a") {
      begun.count_down();
      go_on.wait();
    }
    return passes(program, until);
  };
  GraderPool pool(run_, 1, 2, slow, nullptr);
  GradeJob a = job("a");
  GradeJob b = job("b");
  GradeJob c = job("c");
  GradeJob d = job("d");
  ASSERT_TRUE(pool.submit(a));
  begun.wait();  // the only thread is at work on it: two more find room
  EXPECT_TRUE(pool.submit(b));
  EXPECT_TRUE(pool.submit(c));
  EXPECT_FALSE(pool.submit(d));
  EXPECT_EQ(d.item.id, "d");  // still the caller's
  EXPECT_EQ(pool.pending(), 3U);
  go_on.count_down();
  std::set<std::string> done;
  while (done.size() < 3) {
    pool.wait_done(std::chrono::milliseconds(1000));
    for (const Graded& graded : pool.take_done()) {
      EXPECT_EQ(graded.score.metrics.at("robust"), 1);
      done.insert(graded.id.item);
    }
  }
  EXPECT_EQ(done, (std::set<std::string>{"a", "b", "c"}));
  EXPECT_EQ(pool.pending(), 0U);
  EXPECT_TRUE(pool.submit(d));
}

class Interrupted final : public EquivalenceOracle {
  std::expected<bool, NoDecision> equivalent(const std::string&, const std::string&) override {
    return std::unexpected(NoDecision{NoDecision::Kind::interrupted, "a signal came"});
  }
};

// Item a asks the oracle; the others need none.
Score a_asks(const ScoreInputs& in) {
  Score score;
  if (in.item.id == "a" && in.oracle != nullptr) {
    score.reason = in.oracle->equivalent("", "") ? "" : reason::kInterrupted;
  } else {
    score.outcome = Outcome::scored;
  }
  return score;
}

TEST_F(GraderTest, WhatASignalInterruptedIsNotDone) {
  task_.score = a_asks;
  task_.asks_oracle = true;
  GraderPool pool(run_, 1, 2, passes, [] { return std::make_unique<Interrupted>(); });
  GradeJob a = job("a");
  GradeJob b = job("b");
  ASSERT_TRUE(pool.submit(a));
  ASSERT_TRUE(pool.submit(b));
  pool.wait_done(std::chrono::minutes(5));
  const std::vector<Graded> done = pool.take_done();
  ASSERT_EQ(done.size(), 1U);  // the only thread has come past a
  EXPECT_EQ(done[0].id.item, "b");
  EXPECT_EQ(pool.pending(), 0U);

  Interrupted oracle;
  EXPECT_EQ(grade_now(run_, job("a"), passes, &oracle).reason, reason::kInterrupted);
  task_.asks_oracle = false;  // then it is not given one
  EXPECT_EQ(grade_now(run_, job("a"), passes, &oracle).outcome, Outcome::scored);
}

TEST_F(GraderTest, WhatIsAbandonedIsNotGivenBack) {
  std::latch begun(1);
  const RunProgram hangs = [&](const Program& program,
                               const Deadline& until) -> Result<ProgramResult> {
    if (program.source != "a") return passes(program, until);
    begun.count_down();
    while (!until.over()) std::this_thread::sleep_for(until.left());
    return std::unexpected(interrupted_error());
  };
  GraderPool pool(run_, 1, 4, hangs, nullptr);
  GradeJob a = job("a");
  a.until = Deadline::in(std::chrono::milliseconds(100));
  GradeJob b = job("b");
  GradeJob c = job("c");
  ASSERT_TRUE(pool.submit(a));
  ASSERT_TRUE(pool.submit(b));
  begun.wait();
  pool.abandon();
  EXPECT_EQ(pool.pending(), 0U);
  ASSERT_TRUE(pool.submit(c));
  pool.wait_done(std::chrono::minutes(5));
  const std::vector<Graded> done = pool.take_done();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].id.item, "c");
  EXPECT_EQ(pool.pending(), 0U);
}

TEST(GradingPaceTest, TheQueueGoesFirst) {
  GradingPace pace;
  EXPECT_EQ(pace.worst_case_s(100, 1), 12);  // a guess bounds nobody else
  pace.learn(1);
  pace.learn(3);
  // The longest of its own, 3 s, after ten of 2 s in the mean, four at a time.
  EXPECT_EQ(pace.worst_case_s(10, 4), 3 + 5);
  for (int i = 0; i < 64; ++i) pace.learn(0.5);  // what is old is forgotten
  EXPECT_EQ(pace.worst_case_s(0, 4), 0.5);
}

TEST_F(GraderTest, WhatIsNotTheProgramsFaultIsUnscored) {
  const RunProgram none = [](const Program&, const Deadline&) -> Result<ProgramResult> {
    return environment_error("no sandbox", "", "");
  };
  const Score fault = grade_now(run_, job("a"), none, nullptr);
  EXPECT_EQ(fault.outcome, Outcome::unscored);
  EXPECT_EQ(fault.reason, reason::kSandboxFault);
  EXPECT_EQ(fault.detail, "no sandbox");

  const Score broken = grade_now(run_, job("throws"), passes, nullptr);
  EXPECT_EQ(broken.outcome, Outcome::unscored);
  EXPECT_EQ(broken.reason, "scorer failed");
  EXPECT_EQ(broken.detail, "broken scorer");

  GradeJob dead = job("a");
  dead.steps[0].response.finish_reason = FinishReason::error;
  dead.steps[0].response.error = "engine died";
  const Score died = grade_now(run_, dead, passes, nullptr);
  EXPECT_EQ(died.reason, reason::kEngineError);
  EXPECT_EQ(died.detail, "engine died");
}

}  // namespace
}  // namespace assay

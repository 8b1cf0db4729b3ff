#include "run/work_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "support/runner_fixture.h"

namespace assay {
namespace {

using WorkListTest = RunnerTest;

// Prompts of a hundred thousand items take gigabytes: only those of the items in flight are held.
TEST_F(WorkListTest, AUnitHoldsItsPromptOnlyWhileItIsAsked) {
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

// Of a hundred thousand units it takes half a minute.
TEST_F(WorkListTest, ASignalEndsTheReplay) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  WorkList work(run_, run_.variants[0], {}, 0, store);
  const std::atomic<bool> stop{true};
  const Status filled = work.fill(nullptr, Deadline().or_stop(&stop));
  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().kind, ErrorKind::interrupted);
}

// Graders may be far behind: what waits for them beyond 256 answers is in the store alone.
TEST_F(WorkListTest, AnswersFarBehindTheGradersAreReadFromTheStore) {
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
TEST_F(WorkListTest, AnAnswerWaitsForAllThatAreToBeGradedBeforeIt) {
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

// Time cut the first, so what counts of its task ends before it, graded or not.
TEST_F(WorkListTest, AnUngradedAnswerBehindAGapIsNotRun) {
  Store store = Store::open(folder_, Store::Mode::write).value();
  ScriptedEngine engine(script_);
  WorkList work(run_, run_.variants[0], {}, 0, store);
  ASSERT_TRUE(work.fill(nullptr));
  ASSERT_TRUE(work.set_prompts(engine.render(work.to_render().value()).value()));
  const auto unit_of = [&work](const std::string& item) {
    return static_cast<std::size_t>(std::ranges::find(work.units(), item, &Unit::item_id) -
                                    work.units().begin());
  };
  ASSERT_TRUE(work.ask(engine, unit_of("a0"), 1));
  ASSERT_TRUE(work.ask(engine, unit_of("a1"), 2));
  ASSERT_TRUE(work.on_answer(engine, {2, Response{}}, 0).value());
  work.drop_asked();
  ASSERT_EQ(work.end_at_first_ungraded().size(), 1U);
  const auto behind = work.end_at_first_gap();
  ASSERT_EQ(behind.size(), 1U);
  EXPECT_EQ(behind[0].item, "a1");
}

}  // namespace
}  // namespace assay

// What the tests of run/runner_*_test.cc share: tasks of each kind, and a plan of two variants and
// two tasks.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "support/scripted_run.h"
#include "task/task.h"

namespace assay {

// One question, right when the answer is "yes"; items with "steps": n ask n times.
inline const Task& test_task() {
  static const Task task = [] {
    Task t;
    t.name = "t";
    t.title = "T";
    t.steps_of = [](const Item& item) { return item.row.value("steps", 1); };
    t.next = [](const Item& item, const std::vector<StepResult>& so_far,
                const TaskContext& context) -> Result<NextRequest> {
      if (static_cast<int>(so_far.size()) >= item.row.value("steps", 1)) return std::nullopt;
      Request request;
      request.messages = {
          {"user", context.spec.name + "/" + item.id + "/" + std::to_string(so_far.size())}};
      for (const StepResult& step : so_far) {
        request.messages[0].content += "+" + step.response.text;
      }
      request.sampling.max_tokens = context.spec.max_gen_toks.value_or(10);
      return request;
    };
    t.score = [](const ScoreInputs& in) {
      Score score;
      if (in.steps.back().prompt_did_not_fit) {
        score.reason = reason::kPromptDoesNotFit;
        return score;
      }
      score.outcome = Outcome::scored;
      score.metrics["robust"] = in.steps.back().response.text == "yes" ? 1 : 0;
      return score;
    };
    return t;
  }();
  return task;
}

// Two continuations, and no token is generated.
inline const Task& likelihood_task() {
  static const Task task = [] {
    Task t = test_task();
    t.name = "likelihood";
    t.next = [](const Item& item, const std::vector<StepResult>& so_far,
                const TaskContext& context) -> Result<NextRequest> {
      if (!so_far.empty()) return std::nullopt;
      Request request;
      request.kind = RequestKind::loglikelihood;
      request.messages = {{"user", context.spec.name + "/" + item.id}};
      request.continuations = {" A", " B"};
      return request;
    };
    return t;
  }();
  return task;
}

// Right when the baseline as a judge says so.
inline const Task& free_task() {
  static const Task task = [] {
    Task t = test_task();
    t.name = "free";
    t.score = [](const ScoreInputs& in) {
      Score score;
      score.reason = reason::kNoJudge;
      if (in.judgement == nullptr) return score;
      score.outcome = Outcome::scored;
      score.reason.clear();
      score.metrics["robust"] = in.judgement->text == "right" ? 1 : 0;
      return score;
    };
    t.judge = [](const TaskContext&) -> Result<std::optional<JudgeSpec>> {
      JudgeSpec spec;
      spec.baseline = true;
      return spec;
    };
    t.judge_request = [](const Item& item, const std::vector<StepResult>& steps,
                         const TaskContext&) -> Result<NextRequest> {
      Request request;
      request.messages = {{"user", "judge " + item.id + " " + steps.back().response.text}};
      request.sampling.max_tokens = 5;
      return request;
    };
    return t;
  }();
  return task;
}

// Graded by a program that is the item's name.
inline const Task& program_task() {
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

// Right when the oracle says so.
inline const Task& oracle_task() {
  static const Task task = [] {
    Task t = test_task();
    t.name = "oracle";
    t.asks_oracle = true;
    t.score = [](const ScoreInputs& in) {
      Score score;
      const auto equal =
          in.oracle == nullptr
              ? std::unexpected(NoDecision{NoDecision::Kind::unavailable, "there is none"})
              : in.oracle->equivalent("yes", in.item.id);
      if (equal) {
        score.outcome = Outcome::scored;
        score.metrics["robust"] = *equal ? 1 : 0;
        return score;
      }
      score.reason = equal.error().kind == NoDecision::Kind::interrupted ? reason::kInterrupted
                                                                         : reason::kNoMathVerify;
      score.detail = equal.error().why;
      return score;
    };
    return t;
  }();
  return task;
}

// Six items of task a and three of b, asked of base and quant.
class RunnerTest : public ScriptedRunTest {
 protected:
  void SetUp() override {
    ScriptedRunTest::SetUp();
    add_variant("base");
    add_variant("quant");
    add_task("a", 6);
    add_task("b", 3);
  }

  void add_task(const std::string& name, int items) {
    ScriptedRunTest::add_task(name, items, test_task());
  }
  // The first item of the first task asks so many times.
  void set_steps(int steps) {
    Item item = run_.tasks[0].items[0];
    item.row["steps"] = steps;
    run_.tasks[0].items.set(0, item);
  }
  [[nodiscard]] int answered_of(const std::string& variant) const {
    return static_cast<int>(std::ranges::count_if(scores(), [&](const StoredScore& s) {
      return s.id.variant == variant && s.score.outcome == Outcome::scored;
    }));
  }
  [[nodiscard]] int unscored() const {
    return static_cast<int>(std::ranges::count_if(
        scores(), [](const StoredScore& s) { return s.score.outcome == Outcome::unscored; }));
  }
};

}  // namespace assay

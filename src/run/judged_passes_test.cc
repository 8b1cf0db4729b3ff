// Free answers that the baseline judges, in runs that go on beyond their limits and in repeats.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "plan/frozen.h"
#include "run/candidate_looks.h"
#include "store/looks_kept.h"
#include "support/runner_fixture.h"
#include "task/task.h"

namespace assay {
namespace {

bool is_question(const std::string& prompt) {
  return prompt.starts_with("judge ") || prompt.starts_with("Decide whether");
}

// One answer in ten flips by chance alone, half of them either way.
class JudgedPasses : public RunnerTest {
 protected:
  void SetUp() override {
    RunnerTest::SetUp();
    run_.tasks.clear();
    run_.plan.until = Until::decided;
    run_.plan.budget_s = 1e6;
    run_.plan.compare.weights = WeightRule::square_root;
    run_.plan.compare.margin_pp = 8;
    script_.token_s = 0.001;
    script_.max_in_flight = 4;
    script_.answer = [this](const std::string& prompt) {
      if (is_question(prompt)) return prompt.ends_with(" no") ? "wrong" : "right";
      return is_right(prompt) ? "yes" : "no";
    };
  }
  ResolvedTask& add_free(int items) {
    add_task("free", items);
    ResolvedTask& task = run_.tasks.back();
    task.task = &free_task();
    goes_on(task);
    return task;
  }
  // As often as it takes.
  void goes_on(ResolvedTask& task) {
    task.spec.limit = static_cast<int>(task.items.size());
    task.spec.goes_on = true;
    task.spec.repeats_auto = true;
    task.spec.sampling = {{"temperature", 0.6}};
    run_.plan.tasks.push_back(task.spec);
  }
  // Of the variant that is asked, this time; `prompt` holds the item's number.
  bool is_right(const std::string& prompt) {
    const int times = asked_[{variant_, prompt}]++;
    const int item = std::stoi(prompt.substr(prompt.find_first_of("0123456789")));
    return (item * 7 + times * 9 + (variant_ == "quant" ? 1 : 0)) % 20 < 16;
  }
  [[nodiscard]] std::vector<std::string> questions() const {
    std::vector<std::string> out;
    std::ranges::copy_if(script_.prompts, std::back_inserter(out), is_question);
    return out;
  }
  // By variant: the answers with this reason; an empty one: those scored.
  [[nodiscard]] int count(const std::string& variant, const std::string& why) const {
    return static_cast<int>(std::ranges::count_if(scores(), [&](const StoredScore& s) {
      return s.id.variant == variant && s.score.reason == why;
    }));
  }
  [[nodiscard]] int target() const { return static_cast<int>(freeze(run_).looks->schedule.target); }
  [[nodiscard]] CandidateLooks looks_of_quant() const {
    plan_ = LookPlan::of(freeze(run_));
    CandidateLooks looks(plan_, "quant",
                         kept_looks(stored(), "quant")
                             .value()
                             .value_or(KeptLooks{freeze(run_).looks->schedule, ""}));
    Store store = Store::open(folder_, Store::Mode::write).value();
    EXPECT_TRUE(looks.look(/*judge_to_come=*/false, store));
    return looks;
  }

  std::map<std::pair<std::string, std::string>, int> asked_;
  mutable LookPlan plan_;  // that looks_of_quant() goes by
};

// No look is taken before the judge has spoken, so both answer all that the target asks for. Then
// the look at half of it decides.
TEST_F(JudgedPasses, LooksWaitForTheJudgeOfEveryRepeat) {
  add_free(150);
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(started_, (std::vector<std::string>{"base", "quant", "base"}));
  EXPECT_GT(target(), 212);
  EXPECT_EQ(count("base", ""), target());
  EXPECT_EQ(count("quant", ""), target());
  EXPECT_EQ(count("base", reason::kNoJudge) + count("quant", reason::kNoJudge), 0);
  // Each answer of an item by its own words, and the same words once.
  const std::vector<std::string> questions = this->questions();
  EXPECT_EQ(std::set<std::string>(questions.begin(), questions.end()).size(), questions.size());
  EXPECT_GT(questions.size(), 150U);
  EXPECT_LE(questions.size(), 300U);
  const Store store = stored();
  for (const StoredScore& s : store.scores().value()) {
    const auto step = store.steps(s.id).value();
    const bool right = store.response(step.at(0).response_key).value()->text == "yes";
    EXPECT_EQ(s.score.metrics.at("robust"), right ? 1 : 0) << s.id.item << " " << s.id.repeat;
  }
  EXPECT_TRUE(looks_of_quant().decided());
  const std::size_t asked = script_.prompts.size();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size(), asked);
  EXPECT_EQ(started_.size(), 3U);
}

// A judge that cannot be had leaves the question open, spends no look, and is asked by the next
// run, which asks no variant again.
TEST_F(JudgedPasses, WithoutItsJudgeARunSpendsNoLook) {
  add_free(150);
  script_.deadly = is_question;
  ASSERT_TRUE(go());
  EXPECT_EQ(count("quant", reason::kNoJudge), target());
  EXPECT_FALSE(kept_looks(stored(), "quant").value());
  EXPECT_FALSE(looks_of_quant().decided());
  script_.deadly = [](const std::string&) { return false; };
  const std::size_t asked = script_.prompts.size() - questions().size();
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(script_.prompts.size() - questions().size(), asked);
  EXPECT_EQ(count("base", reason::kNoJudge) + count("quant", reason::kNoJudge), 0);
  EXPECT_TRUE(looks_of_quant().decided());
}

// HLE itself, which goes on in repeats beside a task that needs no judge.
TEST_F(JudgedPasses, HleIsJudgedInTheBaselinesEngine) {
  run_.plan.engine.args["max_model_len"] = 4000;
  add_task("plain", 30);
  ResolvedTask& plain = run_.tasks.back();
  plain.spec.limit = 20;
  plain.spec.goes_on = true;
  run_.plan.tasks.push_back(plain.spec);
  ResolvedTask& hle = ScriptedRunTest::add_task("hle", 0, *find_task("hle"));
  for (int i = 0; i < 10; ++i) {
    hle.items.push_back(
        {"hle" + std::to_string(i),
         "",
         "",
         {{"question", "What is item " + std::to_string(i) + "?"},
          {"answer", "A" + std::to_string(i)},
          {"answer_type", "exactMatch"},
          {"has_image", false},
          {"system", "Answer."},
          {"judge_template", "Decide whether {response} is {correct_answer}, asked {question}"}}});
  }
  hle.spec.options = {{"judge", "baseline"}};
  goes_on(hle);
  script_.answer = [this](const std::string& prompt) -> std::string {
    if (is_question(prompt)) {
      return prompt.find("Answer: none") != std::string::npos ? "Correct: no" : "Correct: yes";
    }
    if (prompt.starts_with("plain")) return is_right(prompt) ? "yes" : "no";
    const std::string number = prompt.substr(13, prompt.size() - 14);
    return is_right(prompt) ? "Answer: A" + number : "Answer: none";
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(started_, (std::vector<std::string>{"base", "quant", "base"}));
  std::map<std::string, int> answers;
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.reason, "") << s.id.task << " " << s.id.item << " " << s.id.repeat;
    answers[s.id.variant + " " + s.id.task] += 1;
    if (s.id.task == "hle") {
      EXPECT_TRUE(s.score.remarks.value("judged", false)) << s.id.item;
      EXPECT_EQ(s.score.metrics.at("robust"), s.score.extracted == "none" ? 0 : 1) << s.id.item;
    }
  }
  EXPECT_GE(answers.at("base plain"), 20);
  EXPECT_GT(answers.at("base hle"), 10);
  EXPECT_EQ(answers.at("base plain"), answers.at("quant plain"));
  EXPECT_EQ(answers.at("base hle"), answers.at("quant hle"));
}

// Each answer says other words, so the judge has as much to do as both variants had, and half a
// turn for it: it comes as far with the one as with the other, first answers first.
TEST_F(JudgedPasses, AJudgeThatTimeEndsHasJudgedBothAlike) {
  add_free(40);
  run_.plan.until = Until::budget;
  script_.token_s = 0.2;
  script_.answer = [this](const std::string& prompt) -> std::string {
    if (is_question(prompt)) return "right";
    return "yes " + variant_ + std::to_string(asked_[{variant_, prompt}]++);
  };
  ASSERT_TRUE(go({.budget_s = 400}));
  const int judged = count("base", "");
  EXPECT_GT(judged, 10);
  EXPECT_GT(count("quant", reason::kNoJudge), 10);
  EXPECT_LE(std::abs(judged - count("quant", "")), script_.max_in_flight);
  int last_pass = 0;
  for (const StoredScore& s : scores()) {
    if (s.score.reason.empty()) last_pass = std::max(last_pass, s.id.repeat);
  }
  for (const StoredScore& s : scores()) {
    if (s.id.repeat < last_pass) EXPECT_EQ(s.score.reason, "") << s.id.item << " " << s.id.repeat;
  }
}

// A number of repeats, within limits.
TEST_F(JudgedPasses, EachOfThreeRepeatsIsJudged) {
  run_.plan.until = Until::limits;
  add_task("free", 4);
  run_.tasks.back().task = &free_task();
  run_.tasks.back().spec.repeats = 3;
  script_.answer = [this](const std::string& prompt) -> std::string {
    if (is_question(prompt)) return prompt.ends_with("1") ? "right" : "wrong";
    return variant_ + std::to_string(asked_[{variant_, prompt}]++);
  };
  ASSERT_EQ(go().value(), RunEnd::complete);
  EXPECT_EQ(scores().size(), 24U);
  for (const StoredScore& s : scores()) {
    EXPECT_EQ(s.score.metrics.at("robust"), s.id.repeat == 1 ? 1 : 0)
        << s.id.variant << " " << s.id.item << " " << s.id.repeat;
  }
  EXPECT_EQ(questions().size(), 24U);
}

}  // namespace
}  // namespace assay

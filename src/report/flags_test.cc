// Flags that need no store: a report made by hand.
#include "report/flags.h"

#include <gtest/gtest.h>

#include <string>

#include "report/same_answers.h"
#include "stats/family.h"
#include "support/paired_scores.h"
#include "values/event_kinds.h"

namespace assay {
namespace {

// Two variants and one task; `right` of the baseline's n items.
RunReport report_of(int right, int n) {
  RunReport report;
  report.variants.resize(2);
  report.variants[0].name = "bf16";
  report.variants[0].baseline = true;
  report.variants[1].name = "fp8";
  TaskValues task;
  task.name = "math500";
  task.kind = "generate";
  task.metrics = {"robust"};
  task.cells.resize(2);
  for (Cell& cell : task.cells) {
    cell.run = cell.scored = n;
    cell.ci95 = wilson_interval(right, n, 0.95);
  }
  report.tasks.push_back(task);
  return report;
}

const Flag* flag_named(const RunReport& report, const std::string& name) {
  for (const Flag& flag : report.flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

TEST(Flags, ASecondDrawIsAWarningUnlessItsLevelsCameFromTheReserve) {
  RunReport report = report_of(300, 500);
  report.events = {{1, kAnswersForgotten, "fp8", "it started over: 12 scored answers were dropped"},
                   {2, kAnswersForgotten, "fp8", ""},
                   {3, "engine died", "bf16", ""}};
  raise_flags(report, nlohmann::json::object());
  const Flag* flag = flag_named(report, "started over");
  ASSERT_NE(flag, nullptr);
  EXPECT_EQ(flag->variant, "fp8");
  EXPECT_EQ(flag->count, 2);
  EXPECT_EQ(severity_of(*flag), Severity::warning);
  RunReport decided = report_of(300, 500);
  decided.events = report.events;
  decided.until = Until::decided;
  raise_flags(decided, nlohmann::json::object());
  EXPECT_EQ(flag_named(decided, "started over"), nullptr);
}

// 64 items; the candidate's answers are the baseline's, but for the last one.
RunReport answered_by_both(const std::string& answer, const std::string& last) {
  RunReport report = report_of(60, 64);
  report.variants[0].model = "org/m";
  report.variants[1].model = "org/m-FP8";
  for (int i = 0; i < 64; ++i) {
    ItemValues item{"math500", std::to_string(i)};
    item.outputs.resize(2);
    for (auto& output : item.outputs) output.emplace();
    item.outputs[0]->text = report.texts->put(answer);
    item.outputs[1]->text = report.texts->put(i == 63 ? last : answer);
    report.items.push_back(std::move(item));
  }
  return report;
}

TEST(Flags, LongAnswersThatAreAllTheBaselines) {
  const std::string text(200, 'a');
  RunReport report = answered_by_both(text, text);
  flag_same_answers(report);
  ASSERT_EQ(report.flags.size(), 1U);
  EXPECT_EQ(report.flags[0].name, "same answers");
  EXPECT_EQ(report.flags[0].variant, "fp8");
  EXPECT_EQ(report.flags[0].count, 64);
  EXPECT_EQ(severity_of(report.flags[0]), Severity::warning);
  const auto is_silent = [](RunReport other) {
    flag_same_answers(other);
    return other.flags.empty();
  };
  EXPECT_TRUE(is_silent(answered_by_both(text, text + "b")));
  EXPECT_TRUE(is_silent(answered_by_both(text, std::string(199, 'a') + "b")));
  EXPECT_TRUE(is_silent(answered_by_both("A", "A")));
  RunReport one_less = answered_by_both(text, text);
  one_less.items.pop_back();
  EXPECT_TRUE(is_silent(std::move(one_less)));
  RunReport same_model = answered_by_both(text, text);  // served otherwise
  same_model.variants[1].model = "org/m";
  EXPECT_TRUE(is_silent(std::move(same_model)));
  RunReport choices = answered_by_both(text, text);
  choices.tasks[0].kind = "loglikelihood";
  EXPECT_TRUE(is_silent(std::move(choices)));
}

// 300 of 500 are 55.6 % to 64.2 % (Wilson): 5 points off 75 % and more, not off 68 %.
TEST(Flags, ABaselineOffItsPublishedScore) {
  for (const auto& [score, off] : {std::pair(0.75, true), {0.68, false}, {0.5, true}}) {
    RunReport report = report_of(300, 500);
    report.tasks[0].expect = ExpectedScore{score, 5, "model card"};
    raise_flags(report, nlohmann::json::object());
    const Flag* flag = flag_named(report, "off its published score");
    EXPECT_EQ(flag != nullptr, off) << score;
    if (flag == nullptr) continue;
    EXPECT_EQ(flag->variant, "bf16");
    EXPECT_FALSE(flag->forces_invalid());
    EXPECT_NE(flag->text.find("model card"), std::string::npos);
  }
  // Ten items say too little to raise an alarm.
  RunReport few = report_of(6, 10);
  few.tasks[0].expect = ExpectedScore{0.75, 5, ""};
  raise_flags(few, nlohmann::json::object());
  EXPECT_EQ(flag_named(few, "off its published score"), nullptr);
}

// A run without a fixed size is looked at once, when it has ended, and never again.
TEST(Flags, ARunUntilItsBudgetEndsIsLookedAtOnce) {
  const auto flag_of = [](const std::string& end, bool extended, Until until = Until::budget) {
    RunReport report = report_of(300, 500);
    report.until = until;
    report.end = end;
    report.extended = extended;
    raise_flags(report, nlohmann::json::object());
    const Flag* flag = invalidating_flag(report, "fp8", "math500");
    return flag == nullptr ? "" : flag->name;
  };
  EXPECT_EQ(flag_of("out_of_time", false), "");
  EXPECT_EQ(flag_of("complete", false), "");
  EXPECT_EQ(flag_of("interrupted", false), "not ended");
  EXPECT_EQ(flag_of("", false), "not ended") << "killed, or running";
  EXPECT_EQ(flag_of("out_of_time", true), "extended after results");
  EXPECT_EQ(flag_of("complete", true), "extended after results");
  EXPECT_EQ(flag_of("", true), "not ended");
  EXPECT_EQ(flag_of("interrupted", false, Until::limits), "");
}

TEST(Flags, APromptThatTheServerCut) {
  RunReport report = report_of(300, 500);
  report.tasks[0].cells[1].prompt_cut = 1;
  raise_flags(report, nlohmann::json::object());
  const Flag* one = flag_named(report, "prompt cut by the server");
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->count, 1);
  EXPECT_FALSE(one->forces_invalid());
  report = report_of(300, 500);
  report.tasks[0].cells[1].prompt_cut = 50;  // a tenth of one side's prompts, none of the other's
  raise_flags(report, nlohmann::json::object());
  EXPECT_EQ(flag_named(report, "prompt cut by the server")->invalidates,
            std::vector<std::string>{"fp8"});
  report.flags.clear();
  report.tasks[0].cells[0].prompt_cut = 50;  // both sides alike
  raise_flags(report, nlohmann::json::object());
  for (const Flag& flag : report.flags) EXPECT_FALSE(flag.forces_invalid()) << flag.variant;
}

TEST(Flags, LogLikelihoodsThatNoModelGives) {
  RunReport report = report_of(300, 500);
  raise_flags(report, nlohmann::json::object());
  EXPECT_EQ(flag_named(report, "odd log-likelihoods"), nullptr);
  report.tasks[0].kind = "loglikelihood";
  report.tasks[0].cells[1].odd_likelihoods = 2;
  raise_flags(report, nlohmann::json::object());
  const Flag* flag = flag_named(report, "odd log-likelihoods");
  ASSERT_NE(flag, nullptr);
  EXPECT_EQ(flag->count, 2);
  EXPECT_EQ(flag->variant, "fp8");
  EXPECT_FALSE(flag->forces_invalid());
}

TEST(Flags, ASettingThatTheTemplateDoesNotKnow) {
  RunReport report = report_of(300, 500);
  nlohmann::json opened = {{"bf16", {{"template_hash", "a"}, {"tokenizer_hash", "b"}}}};
  opened["fp8"] = opened["bf16"];
  opened["fp8"]["ignored_args"] = {"enable_thinking"};
  raise_flags(report, opened);
  const Flag* flag = flag_named(report, "setting without effect");
  ASSERT_NE(flag, nullptr);
  EXPECT_EQ(flag->variant, "fp8");
  EXPECT_NE(flag->text.find("enable_thinking"), std::string::npos);
  EXPECT_EQ(flag_named(report, "template or tokenizer differs"), nullptr);
}

TEST(Flags, NoSensitivityAndGains) {
  RunReport report = report_of(1, 150);
  std::vector<CandidateComparison> tests(1);
  tests[0].tasks = {{"math500", 1, binary_pairs(1, 0, 0, 149)}};
  compare_family(tests, {});
  report.tasks[0].cells[1].paired = tests[0].rows[0];
  flag_comparisons(report);
  const Flag* low = flag_named(report, "no sensitivity");
  ASSERT_NE(low, nullptr);
  EXPECT_EQ(low->variant, "bf16");
  EXPECT_EQ(low->text,
            "it scores 0.7 %, 0.1 % at least; from 3.0 % on a loss of 3 points could show");

  RunReport gained = report_of(58, 150);
  tests[0] = {{{"math500", 1, binary_pairs(58, 0, 92, 0)}}, {}, {}};
  compare_family(tests, {});
  gained.tasks[0].cells[1].paired = tests[0].rows[0];
  flag_comparisons(gained);
  const Flag* gain = flag_named(gained, "gain beyond belief");
  ASSERT_NE(gain, nullptr);
  EXPECT_EQ(gain->variant, "fp8");
  EXPECT_EQ(gain->count, 92);
  EXPECT_FALSE(gain->forces_invalid());
}

TEST(Flags, UnscoredApart) {
  EXPECT_TRUE(unscored_apart({0, 100}, {10, 100}));
  EXPECT_FALSE(unscored_apart({0, 100}, {9, 100}));  // 9 points
  EXPECT_FALSE(unscored_apart({0, 20}, {4, 20}));    // 4 answers
  EXPECT_FALSE(unscored_apart({200, 400}, {200, 400}));
}

}  // namespace
}  // namespace assay

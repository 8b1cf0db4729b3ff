#include "report/action.h"

#include <gtest/gtest.h>

#include "report/flags.h"
#include "report/words.h"

namespace assay {
namespace {

// A baseline and a candidate that answered 100 items each in 200 s of work, loads of 30 s; the
// pooled comparison of `counts`, margin 3 points.
RunReport report_of(const PairedCounts& counts) {
  RunReport report;
  report.end = "complete";
  report.margin_pp = 3;
  for (const char* name : {"bf16", "fp8"}) {
    VariantValues v;
    v.name = name;
    v.baseline = report.variants.empty();
    v.load_s = 30;
    v.work_s = 200;
    report.variants.push_back(v);
  }
  TaskValues task;
  task.name = "math";
  task.title = "MATH";
  task.status = "ok";
  task.cells.resize(2);
  for (Cell& cell : task.cells) cell.run = cell.scored = 100;
  report.tasks.push_back(task);
  report.pooled.resize(2);
  report.pooled[1].overall = compare_counts(counts, {.margin_pp = 3, .alpha = 0.05});
  return report;
}

RunReport non_inferior() {
  return report_of({1000, 0, 0, 0});
}

Flag flag(const char* name, const char* variant = "fp8") {
  return {name, variant, ""};
}

TEST(ActionTest, ServeOnlyWhereNothingSpeaksAgainstIt) {
  const Action action = action_of(non_inferior(), 1);
  EXPECT_EQ(action.kind, ActionKind::serve);
  EXPECT_EQ(action.sentence.en, "a loss of 3 points or more is ruled out; serve it");
  EXPECT_EQ(action.sentence.zh, "可以排除 3 个百分点及以上的损失，可以上线");
}

TEST(ActionTest, NotesDoNotSpeakAgainstIt) {
  for (const char* name : {"ended by looks", "several loads", "answers taken over", "noise"}) {
    RunReport report = non_inferior();
    report.flags.push_back(flag(name));
    EXPECT_EQ(action_of(report, 1).kind, ActionKind::serve) << name;
  }
}

TEST(ActionTest, AFlagOfEitherSideIsLookedAtFirst) {
  RunReport report = non_inferior();
  report.flags.push_back(flag("kernel not as named"));
  EXPECT_EQ(action_of(report, 1).sentence.en,
            "a loss of 3 points or more is ruled out, but there is a flag: kernel not as named; "
            "look at that first");
  report = non_inferior();
  report.flags = {flag("truncated", "bf16"), flag("looping", "bf16")};
  const Action action = action_of(report, 1);
  EXPECT_EQ(action.kind, ActionKind::look_first);
  EXPECT_EQ(action.sentence.zh,
            "可以排除 3 个百分点及以上的损失，但基线有标记：截断（另有 1 项），请先查看");
  report = non_inferior();
  report.flags = {flag("truncated", "int4")};  // another candidate's
  EXPECT_EQ(action_of(report, 1).kind, ActionKind::serve);
}

TEST(ActionTest, ATaskThatIsWorseOrMissingSpeaksAgainstIt) {
  RunReport report = non_inferior();
  report.tasks[0].cells[1].paired = PairedComparison{.n = 100};
  report.tasks[0].cells[1].paired->verdict = Verdict::worse;
  EXPECT_EQ(action_of(report, 1).sentence.en,
            "a loss of 3 points or more is ruled out, but it is WORSE on MATH; look at that first");
  report.tasks[0].cells[1].paired = PairedComparison{};
  EXPECT_EQ(action_of(report, 1).sentence.en,
            "a loss of 3 points or more is ruled out, but MATH has no pairs; look at that first");
}

TEST(ActionTest, NeitherAnInvalidNorAnExploratoryNorAnUnfinishedRunIsServed) {
  RunReport report = non_inferior();
  mark_invalid(report.pooled[1].overall, "truncated: math");
  EXPECT_EQ(action_of(report, 1).kind, ActionKind::repeat);
  EXPECT_EQ(action_of(report, 1).sentence.en,
            "no verdict, the measurement is broken (truncated: math); mend it and run again");
  EXPECT_EQ(action_of(report, 1).sentence.zh, "没有结论，测量有问题（截断：math）；修正后重新运行");
  report.flags.push_back(flag(kExtendedFlag));
  EXPECT_EQ(action_of(report, 1).sentence.en,
            "exploratory: the sample grew after results; run it anew with a fixed size");

  for (const char* end : {"", "interrupted"}) {
    report = non_inferior();
    report.end = end;
    EXPECT_EQ(action_of(report, 1).kind, ActionKind::wait) << end;
    EXPECT_EQ(action_of(report, 1).sentence.en,
              "the run has not ended; so far a loss of 3 points or more is ruled out; the same "
              "command goes on");
  }
  report = non_inferior();
  report.declared = Declaration{.margin_pp = 1};
  EXPECT_EQ(action_of(report, 1).kind, ActionKind::look_first);
  report = non_inferior();
  report.end = "out_of_time";  // the items both sides answered are a fair sample
  EXPECT_EQ(action_of(report, 1).kind, ActionKind::serve);
}

TEST(ActionTest, TheSameModelIsNothingToDecide) {
  RunReport report = non_inferior();
  report.twins = {"fp8"};
  EXPECT_EQ(action_of(report, 1).kind, ActionKind::nothing);
}

// 10 of 100 items flip: 717 are needed at 3 points (stats/power_test.cc), so 617 more, said as 620;
// each side loads for 30 s and answers an item in 2 s: 2 * (30 + 620 * 2) s = 42.3 min.
TEST(ActionTest, UndecidedSaysHowManyMoreItemsAndHowLong) {
  const RunReport report = report_of({90, 5, 5, 0});
  ASSERT_EQ(report.pooled[1].overall.items_needed, 717);
  const Action action = action_of(report, 1);
  EXPECT_EQ(action.kind, ActionKind::more_items);
  EXPECT_EQ(action.more_items, 620);
  EXPECT_DOUBLE_EQ(action.more_s.value_or(0), 2540);
  EXPECT_EQ(action.sentence.en, "undecided: 620 more items, about 43 min");
  EXPECT_EQ(action.sentence.zh, "尚无定论：还需 620 题，约 43 分钟");
}

// The baseline has 300 items beyond the pairs, so it answers 320 of the 620: 30 + 320 * 0.5 s, as
// it took 200 s for 400; the candidate 30 + 620 * 2 s.
TEST(ActionTest, WhatTheBaselineHasNeedNotBeAnswered) {
  RunReport report = report_of({90, 5, 5, 0});
  report.tasks[0].cells[0].run = report.tasks[0].cells[0].scored = 400;
  EXPECT_DOUBLE_EQ(action_of(report, 1).more_s.value_or(0), 30 + 160 + 30 + 1240);
  report.tasks[0].cells[0].run = report.tasks[0].cells[0].scored = 1000;  // more than enough
  EXPECT_DOUBLE_EQ(action_of(report, 1).more_s.value_or(0), 30 + 1240);
}

TEST(ActionTest, WithoutAPaceNoTimeIsPromised) {
  RunReport report = report_of({90, 5, 5, 0});
  report.variants[1].reused = 3;  // the loads say nothing of answers taken over
  EXPECT_EQ(action_of(report, 1).sentence.en, "undecided: 620 more items");
}

TEST(ActionTest, ThousandsAreGroupedAndLongWaitsSaidInHours) {
  RunReport report = report_of({900, 50, 50, 0});
  report.pooled[1].overall.items_needed = 2287;
  report.pooled[1].overall.verdict = Verdict::inconclusive;
  report.tasks[0].cells[0].run = report.tasks[0].cells[0].scored = 1000;
  report.tasks[0].cells[1].run = report.tasks[0].cells[1].scored = 1000;
  report.variants[0].work_s = report.variants[1].work_s = 2000;
  // 2 * (30 + 1300 * 2) s = 87.7 min
  EXPECT_EQ(action_of(report, 1).sentence.en, "undecided: 1,300 more items, about 88 min");
  report.variants[1].work_s = 4000;  // 2630 + 5230 s = 131 min
  EXPECT_EQ(action_of(report, 1).sentence.en, "undecided: 1,300 more items, about 2.5 h");
}

TEST(ActionTest, UndecidedSaysHowDifferentlyItAnswers) {
  RunReport report = report_of({90, 5, 5, 0});
  report.variants[1].work_s = 0;
  report.fidelity = {std::nullopt, FidelityValues{10, 500, {}, {0.74, 0.7, 0.78}, {}, {}}};
  EXPECT_EQ(action_of(report, 1).sentence.en,
            "undecided: 620 more items; it answers differently at one token in four");
  EXPECT_EQ(action_of(report, 1).sentence.zh, "尚无定论：还需 620 题；每 4 个 token 约有一个不同");
  report.fidelity[1]->top1_agreement.value = 0.983;  // 1 in 58.8
  EXPECT_EQ(differing_tokens(report, 1).en, "it answers differently at one token in 59");
  report.fidelity[1]->top1_agreement.value = 1;
  EXPECT_EQ(differing_tokens(report, 1).en, "it answers the same at all 500 positions read back");
  report.fidelity[1]->tokens = 5000;
  report.fidelity[1]->top1_agreement.value = 0.9997;
  EXPECT_EQ(differing_tokens(report, 1).en, "it answers the same at 999 tokens of 1,000 or more");
  report.fidelity[1]->top1_agreement.value = 0.2;
  EXPECT_EQ(differing_tokens(report, 1).en, "it answers differently at most tokens");
}

TEST(ActionTest, ALossIsSaidAsALoss) {
  RunReport report = report_of({60, 40, 0, 0});
  EXPECT_EQ(report.pooled[1].overall.verdict, Verdict::worse);
  EXPECT_TRUE(action_of(report, 1).sentence.en.starts_with("it loses 40.0 points ("));
  EXPECT_TRUE(action_of(report, 1).sentence.en.ends_with("); keep the baseline"));
  report.flags.push_back(flag("noise"));
  EXPECT_TRUE(action_of(report, 1).sentence.en.ends_with(
      "), though the baseline flips as often against itself; keep the baseline"));
  report.pooled[1].overall.verdict = Verdict::worse_within_margin;
  EXPECT_EQ(action_of(report, 1).sentence.en,
            "it loses accuracy, for sure less than 3 points; serve it only where that is "
            "acceptable");
  report.pooled[1].overall = PairedComparison{};
  report.pooled[1].overall.reason = "no pairs";
  EXPECT_EQ(action_of(report, 1).sentence.en, "nothing to compare: no pairs");
  EXPECT_EQ(action_of(report, 1).sentence.zh, "没有可比较的题：没有配对题");
}

TEST(FlagSeverityTest, BrokenFirstThenWarningsThenNotes) {
  RunReport report = non_inferior();
  report.flags = {flag("noise"), flag("truncated", "bf16"), flag("empty"), flag("x", "int4")};
  report.flags[2].invalidates = {"fp8"};
  std::vector<std::string> names;
  for (const Flag* one : flags_about(report, 1)) names.push_back(one->name);
  EXPECT_EQ(names, (std::vector<std::string>{"empty", "truncated", "noise"}));
}

TEST(WordsTest, ReasonsAreTranslatedWithWhatFollowsThem) {
  EXPECT_EQ(reason_words("N/A (HF gated)").zh, "N/A（HF 上需申请权限）");
  EXPECT_EQ(reason_words("N/A (HF gated)").en, "N/A (HF gated)");
  EXPECT_EQ(reason_words("truncated: math, code").zh, "截断：math, code");
  EXPECT_EQ(reason_words("something else").zh, "something else");
  EXPECT_EQ(flag_words("truncated").zh, "截断");
  EXPECT_EQ(flag_words("of a later release").zh, "of a later release");
}

}  // namespace
}  // namespace assay

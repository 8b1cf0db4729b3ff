// The table of docs/exit_codes.md, row by row.
#include "compare/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stats/family.h"
#include "support/paired_scores.h"

namespace assay {
namespace {

// A report of one candidate, its tests done as compare_folders does them.
ComparisonReport report_of(std::vector<PoolTask> tasks, GatePolicy policy = {}) {
  ComparisonReport report;
  report.policy = std::move(policy);
  std::vector<CandidateComparison> tests(1);
  for (const PoolTask& task : tasks) {
    TaskComparison comparison;
    comparison.task = task.name;
    comparison.paired = !task.unpaired;
    report.candidates.resize(1);
    report.candidates[0].candidate = "fp8";
    report.candidates[0].tasks.push_back(comparison);
  }
  tests[0].tasks = std::move(tasks);
  report.family = compare_family(tests, {});
  for (std::size_t t = 0; t < tests[0].rows.size(); ++t) {
    report.candidates[0].tasks[t].comparison = tests[0].rows[t];
  }
  report.candidates[0].pooled = tests[0].pooled;
  return report;
}

GateOutcome gate(std::vector<PoolTask> tasks, GatePolicy policy = {}) {
  return gate_result(report_of(std::move(tasks), std::move(policy))).outcome;
}

const PoolTask kHolds{"gsm8k", 1, binary_pairs(1000, 0, 0, 319)};
const PoolTask kLoses{"mmlu", 1, binary_pairs(200, 60, 0, 40)};
const PoolTask kSmall{"aime24", 0.01, binary_pairs(15, 1, 1, 13)};
const PoolTask kFloor{"hle", 1, binary_pairs(1, 0, 0, 149)};
const PoolTask kGain{"openbookqa", 0.01, binary_pairs(58, 0, 92, 0)};

PoolTask unpaired(double candidate) {
  PoolTask task{"mmlu", 1};
  task.unpaired = UnpairedScores{{9830, 14042}, {candidate, 14042}};
  return task;
}

TEST(Gate, PassesWhereThePrimaryHolds) {
  EXPECT_EQ(gate({kHolds}), GateOutcome::passed);
  // A task's INCONCLUSIVE alone changes nothing.
  EXPECT_EQ(gate({kHolds, kSmall}), GateOutcome::passed);
}

TEST(Gate, WorseIsWorsePairedOrNot) {
  EXPECT_EQ(gate({kLoses}), GateOutcome::worse);
  const GateResult result = gate_result(report_of({kHolds, unpaired(8426)}));
  EXPECT_EQ(result.outcome, GateOutcome::worse);
  EXPECT_EQ(result.reasons, (std::vector<Text>{{"fp8: mmlu is WORSE", "fp8：mmlu：WORSE"}}));
}

// 25 of 1,319 lost for sure, and for sure less than 3 points.
TEST(Gate, WorseWithinTheMarginPasses) {
  const PoolTask within{"gsm8k", 1, binary_pairs(1000, 18, 1, 300)};
  ASSERT_EQ(report_of({within}).candidates[0].pooled.overall.verdict, Verdict::worse_within_margin);
  EXPECT_EQ(gate({within}), GateOutcome::passed);
}

TEST(Gate, ATaskMayBeTakenOut) {
  PoolTask small_loss{"code", 0.01, binary_pairs(20, 20, 0, 60)};
  EXPECT_EQ(gate({kHolds, small_loss}), GateOutcome::worse);
  GatePolicy policy;
  policy.tasks["code"].gate = false;
  EXPECT_EQ(gate({kHolds, small_loss}, policy), GateOutcome::passed);
}

TEST(Gate, NotShownIsNoPass) {
  EXPECT_EQ(gate({{"aime24", 1, binary_pairs(20, 0, 0, 10)}}), GateOutcome::not_shown);
  EXPECT_EQ(gate({{"a", 1, binary_pairs(300, 0, 0, 19), "truncated"}, kHolds}),
            GateOutcome::not_shown);
  EXPECT_EQ(gate({{"a", 1, {}}}), GateOutcome::not_shown);
}

TEST(Gate, WithoutSamplesEveryTaskMustHold) {
  EXPECT_EQ(gate({unpaired(9830)}), GateOutcome::passed);
  PoolTask few = unpaired(0);
  few.name = "arc";
  few.unpaired = UnpairedScores{{60, 100}, {60, 100}};
  EXPECT_EQ(gate({unpaired(9830), few}), GateOutcome::not_shown);
}

TEST(Gate, MissingTasksUnlessAllowed) {
  ComparisonReport report = report_of({kHolds});
  report.candidates[0].only_base = {"aime24"};
  EXPECT_EQ(gate_result(report).outcome, GateOutcome::not_shown);
  EXPECT_EQ(english_of(gate_result(report).reasons),
            std::vector<std::string>{"fp8: only one side has aime24"});
  report.policy.allowed = {Allowance::missing_task};
  EXPECT_EQ(gate_result(report).outcome, GateOutcome::passed);
}

TEST(Gate, UnscoredOnOneSideUnlessAllowed) {
  ComparisonReport report = report_of({kHolds});
  report.candidates[0].tasks[0].unscored_candidate_alone = 2;
  EXPECT_EQ(gate_result(report).outcome, GateOutcome::not_shown);
  report.policy.allowed = {Allowance::unscored};
  EXPECT_EQ(gate_result(report).outcome, GateOutcome::passed);
}

TEST(Gate, DoubtsUnlessAllowed) {
  ComparisonReport report = report_of({kHolds});
  report.candidates[0].tasks[0].doubts = {{Allowance::other_mean, Text("by item 40 %", "")}};
  EXPECT_EQ(gate_result(report).outcome, GateOutcome::not_shown);
  EXPECT_THAT(gate_result(report).reasons.at(0).en, testing::EndsWith(": by item 40 %"));
  report.policy.allowed = {Allowance::missing_items, Allowance::same_answers};
  EXPECT_EQ(gate_result(report).outcome, GateOutcome::not_shown);
  report.policy.allowed = {Allowance::other_mean};
  EXPECT_EQ(gate_result(report).outcome, GateOutcome::passed);
}

TEST(Gate, GainsUnlessAllowed) {
  EXPECT_EQ(gate({kHolds, kGain}), GateOutcome::not_shown);
  GatePolicy policy;
  policy.allowed = {Allowance::gain};
  EXPECT_EQ(gate({kHolds, kGain}, policy), GateOutcome::passed);
}

TEST(Gate, NoSensitivityUnlessAllowed) {
  EXPECT_EQ(gate({kFloor}), GateOutcome::not_shown);
  GatePolicy policy;
  policy.allowed = {Allowance::no_sensitivity};
  EXPECT_EQ(gate({kFloor}, policy), GateOutcome::passed);
  EXPECT_EQ(gate({{"hle", 1, binary_pairs(1, 0, 0, 29)}}, policy), GateOutcome::not_shown);
}

TEST(Gate, WorseStandsBeforeNotShown) {
  ComparisonReport report = report_of({kHolds, unpaired(8426)});
  report.candidates.push_back(report_of({kFloor}).candidates[0]);
  report.candidates[1].candidate = "int4";
  const GateResult result = gate_result(report);
  EXPECT_EQ(result.outcome, GateOutcome::worse);
  ASSERT_EQ(result.reasons.size(), 2U);
  EXPECT_EQ(result.reasons[1], Text("int4: the pooled difference is INCONCLUSIVE (no sensitivity)",
                                    "int4：合并差值：INCONCLUSIVE（灵敏度不足）"));
}

}  // namespace
}  // namespace assay

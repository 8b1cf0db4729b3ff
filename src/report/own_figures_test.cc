#include "report/own_figures.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

Score with_steps(Substeps steps) {
  Score score;
  score.substeps = steps;
  return score;
}

Score with_confidence(std::optional<double> stated) {
  Score score;
  score.confidence = Confidence{stated};
  return score;
}

Score of_month(const std::string& month) {
  Score score;
  score.month = month;
  return score;
}

TEST(OwnFigures, SubstepsAreCountedOverAllProblems) {
  OwnParts solved;
  add_own_parts(with_steps({2, 2}), 1, solved);
  OwnParts half;
  add_own_parts(with_steps({1, 8}), 0, half);
  Cell cell;
  add_own_figures({{&solved, 1, 1}, {&half, 0, 1}}, cell);
  // 3 of 10 steps; the mean of the problems' shares would be 56 %.
  EXPECT_EQ(cell.substeps->passed, 3);
  EXPECT_EQ(cell.substeps->total, 10);
  EXPECT_DOUBLE_EQ(cell.substeps->rate(), 0.3);
  EXPECT_FALSE(cell.calibration);
  EXPECT_TRUE(cell.months.empty());
}

TEST(OwnFigures, AnAnswerWithoutConfidenceCountsAsSure) {
  OwnParts said;
  add_own_parts(with_confidence(0.6), 1, said);
  OwnParts silent;
  add_own_parts(with_confidence(std::nullopt), 0, silent);
  Cell cell;
  add_own_figures({{&said, 1, 1}, {&silent, 0, 1}}, cell);
  // One bin: mean confidence 0.8, half of them right.
  EXPECT_NEAR(cell.calibration->error, 0.3, 1e-12);
  EXPECT_FALSE(cell.calibration->official);
  EXPECT_EQ(cell.calibration->answers, 2);
  EXPECT_EQ(cell.calibration->unstated, 1);
}

TEST(OwnFigures, Months) {
  OwnParts january;
  add_own_parts(of_month("2024-01"), 1, january);
  OwnParts march;
  add_own_parts(of_month("2024-03"), 0, march);
  Cell cell;
  add_own_figures({{&january, 1, 1}, {&january, 0.5, 2}, {&march, 0, 1}}, cell);
  EXPECT_EQ(cell.months.at("2024-01").first, 2);
  EXPECT_DOUBLE_EQ(cell.months.at("2024-01").second, 0.75);
  EXPECT_DOUBLE_EQ(cell.months.at("2024-03").second, 0);
}

// By hand: 1 - C(3, 2)/C(4, 2) = 1/2 and 1 - C(2, 2)/C(4, 2) = 5/6; the third item has too few.
TEST(OwnFigures, PassAtK) {
  const OwnParts none;
  Cell cell;
  add_own_figures({{&none, 0.25, 4}, {&none, 0.5, 4}, {&none, 1, 1}}, cell);
  ASSERT_EQ(cell.pass_at.size(), 2U);
  EXPECT_DOUBLE_EQ(cell.pass_at.at(2), (0.5 + 5.0 / 6) / 2);
  EXPECT_DOUBLE_EQ(cell.pass_at.at(4), 1);
}

}  // namespace
}  // namespace assay

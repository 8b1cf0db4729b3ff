#include "report/arms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "report/write.h"

namespace assay {
namespace {

using testing::ElementsAre;

constexpr int kItems = 100;

// Of a variant the first `right` items are right.
ItemScores scores_of_one(int right) {
  ItemScores out;
  for (int i = 0; i < kItems; ++i) {
    ItemScore& item = out[std::to_string(1000 + i)];
    item.repeats = 1;
    item.sums.add("robust", i < right ? 1 : 0);
  }
  return out;
}

struct Arm {
  std::string name;
  int right;
  double tokens_per_s;
  Verdict verdict;
};

struct Ranked {
  RunReport report;
  AllScores scores;
};

Ranked ranked(const std::vector<Arm>& arms) {
  Ranked out;
  TaskValues task;
  task.name = "t";
  task.status = "ok";
  task.metrics = {"robust"};
  for (const Arm& arm : arms) {
    VariantValues variant;
    variant.name = arm.name;
    variant.baseline = out.report.variants.empty();
    variant.tokens_per_s = arm.tokens_per_s;
    out.report.variants.push_back(variant);
    out.report.pooled.emplace_back().overall.verdict = arm.verdict;
    out.scores[{arm.name, "t"}] = scores_of_one(arm.right);
    task.cells.emplace_back();
    task.shared_means.push_back(0);
  }
  out.report.tasks.push_back(task);
  rank_arms(out.scores, out.report);
  return out;
}

const std::vector<Arm> kFive = {{"bf16", 80, 100, Verdict::not_available},
                                {"slow", 79, 50, Verdict::non_inferior},
                                {"fast", 78, 300, Verdict::non_inferior},
                                {"quick", 40, 900, Verdict::worse},
                                {"odd", 99, 999, Verdict::invalid}};

TEST(Arms, AreOrderedAsOneWouldServeThem) {
  const Ranked all = ranked(kFive);
  ASSERT_TRUE(all.report.arms);
  EXPECT_THAT(serving_order(all.report), ElementsAre(2, 0, 1, 3, 4));
  const Table table = arm_section(all.report);
  std::vector<std::string> rows;
  for (const auto& row : table.rows) {
    rows.push_back(row[0].text(Language::en) + ": " + row[2].text(Language::en) + ", " +
                   row[3].text(Language::en));
  }
  EXPECT_THAT(rows, ElementsAre("fast: 78.0, not told apart", "bf16: 80.0, best",
                                "slow: 79.0, not told apart", "quick: 40.0, -40.0 (p 1.5e-09)"));
  const auto json = json_report(all.report).at("arms");
  EXPECT_EQ(json.at("best"), "bf16");
  EXPECT_EQ(json.at("pairs"), 6);
  EXPECT_EQ(json.at("order").at(0), "fast");
  EXPECT_EQ(json.at("variants").at("slow").at("not_told_from_best"), true);
  EXPECT_FALSE(json.at("variants").contains("odd"));
}

TEST(Arms, OfFewVariantsAreNotRanked) {
  EXPECT_FALSE(ranked({kFive[0], kFive[1], kFive[2]}).report.arms);
  EXPECT_FALSE(ranked({kFive[0], kFive[1], kFive[2], kFive[4]}).report.arms);  // one is unsound
}

TEST(Arms, ThatLooksDecidedAreNotRanked) {
  Ranked all = ranked(kFive);
  all.report.arms.reset();
  all.report.until = Until::decided;
  rank_arms(all.scores, all.report);
  EXPECT_FALSE(all.report.arms);
}

}  // namespace
}  // namespace assay

#include "doctor/finding.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace assay {
namespace {

const Findings kFindings{ok("GPUs", "2 x H"), not_checked("torch", "no answer within 90 s", "wait"),
                         missing("disk /", "1 GiB free", "for results", "free some")};

TEST(Findings, AsText) {
  EXPECT_EQ(findings_text(kFindings, false),
            "ok          GPUs                   2 x H\n"
            "not checked torch                  no answer within 90 s\n"
            "            do:  wait\n"
            "MISSING     disk /                 1 GiB free\n"
            "            why: for results\n"
            "            do:  free some\n");
}

TEST(Findings, InChineseTheColumnsStand) {
  const Findings findings{
      ok("GPUs", Text("not needed", "不需要")),
      missing({"disk /", "磁盘 /"}, {"1 GiB free", "空闲 1 GiB"}, {}, {"free some", "腾出空间"})};
  EXPECT_EQ(findings_text(findings, false, 0, Language::zh),
            "正常        GPUs                   不需要\n"
            "缺失        磁盘 /                 空闲 1 GiB\n"
            "            处理：腾出空间\n");
}

TEST(Findings, ColoursEndWithTheirWord) {
  EXPECT_EQ(findings_text({kFindings[2]}, true).substr(0, 26), "\033[31mMISSING     \033[0mdisk ");
}

TEST(Findings, JsonHoldsTheSameAndTheCounts) {
  const auto json = nlohmann::json::parse(findings_json("p", kFindings));
  EXPECT_EQ(json.at("schema_version"), 1);
  EXPECT_EQ(json.at("plan"), "p");
  EXPECT_EQ(json.at("ready"), false);
  EXPECT_EQ(json.at("missing"), 1);
  EXPECT_EQ(json.at("not_checked"), 1);
  ASSERT_EQ(json.at("findings").size(), 3U);
  EXPECT_EQ(json["findings"][1], nlohmann::json({{"level", "not_checked"},
                                                 {"name", "torch"},
                                                 {"detail", "no answer within 90 s"},
                                                 {"why", ""},
                                                 {"fix", "wait"}}));
}

// What was not looked at is no reason to fail, and no reason to call anything ok.
TEST(Findings, OnlyWhatIsMissingCounts) {
  EXPECT_FALSE(anything_missing({kFindings[0], kFindings[1]}));
  EXPECT_TRUE(anything_missing(kFindings));
}

}  // namespace
}  // namespace assay

#include "report/summary.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

// Items needed and what else is wanted, in both languages.
TEST(VerdictText, SaysWhyItemsWouldNotDo) {
  const PairedComparison nothing = compare_counts({0, 0, 0, 150}, {});
  EXPECT_EQ(verdict_text(nothing, Language::en), "INCONCLUSIVE (no sensitivity)");
  const std::string chinese = verdict_text(nothing, Language::zh);
  EXPECT_NE(chinese.find("尚无定论（灵敏度不足：基线得分太低，显示不出这样的损失）"),
            std::string::npos)
      << chinese;
  PairedComparison pooled = compare_counts({30, 0, 0, 0}, {});
  EXPECT_EQ(verdict_text(pooled, Language::en), "INCONCLUSIVE (99 items needed)");
  pooled.reason = "must hold without t, where the baseline scores nothing";
  EXPECT_EQ(verdict_text(pooled, Language::en),
            "INCONCLUSIVE (99 items needed; must hold without t, where the baseline scores "
            "nothing)");
}

// A variant with the baseline's weights: its questions are the baseline's, so the stored answers
// serve for it and nothing was measured; one that was loaded did answer, and what differs is noise.
TEST(Summary, SameWeightsAreNoNoiseUnlessTheyWereLoaded) {
  RunReport report;
  report.variants = {{.name = "bf16", .baseline = true, .loads = 1}, {.name = "copy"}};
  report.pooled.resize(2);
  report.looks.resize(2);
  report.twins = {"copy"};
  EXPECT_NE(summarize_in_words(report, Language::en)
                .find("copy has the same weights as bf16: the baseline's answers are used, and no "
                      "noise is measured."),
            std::string::npos);
  report.variants[1].loads = 1;
  EXPECT_NE(summarize_in_words(report, Language::en).find("(A/A): what differs is noise"),
            std::string::npos);
}

}  // namespace
}  // namespace assay

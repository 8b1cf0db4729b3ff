#include "report/summary.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

// Items needed and what else is wanted, in both languages.
TEST(VerdictText, SaysWhyItemsWouldNotDo) {
  const PairedComparison nothing = compare_counts({0, 0, 0, 150}, {});
  EXPECT_EQ(verdict_text(nothing, Language::en), "INCONCLUSIVE (no sensitivity)");
  const std::string chinese = verdict_text(nothing, Language::zh);
  EXPECT_NE(chinese.find("尚无定论(没有灵敏度:基线得分太低,显示不出这样的损失)"), std::string::npos)
      << chinese;
  PairedComparison pooled = compare_counts({30, 0, 0, 0}, {});
  EXPECT_EQ(verdict_text(pooled, Language::en), "INCONCLUSIVE (99 items needed)");
  pooled.reason = "must hold without t, where the baseline scores nothing";
  EXPECT_EQ(verdict_text(pooled, Language::en),
            "INCONCLUSIVE (99 items needed; must hold without t, where the baseline scores "
            "nothing)");
}

}  // namespace
}  // namespace assay

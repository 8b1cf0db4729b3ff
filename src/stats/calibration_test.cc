#include "stats/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace assay {
namespace {

// By hand: two bins of two; |0.15 - 0.5| and |0.85 - 1|.
TEST(Calibration, TwoBinsByHand) {
  const std::vector<double> said{0.9, 0.1, 0.8, 0.2};
  const std::vector<double> was{1, 0, 1, 1};
  const auto error = calibration_error(said, was, 2);
  ASSERT_TRUE(error);
  EXPECT_NEAR(error->all_bins, std::sqrt((0.35 * 0.35 + 0.15 * 0.15) / 2), 1e-12);
  EXPECT_NEAR(error->official.value(), std::sqrt(0.35 * 0.35 / 2), 1e-12);
}

// One bin when there are fewer answers than a bin holds: |0.5 - 0.75|. The official loop has none.
TEST(Calibration, FewerThanABin) {
  const auto error =
      calibration_error(std::vector<double>{0.9, 0.1, 0.8, 0.2}, std::vector<double>{1, 0, 1, 1});
  ASSERT_TRUE(error);
  EXPECT_NEAR(error->all_bins, 0.25, 1e-12);
  EXPECT_FALSE(error->official);
  EXPECT_FALSE(calibration_error({}, {}));
}

// Expected values by numpy 2: calib_err of hle_eval/run_judge_results.py with beta = 10, as it is
// and over all of its bins (10, 10 and 17 answers).
TEST(Calibration, AsTheOfficialScript) {
  std::vector<double> said;
  std::vector<double> was;
  for (int i = 0; i < 37; ++i) {
    said.push_back(i * 17 % 37 / 37.0);
    was.push_back(i % 3 == 0 ? 1 : 0);
  }
  const auto error = calibration_error(said, was, 10);
  ASSERT_TRUE(error);
  EXPECT_NEAR(error->official.value(), 0.14478340109958887, 1e-12);
  EXPECT_NEAR(error->all_bins, 0.34540210443310787, 1e-12);
}

}  // namespace
}  // namespace assay

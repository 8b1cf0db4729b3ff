#include "report/fidelity.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

namespace assay {
namespace {

TokenLogprobs position(double p_one, double p_two) {
  TokenLogprobs out{1, std::log(p_one), p_one >= p_two ? 1 : 2, {1, 2}, {}};
  if (p_one < p_two) out.top_tokens = {2, 1};
  out.top_logprobs = {std::log(std::max(p_one, p_two)), std::log(std::min(p_one, p_two))};
  return out;
}

class FidelityReportTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("assay_fidelity_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    store_ = std::make_unique<Store>(Store::open(folder_, Store::Mode::write).value());
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  void put(const std::string& variant, const std::string& item,
           std::vector<TokenLogprobs> positions, Purpose purpose = Purpose::read_back) {
    Response response;
    response.positions = std::move(positions);
    const std::string key = variant + item + to_string(purpose);
    ASSERT_TRUE(store_->put_response(key, response, 0));
    ASSERT_TRUE(store_->put_step({{variant, "t", item, 0, purpose}, 0, key, "r"}));
  }

  std::filesystem::path folder_;
  std::unique_ptr<Store> store_;
  std::vector<VariantValues> variants_ = [] {
    std::vector<VariantValues> out(3);
    out[0].name = "base";
    out[0].baseline = true;
    out[1].name = "same";
    out[2].name = "other";
    return out;
  }();
};

TEST_F(FidelityReportTest, ComparesWhatBothReadBack) {
  for (const char* item : {"1", "2"}) {
    put("base", item, {position(0.5, 0.25), position(0.5, 0.25)});
    put("same", item, {position(0.5, 0.25), position(0.5, 0.25)});
  }
  put("other", "1", {position(0.25, 0.5), position(0.5, 0.25)});
  put("other", "2", {position(0.5, 0.25), position(0.25, 0.5)});
  put("other", "3", {position(0.1, 0.9)});  // the baseline did not read it
  const auto got = measure_fidelity(*store_, variants_).value();
  ASSERT_EQ(got.size(), 3U);
  const FidelityValues same = got[1].value_or(FidelityValues{});
  const FidelityValues other = got[2].value_or(FidelityValues{});
  EXPECT_FALSE(got[0]);
  EXPECT_EQ(same.kl.value, 0);
  EXPECT_EQ(same.top1_agreement.value, 1);
  EXPECT_EQ(same.first_divergence, 2);
  EXPECT_EQ(other.items, 2);
  EXPECT_EQ(other.tokens, 4);
  // Half of the positions: 0.5 ln 2 + 0.25 ln 0.5 = 0.25 ln 2; the rest is 0.25 on both sides.
  EXPECT_NEAR(other.kl.value, 0.125 * std::log(2.0), 1e-12);
  EXPECT_EQ(other.top1_agreement.value, 0.5);
  EXPECT_NEAR(other.loglik_difference.value, -0.5 * std::log(2.0), 1e-12);
  EXPECT_EQ(other.first_divergence, 0.5);  // 0 and 1 tokens
  // Of two outputs of two tokens the first one's first and the second one's second changed.
  ASSERT_EQ(other.by_task.size(), 1U);
  EXPECT_EQ(other.by_task[0].task, "t");
  EXPECT_EQ(other.by_task[0].tokens, 4);
  EXPECT_EQ(other.by_task[0].top1_agreement, 0.5);
  ASSERT_EQ(other.by_position.size(), 2U);  // token 1, tokens 2 to 4
  EXPECT_EQ(other.by_position[1].from, 2);
  EXPECT_EQ(other.by_position[1].to, 4);
  EXPECT_EQ(other.by_position[1].tokens, 2);
  EXPECT_EQ(other.by_position[1].top1_agreement, 0.5);
  EXPECT_NEAR(other.by_position[0].kl, 0.125 * std::log(2.0), 1e-12);
  EXPECT_EQ(other.kl_quantiles.at(0.5), 0);  // the second of 0, 0, a, a
  EXPECT_NEAR(other.kl_quantiles.at(0.75), 0.25 * std::log(2.0), 1e-12);
}

// The floor: half of the positions change by 0.25 ln 2 between two readings of the baseline.
TEST_F(FidelityReportTest, TheBaselineHasAFloor) {
  put("base", "1", {position(0.5, 0.25), position(0.5, 0.25)});
  EXPECT_FALSE(measure_fidelity_floor(*store_, "base").value());
  put("base", "1", {position(0.25, 0.5), position(0.5, 0.25)}, Purpose::second_read_back);
  const auto floor = measure_fidelity_floor(*store_, "base").value();
  ASSERT_TRUE(floor);
  EXPECT_NEAR(floor->kl.value, 0.125 * std::log(2.0), 1e-12);
  EXPECT_EQ(floor->top1_agreement.value, 0.5);
}

TEST_F(FidelityReportTest, NothingReadNothingSaid) {
  put("other", "1", {position(0.5, 0.25)});
  const auto got = measure_fidelity(*store_, variants_).value();
  EXPECT_EQ(std::count(got.begin(), got.end(), std::nullopt), 3);
}

}  // namespace
}  // namespace assay

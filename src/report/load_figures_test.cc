#include "report/load_figures.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"

namespace assay {
namespace {

class LoadFiguresTest : public testing::Test {
 protected:
  LoadFiguresTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                ("assay_load_" +
                 std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
                 std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    store_.emplace(Store::open(folder_, Store::Mode::write).value());
  }
  ~LoadFiguresTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void answer(const std::string& key, int tokens, double queued_s, double first_s, double decode_s,
              int in_flight, const std::string& task = "math") {
    Response response;
    response.token_ids.assign(static_cast<std::size_t>(tokens), 7);
    response.queued_s = queued_s;
    response.first_token_s = first_s;
    response.decode_s = decode_s;
    response.in_flight = in_flight;
    ASSERT_TRUE(store_->put_response(key, response, 1));
    ASSERT_TRUE(store_->put_step({{"bf16", task, key, 0, 0}, key, key}));
  }

  void load(const std::vector<InFlightRow>& bands) {
    ASSERT_TRUE(store_->add_load("bf16", 0, {.by_in_flight = bands}).has_value());
  }

  LoadValues measured() {
    std::vector<VariantValues> variants(1);
    variants[0].name = "bf16";
    EXPECT_TRUE(measure_load(*store_, variants));
    return variants[0].load;
  }

  std::filesystem::path folder_;
  std::optional<Store> store_;
};

TEST_F(LoadFiguresTest, MediansAndRatesByBand) {
  answer("a", 11, 0.5, 0.5, 1.0, 1);  // first token after 1.0 s, then one each 0.1 s
  answer("b", 11, 0.0, 2.0, 2.0, 3);  // 2.0 s, 0.2 s
  answer("c", 21, 0.0, 3.0, 6.0, 4);  // 3.0 s, 0.3 s
  answer("d", 1, 0.0, 4.0, 0.0, 4);   // 4.0 s; one token has no time between
  answer("e", 0, 0.0, 9.0, 0.0, 4);   // a log-likelihood
  answer("f", 5, 9.0, 9.0, 9.0, 4, kReadBackTask);
  load({{1, 1, 2.0, 11.0}});
  load({{2, 4, 8.0, 32.0}, {1, 1, 1.0, 1.0}});
  const LoadValues load = measured();
  EXPECT_EQ(load.all.answers, 4);
  EXPECT_DOUBLE_EQ(load.all.first_token_s.median, 2.0);  // nearest rank: the second of four
  EXPECT_DOUBLE_EQ(load.all.first_token_s.p95, 4.0);
  EXPECT_EQ(load.all.inter_token_s.n, 3);
  EXPECT_DOUBLE_EQ(load.all.inter_token_s.median, 0.2);
  EXPECT_DOUBLE_EQ(load.all.tokens_per_s(), 4.0);  // 44 tokens in 11 s
  ASSERT_EQ(load.by_in_flight.size(), 2U);
  EXPECT_EQ(load.by_in_flight[0].to, 1);
  EXPECT_DOUBLE_EQ(load.by_in_flight[0].tokens_per_s(), 4.0);  // two loads: 12 in 3 s
  EXPECT_EQ(load.by_in_flight[1].answers, 3);
  EXPECT_DOUBLE_EQ(load.by_in_flight[1].first_token_s.median, 3.0);
  EXPECT_DOUBLE_EQ(load.by_in_flight[1].tokens_per_s(), 4.0);
}

TEST_F(LoadFiguresTest, OneRowABandInEveryFormat) {
  answer("a", 3, 0.01, 0.04, 0.03, 300);
  load({{257, 0, 2.0, 25.0}});
  RunReport report;
  report.variants.resize(2);  // the second has no figures
  report.variants[0].name = "bf16";
  report.variants[0].load = measured();
  EXPECT_NE(
      load_markdown(report).find("| bf16 | all | 1 | 50.0 / 50.0 | 15.0 / 15.0 | 12.5 |\n"
                                 "| bf16 | 257 or more | 1 | 50.0 / 50.0 | 15.0 / 15.0 | 12.5 |\n"),
      std::string::npos)
      << load_markdown(report);
  EXPECT_NE(load_section(report).find("257 or more"), std::string::npos);
  const Json json = load_json(report.variants[0].load);
  EXPECT_EQ(json.at("by_in_flight").at(0).at("from"), 257);
  EXPECT_TRUE(json.at("by_in_flight").at(0).at("to").is_null());
  EXPECT_EQ(json.at("tokens_per_s"), 12.5);
}

TEST_F(LoadFiguresTest, NothingTimedGivesNoFigures) {
  answer("e", 0, 0.0, 9.0, 0.0, 4);
  answer("g", 5, 0.0, 0.0, 0.0, 0);  // an older store, or an endpoint that gives no times
  EXPECT_EQ(measured().all.answers, 0);
  EXPECT_TRUE(load_json(measured()).is_null());
  EXPECT_EQ(load_markdown(RunReport{}), "");
}

}  // namespace
}  // namespace assay

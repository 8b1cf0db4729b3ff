#include "report/traffic.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/json.h"
#include "report/outputs.h"
#include "report/printers.h"
#include "report/sections.h"

namespace assay {
namespace {

class TrafficTest : public testing::Test {
 protected:
  TrafficTest()
      : folder_(std::filesystem::path(testing::TempDir()) /
                ("assay_load_" +
                 std::string(testing::UnitTest::GetInstance()->current_test_info()->name()) +
                 std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    store_.emplace(Store::open(folder_, Store::Mode::write).value());
  }
  ~TrafficTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void answer(const std::string& key, int tokens, double queued_s, double first_s, double decode_s,
              int in_flight, Purpose purpose = Purpose::answer) {
    Response response;
    response.token_ids.assign(static_cast<std::size_t>(tokens), 7);
    response.queued_s = queued_s;
    response.first_token_s = first_s;
    response.decode_s = decode_s;
    response.in_flight = in_flight;
    ASSERT_TRUE(store_->put_response(key, response, 1));
    ASSERT_TRUE(store_->put_step({{"bf16", "math", key, 0, purpose}, 0, key, key}));
  }

  void load(const std::vector<InFlightRow>& bands) {
    ASSERT_TRUE(store_->add_load("bf16", 0, {.by_in_flight = bands}).has_value());
  }

  TrafficValues measured() {
    EXPECT_TRUE(store_->flush());
    RunReport report;
    report.variants.resize(1);
    report.variants[0].name = "bf16";
    EXPECT_TRUE(read_outputs(*store_, {}, {}, report));
    return report.variants[0].traffic;
  }

  std::filesystem::path folder_;
  std::optional<Store> store_;
};

TEST_F(TrafficTest, MediansAndRatesByBand) {
  answer("a", 11, 0.5, 0.5, 1.0, 1);  // first token after 1.0 s, then one each 0.1 s
  answer("b", 11, 0.0, 2.0, 2.0, 3);  // 2.0 s, 0.2 s
  answer("c", 21, 0.0, 3.0, 6.0, 4);  // 3.0 s, 0.3 s
  answer("d", 1, 0.0, 4.0, 0.0, 4);   // 4.0 s; one token has no time between
  answer("e", 0, 0.0, 9.0, 0.0, 4);   // a log-likelihood
  answer("f", 5, 9.0, 9.0, 9.0, 4, Purpose::read_back);
  answer("g", 5, 9.0, 9.0, 9.0, 4, Purpose::judgement);
  answer("h", 5, 9.0, 9.0, 9.0, 4, Purpose::second_pass);
  load({{1, 1, 2.0, 11.0}});
  load({{2, 4, 8.0, 32.0}, {1, 1, 1.0, 1.0}});
  const TrafficValues traffic = measured();
  EXPECT_EQ(traffic.all.answers, 4);
  EXPECT_DOUBLE_EQ(traffic.all.first_token_s.median, 2.0);  // nearest rank: the second of four
  EXPECT_DOUBLE_EQ(traffic.all.first_token_s.p95, 4.0);
  EXPECT_EQ(traffic.all.inter_token_s.n, 3);
  EXPECT_DOUBLE_EQ(traffic.all.inter_token_s.median, 0.2);
  EXPECT_DOUBLE_EQ(traffic.all.tokens_per_s(), 4.0);  // 44 tokens in 11 s
  ASSERT_EQ(traffic.by_in_flight.size(), 2U);
  EXPECT_EQ(traffic.by_in_flight[0].to, 1);
  EXPECT_DOUBLE_EQ(traffic.by_in_flight[0].tokens_per_s(), 4.0);  // two loads: 12 in 3 s
  EXPECT_EQ(traffic.by_in_flight[1].answers, 3);
  EXPECT_DOUBLE_EQ(traffic.by_in_flight[1].first_token_s.median, 3.0);
  EXPECT_DOUBLE_EQ(traffic.by_in_flight[1].tokens_per_s(), 4.0);
}

TEST_F(TrafficTest, OneRowABandInEveryFormat) {
  answer("a", 3, 0.01, 0.04, 0.03, 300);
  load({{257, 0, 2.0, 25.0}});
  RunReport report;
  report.variants.resize(2);  // the second has no figures
  report.variants[0].name = "bf16";
  report.variants[0].traffic = measured();
  const Table table = traffic_section(report);
  const std::string markdown = markdown_table(table);
  EXPECT_NE(markdown.find("| bf16 | all | 1 | 50.0 / 50.0 | 15.0 / 15.0 | 12.5 |\n"
                          "| bf16 | 257 or more | 1 | 50.0 / 50.0 | 15.0 / 15.0 | 12.5 |\n"),
            std::string::npos)
      << markdown;
  EXPECT_NE(html_section(table).find("257 or more"), std::string::npos);
  const Json json = traffic_json(report.variants[0].traffic);
  EXPECT_EQ(json.at("by_in_flight").at(0).at("from"), 257);
  EXPECT_TRUE(json.at("by_in_flight").at(0).at("to").is_null());
  EXPECT_EQ(json.at("tokens_per_s"), 12.5);
}

TEST_F(TrafficTest, NothingTimedGivesNoFigures) {
  answer("e", 0, 0.0, 9.0, 0.0, 4);
  answer("g", 5, 0.0, 0.0, 0.0, 0);  // an older store, or an endpoint that gives no times
  EXPECT_EQ(measured().all.answers, 0);
  EXPECT_TRUE(traffic_json(measured()).is_null());
  EXPECT_TRUE(traffic_section(RunReport{}).empty());
}

}  // namespace
}  // namespace assay

#include "run/traffic_meter.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

Response answer(int tokens, double first_token_s, double decode_s, double queued_s = 0) {
  Response out;
  out.token_ids.assign(static_cast<std::size_t>(tokens), 7);
  out.queued_s = queued_s;
  out.first_token_s = first_token_s;
  out.decode_s = decode_s;
  return out;
}

TEST(TrafficMeter, TokensGoToTheBandsTheyCameIn) {
  TrafficMeter meter;
  meter.set_in_flight(0, 1);
  meter.set_in_flight(10, 3);
  // 40 tokens over the 8 s before 12: 6 s of them alone, 2 s with two others.
  EXPECT_EQ(meter.count(answer(40, 0, 8), 12), 2);  // (6 * 1 + 2 * 3) / 8 = 1.5, rounded
  meter.set_in_flight(12, 2);
  meter.set_in_flight(20, 0);
  const std::vector<InFlightRow> expected = {{1, 1, 10.0, 30.0}, {2, 4, 10.0, 10.0}};
  EXPECT_EQ(meter.rows(100), expected);  // nothing in flight since 20
}

// Many answers of one engine step are handled one after the other: the last of them was not alone.
TEST(TrafficMeter, AnswersThatEndTogetherRanTogether) {
  TrafficMeter meter;
  meter.set_in_flight(0, 20);
  for (int left = 20; left > 0; --left) {
    EXPECT_EQ(meter.count(answer(5, 1, 4, 0.5), 10), 20);
    meter.set_in_flight(10, left - 1);
  }
  const std::vector<InFlightRow> expected = {{17, 64, 10.0, 100.0}};
  EXPECT_EQ(meter.rows(10), expected);
}

TEST(TrafficMeter, LogLikelihoodsTakeTimeAndGiveNoTokens) {
  TrafficMeter meter;
  meter.set_in_flight(0, 300);
  EXPECT_EQ(meter.count(answer(0, 2, 0), 2), 300);
  const std::vector<InFlightRow> expected = {{257, 0, 2.0, 0.0}};
  EXPECT_EQ(meter.rows(2), expected);
}

}  // namespace
}  // namespace assay

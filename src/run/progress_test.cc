#include "run/progress.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Progress, LineShowsPaceAndTimeLeft) {
  ProgressState state{"bf16", 10, 30, 8, 200, 20, -1};
  EXPECT_EQ(progress_line(state), "bf16  10/30 items  8 in flight  200 tok/s  about 20.0s left");
  state.items_done = 30;
  state.left_s = -1;
  state.share_left_s = 65;
  EXPECT_EQ(progress_line(state),
            "bf16  30/30 items  8 in flight  200 tok/s  (its time ends in 1m 05s)");
  state = {"bf16", 30, 30, 0};
  state.being_graded = 46;
  EXPECT_EQ(progress_line(state), "bf16  30/30 items  0 in flight  46 being graded");
}

TEST(Progress, PlainLinesComeSeldomAndWithoutControlCodes) {
  FakeClock clock;
  std::FILE* file = std::tmpfile();
  Progress progress(file, Progress::Style::plain, clock);
  progress.say("start");
  for (int i = 0; i < 20; ++i) {
    progress.update({"v", i, 20, 1});
    clock.advance(Seconds(1));
  }
  ASSERT_EQ(std::fseek(file, 0, SEEK_SET), 0);
  char buffer[1000] = {};
  const std::size_t n = std::fread(buffer, 1, sizeof buffer - 1, file);
  std::fclose(file);
  EXPECT_EQ(std::string(buffer, n),
            "start\nv  0/20 items  1 in flight\nv  15/20 items  1 in flight\n");
}

TEST(RecentRate, IsOfTheLastTwentySeconds) {
  RecentRate rate;
  EXPECT_EQ(rate.per_s(), 0);
  rate.add(100, 0);
  rate.add(100.5, 400);
  EXPECT_EQ(rate.per_s(), 0);  // too short a time
  rate.add(102, 2000);
  EXPECT_EQ(rate.per_s(), 1000);
  for (int second = 3; second <= 60; ++second) rate.add(100 + second, 2000 + 500 * (second - 2));
  EXPECT_EQ(rate.per_s(), 500);
  rate.add(161, 10);  // another engine
  EXPECT_EQ(rate.per_s(), 0);
}

// 2,000 answers of at most 512 tokens at 9,000 tokens a second take 113.8 s at most. After 10 s the
// first three have ended, short ones, and 1,000 are on their way with 90,000 tokens: these say no
// more than that the others may be long.
TEST(TimeLeft, IsNotMisledByTheFirstAnswersThatEnd) {
  const WorkLeft early{.answers_left = 1997,
                       .most_tokens_left = 1997 * 512,
                       .answers = 3,
                       .tokens = 150,
                       .unfinished = 90000};
  EXPECT_NEAR(time_left_s(early, 9000), (1997 * 512 - 90000) / 9000.0, 1e-9);
  // Half way, with answers of 200 tokens: all tokens over the answers that have ended.
  const WorkLeft half{.answers_left = 1000,
                      .most_tokens_left = 1000 * 512,
                      .answers = 1000,
                      .tokens = 180000,
                      .unfinished = 20000};
  EXPECT_NEAR(time_left_s(half, 9000), 1000 * 200 / 9000.0, 1e-9);
  EXPECT_EQ(time_left_s(half, 0), -1);
}

}  // namespace
}  // namespace assay

#include "run/progress.h"

#include <gtest/gtest.h>

#include "base/terminal.h"

namespace assay {
namespace {

ProgressState answering() {
  return {.variant = "bf16",
          .items_done = 10,
          .items_total = 30,
          .in_flight = 8,
          .tokens_per_s = 200,
          .left_s = 20};
}

// The first of three variants of 30 items each; the others take as long, and 10 s to load.
RunOutlook first_of_three() {
  return {.turn = 1, .turns = 3, .load_s = 10, .later_items = 60, .later_loads_s = 20, .items = 60};
}

TEST(Progress, LineShowsPaceAndTimeLeft) {
  ProgressState state = answering();
  EXPECT_EQ(progress_line(state, {}, {20}, 0),
            "bf16  10/30 items  about 20s left  8 in flight  200 tok/s");
  state.items_done = 30;
  state.share_left_s = 65;
  EXPECT_EQ(progress_line(state, {}, {}, 0),
            "bf16  30/30 items  8 in flight  200 tok/s  its time ends in 1m 05s");
  state = {.variant = "bf16", .items_done = 30, .items_total = 30, .being_graded = 46};
  EXPECT_EQ(progress_line(state, {}, {}, 0), "bf16  30/30 items  0 in flight  46 being graded");
}

// 80 columns have room for all but the tokens, 60 for name, items, time and share.
TEST(Progress, LineLeavesOutWhatDoesNotFit) {
  ProgressState state = answering();
  state.being_graded = 3;
  state.share_left_s = 2400;
  const RunOutlook run = first_of_three();
  EXPECT_EQ(progress_line(state, run, {100}, 200),
            "bf16 (1 of 3)  10/30 items  run 11 %  about 1m 40s left  8 in flight  "
            "3 being graded  200 tok/s  its time ends in 40m 00s");
  EXPECT_EQ(progress_line(state, run, {100}, 79),
            "bf16 (1 of 3)  10/30 items  run 11 %  about 1m 40s left  3 being graded");
  EXPECT_EQ(progress_line(state, run, {100}, 59), "bf16 (1 of 3)  10/30 items  about 1m 40s left");
  EXPECT_EQ(progress_line(state, run, {100}, 30), "bf16 (1 of 3)  10/30 items");
  EXPECT_EQ(progress_line(state, run, {100}, 9), "bf16 (1 …");
  state.variant = "Qwen3-32B-with-a-very-long-name";
  EXPECT_EQ(progress_line(state, run, {100}, 70),
            "Qwen3-32B-with-a-very-l… (1 of 3)  10/30 items  about 1m 40s left");
}

TEST(Progress, LineSaysWhatALoadingEngineDoes) {
  ProgressState state = answering();
  state.doing = Doing::loads;
  state.doing_s = 34.4;
  state.engine_says = "Loading weights took 12.10 seconds";
  state.left_s = -1;
  const RunOutlook run = first_of_three();
  EXPECT_EQ(progress_line(state, run, {900, true}, 120),
            "bf16 (1 of 3)  loading 34s  run 11 %  at most 15m 00s left  "
            "Loading weights took 12.10 seconds");
  EXPECT_EQ(progress_line(state, run, {900, true}, 79),
            "bf16 (1 of 3)  loading 34s  run 11 %  at most 15m 00s left  Loading weights to…");
  EXPECT_EQ(progress_line(state, run, {900, true}, 59),
            "bf16 (1 of 3)  loading 34s  run 11 %  at most 15m 00s left");
}

TEST(Progress, LineSaysWhatIsFetched) {
  ProgressState state{.variant = "Qwen/Qwen3-8B",
                      .doing = Doing::fetches,
                      .doing_s = 34,
                      .fetched_bytes = 3UL << 29,
                      .to_fetch_bytes = 16UL << 30};
  EXPECT_EQ(progress_line(state, {}, {100}, 0),
            "Qwen/Qwen3-8B  fetching 34s  1.5 GiB of 16.0 GiB  about 1m 40s left");
  EXPECT_EQ(progress_line(state, {}, {100}, 59),
            "Qwen/Qwen3-8B  fetching 34s  1.5 GiB of 16.0 GiB");
  state.to_fetch_bytes = 0;
  EXPECT_EQ(progress_line(state, {}, {}, 0), "Qwen/Qwen3-8B  fetching 34s");
}

// Chinese characters take two columns each.
TEST(Progress, LineInChineseFitsAsWell) {
  ProgressState state = answering();
  state.being_graded = 3;
  state.share_left_s = 2400;
  const RunOutlook run = first_of_three();
  EXPECT_EQ(progress_line(state, run, {100}, 200, Language::zh),
            "bf16（1/3）  10/30 题  全部 11 %  约剩 1m 40s  8 条在答  3 条在评分  200 token/秒  "
            "本变体的时间还有 40m 00s");
  EXPECT_EQ(progress_line(state, run, {100}, 59, Language::zh),
            "bf16（1/3）  10/30 题  全部 11 %  约剩 1m 40s  3 条在评分");
  EXPECT_EQ(cells_of(progress_line(state, run, {100}, 59, Language::zh)), 57U);
  EXPECT_EQ(progress_line(state, run, {100}, 30, Language::zh), "bf16（1/3）  10/30 题");
}

TEST(RunLeft, CountsTheTurnsToCome) {
  // 20 open items in 20 s: 60 more take 60 s, and their loads 20.
  EXPECT_EQ(run_left(answering(), first_of_three(), 1, 0).s, 100);
  RunOutlook run = first_of_three();
  run.end_s = 50;
  EXPECT_EQ(run_left(answering(), run, 1, 10).s, 40);
}

TEST(RunLeft, OfARunThatGoesOnIsKnownBeforeItsFirstAnswer) {
  ProgressState state = answering();
  state.left_s = -1;
  state.doing = Doing::loads;
  state.doing_s = 4;
  RunOutlook run = first_of_three();
  EXPECT_EQ(run_left(state, run, 0, 0).s, -1);
  run.end_s = 900;
  EXPECT_EQ(run_left(state, run, 0, 0).s, 900);
  EXPECT_TRUE(run_left(state, run, 0, 0).at_most);
  run.item_s = 0.5;  // by the loads of the run that ended
  // 6 s of loading, 20 items, 60 items, 20 s of loads.
  EXPECT_EQ(run_left(state, run, 0, 0).s, 6 + 10 + 30 + 20);
  EXPECT_FALSE(run_left(state, run, 0, 0).at_most);
}

TEST(Progress, PlainLinesComeSeldomAndWithoutControlCodes) {
  FakeClock clock;
  std::FILE* file = std::tmpfile();
  Progress progress(file, Progress::Style::plain, clock);
  progress.say(Text("start", "开始"));
  for (int i = 0; i < 20; ++i) {
    progress.update({.variant = "v", .items_done = i, .items_total = 20, .in_flight = 1});
    clock.advance(Seconds(1));
  }
  for (int i = 0; i < 40; ++i) {  // nothing moves: nothing is said twice
    progress.update({.variant = "v", .items_done = 19, .items_total = 20, .in_flight = 1});
    clock.advance(Seconds(1));
  }
  ASSERT_EQ(std::fseek(file, 0, SEEK_SET), 0);
  char buffer[1000] = {};
  const std::size_t n = std::fread(buffer, 1, sizeof buffer - 1, file);
  std::fclose(file);
  EXPECT_EQ(std::string(buffer, n),
            "start\nv  0/20 items  1 in flight\nv  15/20 items  1 in flight\n"
            "v  19/20 items  1 in flight\n");
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

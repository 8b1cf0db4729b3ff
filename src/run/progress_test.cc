#include "run/progress.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(Progress, LineShowsPaceAndTimeLeft) {
  ProgressState state{"bf16", 10, 30, 8, 2000, 10, -1};
  EXPECT_EQ(progress_line(state), "bf16  10/30 items  8 in flight  200 tok/s  about 20.0s left");
  state.items_done = 30;
  state.budget_left_s = 65;
  EXPECT_EQ(progress_line(state), "bf16  30/30 items  8 in flight  200 tok/s  (budget 1m 05s)");
  state = {"bf16", 30, 30, 0, 0, 10, -1};
  state.being_graded = 46;
  EXPECT_EQ(progress_line(state), "bf16  30/30 items  0 in flight  46 being graded");
}

TEST(Progress, PlainLinesComeSeldomAndWithoutControlCodes) {
  FakeClock clock;
  std::FILE* file = std::tmpfile();
  Progress progress(file, Progress::Style::plain, clock);
  progress.say("start");
  for (int i = 0; i < 20; ++i) {
    progress.update({"v", i, 20, 1, 0, 1.0, -1});
    clock.advance(Seconds(1));
  }
  ASSERT_EQ(std::fseek(file, 0, SEEK_SET), 0);
  char buffer[1000] = {};
  const std::size_t n = std::fread(buffer, 1, sizeof buffer - 1, file);
  std::fclose(file);
  EXPECT_EQ(std::string(buffer, n),
            "start\nv  0/20 items  1 in flight\nv  15/20 items  1 in flight  about 0.3s left\n");
}

}  // namespace
}  // namespace assay

#include "run/turn_share.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace assay {
namespace {

// 1 s a token; an answer took 10 s.
Pace one_second_a_token() {
  Pace pace(SpeedGuess{.load_s = 10, .token_s = 0.1, .prompt_token_s = 0});
  Response response;
  response.token_ids.assign(11, 7);
  response.decode_s = 10;
  pace.learn(response, 1);
  return pace;
}

// Two tasks whose first items have 20 and 40 tokens: 23 and 46 s with the margin of 15 %.
std::vector<RequestCost> two_tasks() {
  RequestCost shorter;
  shorter.max_tokens = 20;
  RequestCost longer;
  longer.max_tokens = 40;
  return {longer, shorter};
}

constexpr double kReadyS = 1000;
constexpr double kWorkS = 300;

TEST(TurnShare, BeforeAnythingIsMeasuredSharesAreEqual) {
  const TurnShare share(kReadyS, kWorkS, {.variants_after = 2, .later = 2}, two_tasks());
  const Pace guess;
  EXPECT_TRUE(share.begun());
  EXPECT_DOUBLE_EQ(share.end_s(guess, 0), 1100);
  const AskUntil until = share.items_until(guess, 0, 0, {});
  EXPECT_DOUBLE_EQ(until.deadline_s, 1100);
  EXPECT_DOUBLE_EQ(until.begin_by_s, 1100);
}

// The last variant cannot use 46 - 10 s at its end, so the three share 264 s. An item's worst case
// may end in the others' time as long as each keeps 23 s for the shortest item.
TEST(TurnShare, AWorstCaseMayReachIntoTheOthersTime) {
  const TurnShare share(kReadyS, kWorkS, {.variants_after = 2, .later = 2}, two_tasks());
  const Pace pace = one_second_a_token();
  EXPECT_DOUBLE_EQ(share.end_s(pace, 0), 1000 + (300 - 36) / 3.0);
  EXPECT_DOUBLE_EQ(share.latest_s(pace, 0), 1300 - 2 * 23);
  const AskUntil until = share.items_until(pace, 0, 0, {});
  EXPECT_DOUBLE_EQ(until.deadline_s, 1300 - 2 * 23);
  EXPECT_DOUBLE_EQ(until.begin_by_s, 1088 - 10);
}

TEST(TurnShare, AJudgesTimeIsKeptWhole) {
  const TurnShare share(kReadyS, kWorkS, {.variants_after = 1, .later = 1, .judge = 1},
                        two_tasks());
  const Pace pace = one_second_a_token();
  EXPECT_DOUBLE_EQ(share.end_s(pace, 0), 1088);
  EXPECT_DOUBLE_EQ(share.latest_s(pace, 0), 1300 - 88 - 23);
}

TEST(TurnShare, TheLastVariantHasAllThatIsLeft) {
  const TurnShare share(kReadyS, kWorkS, {}, two_tasks());
  const Pace pace = one_second_a_token();
  const AskUntil until = share.items_until(pace, 0, 0, {});
  EXPECT_DOUBLE_EQ(until.deadline_s, 1300);
  EXPECT_TRUE(std::isinf(until.begin_by_s));
}

TEST(TurnShare, TheSecondPassAndReadingBackAreKeptFree) {
  const TurnShare share(kReadyS, kWorkS, {.own = 2, .variants_after = 1, .later = 1}, two_tasks());
  const AskUntil until =
      share.items_until(Pace(), 0, 0, {.second_pass = true, .reading_back = true});
  EXPECT_DOUBLE_EQ(until.deadline_s, 1200 - 100 - 10);
  EXPECT_DOUBLE_EQ(until.begin_by_s, 1200 - 100 - 10);
}

TEST(TurnShare, TheLeastIsTheShortestItemByWhatIsKnown) {
  EXPECT_DOUBLE_EQ(least_of(two_tasks(), one_second_a_token(), Pace()), 23);
  EXPECT_DOUBLE_EQ(least_of(two_tasks(), Pace(), Pace()), 20 * 0.2 * 1.15);
  EXPECT_DOUBLE_EQ(least_of({}, Pace(), Pace()), 0);
}

}  // namespace
}  // namespace assay

#include "run/rounds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace assay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Items at 1, 1 and 4 s; 30 items of each were answered by the first two, 10 by the third.
std::vector<DoneSoFar> one_is_slow() {
  return {{30, 30}, {30, 30}, {10, 40}};
}

TEST(Rounds, AnItemTakesWhatItTook) {
  EXPECT_DOUBLE_EQ((DoneSoFar{10, 40}.item_s()), 4);
  EXPECT_DOUBLE_EQ(DoneSoFar{}.item_s(), 0);
}

// A twentieth of the time for work.
TEST(Rounds, ASecondLoadIsCheapWhereWorkIsLong) {
  EXPECT_TRUE(pays_to_measure(3, 100, 6000));
  EXPECT_FALSE(pays_to_measure(3, 101, 6000));
}

TEST(Rounds, AShareOfFewItemsIsNotDivided) {
  EXPECT_FALSE(too_coarse(10, 80));
  EXPECT_TRUE(too_coarse(10, 79));
}

// A quarter of the items in 10 s: 40 s for all, and 2 * 2 * 40 s for two variants after it.
TEST(Rounds, AllFitWhereEvenSlowVariantsHaveTime) {
  const TurnsLeft two_more{.variants_after = 2, .later = 2};
  EXPECT_TRUE(all_fit(0.25, 10, 200, two_more));
  EXPECT_FALSE(all_fit(0.25, 10, 199, two_more));
  EXPECT_FALSE(all_fit(0, 10, 1e9, two_more));
}

// 60 s: the third's 20 items behind take 80 s, so it alone comes to 25.
// 200 s: 80 s until all have 30; then 6 s for each further one: 50.
TEST(Rounds, AllComeToTheSameItems) {
  EXPECT_NEAR(common_items(one_is_slow(), 60, {.items = 1000}), 25, 1e-6);
  EXPECT_NEAR(common_items(one_is_slow(), 200, {.items = 1000}), 50, 1e-6);
  EXPECT_DOUBLE_EQ(common_items(one_is_slow(), 200, {.items = 40}), 40);
}

// A judge of 4 s an item, of all of them: 80 + 30 * 4 = 200 s for 30.
TEST(Rounds, AJudgesTimeIsKept) {
  EXPECT_NEAR(common_items(one_is_slow(), 200, {.items = 1000, .judge_item_s = 4}), 30, 1e-6);
}

TEST(Rounds, WhoIsBehindByMoreThanALoadHasATurn) {
  // 260 s less three loads of 10 s: 55 each; 25, 25 and 180 s behind.
  EXPECT_THAT(next_round(one_is_slow(), 260, 10, {.items = 1000}), ElementsAre(0, 1, 2));
  // Loads of 40 s: with all three 140 s are left, for 40: 10 s would not pay the first two's loads.
  // Nor does the second's. The third needs 80 s to come to what the first two have.
  EXPECT_THAT(next_round(one_is_slow(), 260, 40, {.items = 1000}), ElementsAre(2));
  EXPECT_THAT(next_round(one_is_slow(), 50, 40, {.items = 1000}), IsEmpty());
}

TEST(Rounds, WhereTimeIsLeftForAllAFewItemsAreEnough) {
  const std::vector<DoneSoFar> done = {{99, 99}, {100, 100}, {99, 99}};
  EXPECT_THAT(next_round(done, 102, 50, {.items = 100}), ElementsAre(0, 2));
  EXPECT_THAT(next_round(done, 101, 50, {.items = 100}), IsEmpty());
  const std::vector<DoneSoFar> all_done = {{100, 100}};
  EXPECT_THAT(next_round(all_done, 60, 50, {.items = 100}), IsEmpty());
}

TEST(Rounds, NobodyLoadsForWhatTheBaselineHasNot) {
  const std::vector<DoneSoFar> done = {{30, 300}, {29, 29}};
  // 100 s would bring the second to 109, but the first, for which one load more is no use, has 30.
  EXPECT_THAT(next_round(done, 110, 60, {.items = 1000}), IsEmpty());
}

// 51 s are left after 81 items each, as a run of four minutes had them: 15 s with three loads of
// 12 s, which is 9 items. The first alone would come to 143, of which 62 had no pair.
TEST(Rounds, TheBaselineDoesNotGoOnAlone) {
  const std::vector<DoneSoFar> done = {{81, 51}, {81, 44}, {81, 36}};
  EXPECT_THAT(next_round(done, 51, 12, {.items = 1200}), IsEmpty());
  // Alone on its folder it does.
  const std::vector<DoneSoFar> alone = {{81, 51}};
  EXPECT_THAT(next_round(alone, 51, 12, {.items = 1200}), ElementsAre(0));
}

// 65 s less three loads of 12 s: 12 items more of each, which pay no load. Without the third the
// first two would come to 50, and it had 20 pairs fewer than the second.
TEST(Rounds, NoCandidateGoesOnWithoutAnotherThatLacksAsMuch) {
  const std::vector<DoneSoFar> done = {{30, 30}, {30, 30}, {30, 15}};
  EXPECT_THAT(next_round(done, 65, 12, {.items = 1000}), IsEmpty());
}

// The baseline was asked anew: it has nothing, and goes as far as the others have come.
TEST(Rounds, TheBaselineCatchesUpAlone) {
  const std::vector<DoneSoFar> done = {{10, 10}, {50, 50}, {50, 50}};
  EXPECT_THAT(next_round(done, 60, 12, {.items = 1000}), ElementsAre(0));
}

// To 50: 20, 20 and 160 s.
TEST(Rounds, TurnsAreAsLongAsTheWayToTheSameItems) {
  const TurnsLeft turns = turns_to_common(one_is_slow(), 200, {.items = 1000});
  EXPECT_DOUBLE_EQ(turns.own, 1);
  EXPECT_NEAR(turns.later, 9, 1e-6);
  EXPECT_EQ(turns.variants_after, 2);
  EXPECT_EQ(turns.loads_after(), 2);
  EXPECT_DOUBLE_EQ(turns.judge, 0);
}

// The first has come further than the others will: its turn is nothing, and theirs all.
TEST(Rounds, WhoIsAheadHasNoTime) {
  const std::vector<DoneSoFar> done = {{100, 100}, {10, 10}};
  EXPECT_GT(turns_to_common(done, 20, {.items = 1000}).later, 1000);
}

}  // namespace
}  // namespace assay

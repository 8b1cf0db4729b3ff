#include "data/sampling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "data/own_length.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ItemList twelve() {  // six of math, four of law, two of art
  ItemList items;
  for (int i = 0; i < 12; ++i) {
    const char* stratum = i < 6 ? "math" : i < 10 ? "law" : "art";
    items.push_back({"q" + std::to_string(i), stratum, stratum, {}});
  }
  return items;
}

std::vector<std::string> ids(const Result<ItemList>& items) {
  EXPECT_TRUE(items.has_value()) << items.error().to_string();
  std::vector<std::string> ids;
  if (items) {
    for (const Item& item : *items) ids.push_back(item.id);
  }
  return ids;
}

// The orders below are from Python: hashlib.sha256(f"{seed}\n{id}".encode()).hexdigest() as hash,
// fractions.Fraction(2*j + 1, 2*n) as rank, sorted by (rank, hash).
TEST(Sampling, OrderIsThatOfTheHashes) {
  EXPECT_THAT(ids(select_items(twelve(), {}, 0)), ElementsAre("q3", "q9", "q11", "q0", "q8", "q2",
                                                              "q5", "q6", "q4", "q10", "q7", "q1"));
  EXPECT_THAT(ids(select_items(twelve(), {}, 7)), ElementsAre("q1", "q6", "q5", "q11", "q8", "q4",
                                                              "q0", "q7", "q10", "q2", "q9", "q3"));
}

TEST(Sampling, LimitIsAPrefixOfTheWholeOrder) {
  TaskSpec spec;
  spec.limit = 4;
  EXPECT_THAT(ids(select_items(twelve(), spec, 0)), ElementsAre("q3", "q9", "q11", "q0"));
  spec.limit = 400;
  EXPECT_EQ(ids(select_items(twelve(), spec, 0)).size(), 12U);
}

TEST(Sampling, LimitPerSubjectCountsWithinEach) {
  TaskSpec spec;
  spec.limit = 1;
  spec.limit_per = LimitPer::subject;
  // The first of each stratum, all of rank 1/2: hashes 0145…, 326b…, 4267… (Python).
  EXPECT_THAT(ids(select_items(twelve(), spec, 0)), ElementsAre("q11", "q9", "q3"));
  spec.limit = 3;
  EXPECT_EQ(ids(select_items(twelve(), spec, 0)).size(), 3U + 3U + 2U);
}

TEST(Sampling, FirstTakesTheDataSetsOwn) {
  TaskSpec spec;
  spec.first = 3;
  std::vector<std::string> chosen = ids(select_items(twelve(), spec, 0));
  std::ranges::sort(chosen);
  EXPECT_THAT(chosen, ElementsAre("q0", "q1", "q2"));
}

TEST(Sampling, IdsTakesExactlyThese) {
  TaskSpec spec;
  spec.ids = {"q7", "q2"};
  std::vector<std::string> chosen = ids(select_items(twelve(), spec, 0));
  std::ranges::sort(chosen);
  EXPECT_THAT(chosen, ElementsAre("q2", "q7"));
  spec.name = "law";
  spec.ids = {"q7", "q70"};
  const auto missing = select_items(twelve(), spec, 0);
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().what, "task law: no item has the id 'q70'");
  EXPECT_EQ(missing.error().kind, ErrorKind::usage);
}

TEST(Sampling, DuplicateIdIsAnError) {
  ItemList items = twelve();
  Item twin = items[5];
  twin.id = "q2";
  items.set(5, twin);
  const auto result = select_items(items, {}, 0);
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().what, HasSubstr("two items have the id 'q2'"));
}

TEST(Sampling, NoItems) {
  EXPECT_TRUE(ids(select_items({}, {}, 0)).empty());
}

TEST(Sampling, OrderDoesNotDependOnTheRowsOrder) {
  ItemList items = twelve();
  const std::vector<std::string> expected = ids(select_items(items, {}, 3));
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    std::vector<std::size_t> places(items.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::ranges::shuffle(places, random);
    items = std::move(items).taken(places);
    EXPECT_EQ(ids(select_items(items, {}, 3)), expected);
  }
}

TEST(Sampling, EveryPrefixIsStratified) {
  std::mt19937 random(2);
  for (int round = 0; round < 30; ++round) {
    std::map<std::string, int> sizes;
    ItemList items;
    const int strata = 1 + static_cast<int>(random() % 14);
    for (int s = 0; s < strata; ++s) {
      const int n = 1 + static_cast<int>(random() % 60);
      sizes[std::to_string(s)] = n;
      for (int i = 0; i < n; ++i) {
        items.push_back({std::to_string(s) + "-" + std::to_string(i), std::to_string(s), "", {}});
      }
    }
    const auto order = select_items(items, {}, random());
    ASSERT_TRUE(order.has_value());
    ASSERT_EQ(order->size(), items.size());
    std::map<std::string, int> seen;
    const double total = static_cast<double>(items.size());
    for (std::size_t k = 1; k <= order->size(); ++k) {
      ++seen[(*order)[k - 1].stratum];
      for (const auto& [stratum, n] : sizes) {
        const double share = n / total;
        // Each stratum is within 1/2 of its share of the rank reached, and so is the sum of all.
        EXPECT_LE(std::abs(seen[stratum] - share * static_cast<double>(k)),
                  0.5 + share * strata / 2.0 + 1e-9);
      }
    }
  }
}

TEST(Interleave, ByRankThenPlanOrder) {
  // Ranks of four: 1/8 3/8 5/8 7/8; of two: 1/4 3/4; of one: 1/2.
  EXPECT_THAT(interleave({4, 2, 1}),
              ElementsAre(ItemRef{0, 0}, ItemRef{1, 0}, ItemRef{0, 1}, ItemRef{2, 0}, ItemRef{0, 2},
                          ItemRef{1, 1}, ItemRef{0, 3}));
  EXPECT_THAT(interleave({1, 0, 1}), ElementsAre(ItemRef{0, 0}, ItemRef{2, 0}));
  EXPECT_TRUE(interleave({}).empty());
}

TEST(Interleave, KeepsEachTasksOrder) {
  const std::vector<std::size_t> counts = {200, 30, 50, 100, 7};
  std::vector<std::size_t> next(counts.size());
  for (const ItemRef& ref : interleave(counts)) EXPECT_EQ(ref.item, next[ref.task]++);
  EXPECT_EQ(next, counts);
}

// Two tasks of the same cost and weight 2 : 1. After the limits n should stay near 2 : 1; the gains
// w^2 / (n (n + 1)) by hand: a of 2: 4/6, b of 2: 1/6; a of 3: 4/12; a of 4: 4/20; then a of 5,
// 4/30 against b's 1/6.
TEST(GrowingOrder, LimitsFirstThenWhereVarianceFallsMost) {
  const std::vector<GrowingTask> tasks = {{6, 2, 2, 1}, {4, 2, 1, 1}};
  EXPECT_THAT(
      growing_order(tasks),
      ElementsAre(ItemRef{0, 0}, ItemRef{1, 0}, ItemRef{0, 1}, ItemRef{1, 1}, ItemRef{0, 2},
                  ItemRef{0, 3}, ItemRef{0, 4}, ItemRef{1, 2}, ItemRef{0, 5}, ItemRef{1, 3}));
}

// Neyman's allocation with costs: weights 3 and 1, costs 4 and 1 make 3 / 2 : 1 items.
TEST(GrowingOrder, EveryPrefixIsNearTheBestForItsPrice) {
  const std::vector<GrowingTask> tasks = {{10000, 0, 3, 4}, {10000, 0, 1, 1}};
  double first = 0;
  double n = 0;
  for (const ItemRef& ref : growing_order(tasks)) {
    first += ref.task == 0 ? 1 : 0;
    if (++n > 100 && n <= 10000) EXPECT_NEAR(first / n, 0.6, 0.02) << n;
  }
  EXPECT_EQ(n, 20000);
}

// Task a has two items and three passes, by the rule above with entries in the place of items: its
// third entry (gain 4 / 6 against 1 / 2 of b's second) is its first item once more.
TEST(GrowingOrder, AUsedUpTaskGoesOnInPasses) {
  const std::vector<GrowingTask> tasks = {{2, 2, 2, 1, 3}, {3, 1, 1, 1, 1}};
  EXPECT_THAT(growing_order(tasks), ElementsAre(ItemRef{0, 0}, ItemRef{1, 0}, ItemRef{0, 1},
                                                ItemRef{0, 0, 1}, ItemRef{1, 1}, ItemRef{0, 1, 1},
                                                ItemRef{0, 0, 2}, ItemRef{1, 2}, ItemRef{0, 1, 2}));
  // An order that was begun without passes goes on with them.
  EXPECT_THAT(growing_order(tasks, {0, 1, 1, 0, 1}),
              ElementsAre(ItemRef{0, 0}, ItemRef{1, 0}, ItemRef{1, 1}, ItemRef{0, 1}, ItemRef{1, 2},
                          ItemRef{0, 0, 1}, ItemRef{0, 1, 1}, ItemRef{0, 0, 2}, ItemRef{0, 1, 2}));
}

TEST(Passes, OnlyOfAnswersThatAreSampled) {
  TaskSpec spec;
  spec.max_gen_toks = 100;
  spec.sampling = {{"temperature", 0.6}};
  EXPECT_EQ(passes_of(spec, 30), 1U);
  spec.repeats_auto = true;
  EXPECT_EQ(passes_of(spec, 30), 64U);
  EXPECT_EQ(passes_of(spec, 500), 20U);
  EXPECT_EQ(passes_of(spec, 12'032), 1U);
  EXPECT_EQ(passes_of(spec, 0), 64U);
  EXPECT_EQ(growing_task(spec, 30, 30, {}).passes, 64U);
  EXPECT_EQ(growing_task(spec, 30, 30, {}).cost, 64 + 100);
  spec.sampling = {{"temperature", 0}};
  EXPECT_EQ(passes_of(spec, 30), 1U);
  spec.sampling = {{"temperature", 0.6}, {"top_k", 1}};
  EXPECT_EQ(passes_of(spec, 30), 1U);
  spec.sampling = {{"temperature", 0.6}};
  spec.max_gen_toks.reset();
  EXPECT_EQ(passes_of(spec, 30), 1U);
}

TEST(GrowingTask, TheCostIsWhatAnswersAreExpectedToComeTo) {
  TaskSpec spec;
  spec.max_gen_toks = 100;
  spec.repeats = 2;
  EXPECT_EQ(growing_task(spec, 10, 5, {.steps = 3}).cost, 64 + 3 * 100 * 2);
  spec.expected_tokens = 40;
  EXPECT_EQ(growing_task(spec, 10, 5, {.steps = 3}).cost, 64 + 40 * 2);
  spec.expected_tokens = 1000;  // more than it can come to
  EXPECT_EQ(growing_task(spec, 10, 5, {.steps = 3}).cost, 64 + 3 * 100 * 2);
}

// Two thirds of a token for each of a prompt: 3 requests of 30, or the 600 that the plan says.
TEST(GrowingTask, PromptsAndGradingArePartOfThePrice) {
  TaskSpec spec;
  spec.max_gen_toks = 100;
  spec.repeats = 2;
  const ItemRequests requests{.steps = 3, .prompt_tokens = 30};
  EXPECT_DOUBLE_EQ(growing_task(spec, 10, 5, requests).cost, 60 + 3 * 100 * 2);
  EXPECT_EQ(growing_task(spec, 10, 5, requests).grading, 0);
  spec.expected_prompt_tokens = 600;
  spec.expected_grading_tokens = 50;
  EXPECT_DOUBLE_EQ(growing_task(spec, 10, 5, requests).cost, 400 + 3 * 100 * 2);
  EXPECT_EQ(growing_task(spec, 10, 5, requests).grading, 100);
}

// Graders have 10 of the first item of a to do, the engine 2 of both: three more of b are free, and
// one of a costs 10.
TEST(GrowingOrder, WhatTheEngineDoesWhileGradersLagIsFree) {
  const std::vector<GrowingTask> tasks = {{4, 1, 1, 1, 1, 10}, {4, 1, 1, 1}};
  EXPECT_THAT(growing_order(tasks),
              ElementsAre(ItemRef{0, 0}, ItemRef{1, 0}, ItemRef{1, 1}, ItemRef{1, 2}, ItemRef{1, 3},
                          ItemRef{0, 1}, ItemRef{0, 2}, ItemRef{0, 3}));
  // As far as an order was begun, its time counts, too.
  EXPECT_EQ(growing_order(tasks, {0, 1}), growing_order(tasks));
}

TEST(GrowingOrder, GradersThatKeepUpChangeNothing) {
  std::vector<GrowingTask> tasks = {{40, 2, 3, 10, 1, 0}, {40, 2, 2, 10}};
  const std::vector<ItemRef> without = growing_order(tasks);
  tasks[0].grading = 10;  // no more than the engine takes for the same
  EXPECT_EQ(growing_order(tasks), without);
  tasks[0].grading = 30;
  EXPECT_NE(growing_order(tasks), without);
}

TEST(OwnLength, WhatPromptsBeginWithAlikeDoesNotCount) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(length_of_their_own(Texts{"abcYZ", "q", "abcX"}), 2 + 1 + 1);
  EXPECT_EQ(length_of_their_own(Texts{"ab", "abcd"}), 2);
  EXPECT_EQ(length_of_their_own(Texts{"abc"}), 3);
  EXPECT_EQ(length_of_their_own(Texts{"ab", "ab"}), 0);
  EXPECT_EQ(length_of_their_own(std::vector<std::vector<int>>{{1, 2, 3}, {1, 2, 4, 5}}), 3);
  EXPECT_EQ(length_of_their_own(Texts{}), 0);
}

TEST(GrowingOrder, UsedUpAndEmptyTasks) {
  const std::vector<GrowingTask> tasks = {{1, 5, 100, 1}, {0, 0, 1, 1}, {3, 1, 1, 1}};
  EXPECT_THAT(growing_order(tasks),
              ElementsAre(ItemRef{0, 0}, ItemRef{2, 0}, ItemRef{2, 1}, ItemRef{2, 2}));
  EXPECT_TRUE(growing_order({}).empty());
}

// What the limit draws is the beginning of what a run beyond it draws.
TEST(Sampling, GoingOnBeyondTheLimitKeepsItsSample) {
  ItemList rows;
  for (int i = 0; i < 60; ++i) rows.push_back({std::to_string(i), i % 3 == 0 ? "x" : "y", "", {}});
  TaskSpec spec;
  spec.limit = 10;
  const ItemList limited = *select_items(rows, spec, 7);
  spec.goes_on = true;
  const ItemList all = *select_items(rows, spec, 7);
  spec.at_most = 25;
  const ItemList some = *select_items(rows, spec, 7);
  EXPECT_EQ(limited.size(), 10U);
  EXPECT_EQ(some.size(), 25U);
  EXPECT_EQ(all.size(), 60U);
  for (std::size_t i = 0; i < 25; ++i) {
    EXPECT_EQ(some.id(i), all.id(i));
    if (i < 10) EXPECT_EQ(limited.id(i), all.id(i));
  }
}

}  // namespace
}  // namespace assay

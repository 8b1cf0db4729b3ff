#include "plan/growth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

using testing::ElementsAre;

FrozenPlan began() {
  FrozenPlan frozen;
  frozen.plan.name = "p";
  frozen.plan.variants = {{.name = "bf16", .model = "m", .baseline = true},
                          {.name = "fp8", .model = "n"}};
  TaskSpec spec;
  spec.name = spec.benchmark = "math500";
  spec.limit = 2;
  spec.max_gen_toks = 512;
  frozen.plan.tasks = {spec};
  FrozenTask task{.name = "math500", .title = "MATH-500"};
  task.kind = "generate";
  task.metrics = {"robust"};
  task.items = {{"1", "", ""}, {"2", "", ""}};
  frozen.tasks = {task};
  frozen.variants = {{"bf16", "m", "", "print 1", true}, {"fp8", "n", "", "print 2", false}};
  return frozen;
}

void add_variant(FrozenPlan& frozen) {
  frozen.plan.variants.push_back({.name = "int4", .model = "o"});
  frozen.variants.push_back({"int4", "o", "", "print 3", false});
}

void add_task(FrozenPlan& frozen) {
  frozen.plan.tasks.push_back(frozen.plan.tasks[0]);
  frozen.plan.tasks.back().name = frozen.plan.tasks.back().benchmark = "aime24";
  frozen.tasks.push_back(frozen.tasks[0]);
  frozen.tasks.back().name = "aime24";
}

std::string refusal(const FrozenPlan& now, const FrozenPlan& before = began()) {
  const auto growth = growth_of(before, now);
  return growth ? "" : growth.error().why;
}

TEST(Growth, NothingNewIsNoGrowth) {
  const Growth growth = growth_of(began(), began()).value();
  EXPECT_TRUE(growth.what.empty());
  EXPECT_FALSE(growth.sample);
}

TEST(Growth, AVariantMoreTouchesNoSample) {
  FrozenPlan now = began();
  add_variant(now);
  now.plan.fidelity.items = 64;
  const Growth growth = growth_of(began(), now).value();
  EXPECT_THAT(english_of(growth.what),
              ElementsAre("variant int4 is new", "64 outputs are read back in place of 32"));
  EXPECT_FALSE(growth.sample);
}

TEST(Growth, ATaskMoreIsSecondary) {
  FrozenPlan now = began();
  add_task(now);
  make_secondary(began(), now);
  EXPECT_EQ(now.tasks[0].weight, 1);
  EXPECT_EQ(now.tasks[1].weight, 0);
  EXPECT_EQ(now.plan.tasks[1].weight, 0);
  const Growth growth = growth_of(began(), now).value();
  EXPECT_THAT(english_of(growth.what),
              ElementsAre("task aime24 is new, beside the primary question"));
  EXPECT_FALSE(growth.sample);
}

TEST(Growth, MoreItemsAreALargerSample) {
  FrozenPlan now = began();
  now.plan.tasks[0].limit = 3;
  now.tasks[0].items.push_back({"3", "", ""});
  const Growth growth = growth_of(began(), now).value();
  EXPECT_THAT(english_of(growth.what), ElementsAre("task math500 has more items"));
  EXPECT_TRUE(growth.sample);
  now.plan.tasks[0].limit.reset();
  EXPECT_TRUE(growth_of(began(), now).value().sample);
}

TEST(Growth, FewerItemsAndOthersAreRefused) {
  FrozenPlan now = began();
  now.plan.tasks[0].limit = 1;
  now.tasks[0].items.pop_back();
  EXPECT_EQ(refusal(now), "plan.tasks[0].limit (math500) is 2 there and 1 here");
  now = began();
  now.plan.tasks[0].limit = 3;
  now.tasks[0].items = {{"1", "", ""}, {"9", "", ""}, {"2", "", ""}};
  EXPECT_EQ(refusal(now), R"(tasks[0].items[1].id (math500) is "2" there and "9" here)");
}

TEST(Growth, UntilMayBeRaised) {
  FrozenPlan now = began();
  now.plan.until = Until::decided;
  now.plan.tasks[0].goes_on = true;
  now.tasks[0].items.push_back({"3", "", ""});
  now.tasks[0].least_items = 2;
  now.looks = {{.target = 3, .looks = {{3, 0.05, 0.05, 0}}}, {0, 0, 0}};
  const Growth growth = growth_of(began(), now).value();
  EXPECT_THAT(english_of(growth.what), ElementsAre("until: decided"));
  EXPECT_TRUE(growth.sample);
  // And back again: what was asked beyond the limits is there.
  EXPECT_EQ(refusal(began(), now),
            "plan.until is \"decided\" there and \"limits\" here; its looks may have spent all of "
            "alpha, so no other end leaves it as it was declared");
}

FrozenPlan decided() {
  FrozenPlan frozen = began();
  frozen.plan.until = Until::decided;
  frozen.plan.tasks[0].at_most = 2;
  frozen.looks = {{.target = 2, .looks = {{2, 0.05, 0.05, 0}}}, {0, 0}};
  return frozen;
}

TEST(Growth, AnOrderThatWasLookedAtGoesOn) {
  const FrozenPlan before = decided();
  FrozenPlan now = before;
  add_variant(now);
  EXPECT_THAT(english_of(growth_of(before, now).value().what), ElementsAre("variant int4 is new"));
  now.plan.tasks[0].at_most = 3;
  now.tasks[0].items.push_back({"3", "", ""});
  now.tasks[0].weighed_items = 2;
  now.looks->order = {0, 0, 0};
  now.looks->declared_items = 2;
  const Growth growth = growth_of(before, now).value();
  EXPECT_THAT(english_of(growth.what),
              ElementsAre("variant int4 is new", "task math500 has more items"));
  EXPECT_TRUE(growth.sample);
}

TEST(Growth, AnOrderThatWasLookedAtStays) {
  const FrozenPlan before = decided();
  FrozenPlan now = before;
  add_task(now);
  std::swap(now.tasks[0], now.tasks[1]);
  std::swap(now.plan.tasks[0], now.plan.tasks[1]);
  now.looks->order = {1, 1, 0};
  EXPECT_THAT(english_of(growth_of(before, now).value().what),
              ElementsAre("task aime24 is new, beside the primary question"));
  now.looks->order = {0, 1, 1};
  EXPECT_EQ(refusal(now, before), "looks.order[0] is 0 there and 1 here");
  now = before;
  now.looks->schedule.target = 3;
  EXPECT_EQ(refusal(now, before), "looks.schedule.target is 2 there and 3 here");
  now = before;
  now.plan.until = Until::budget;
  now.looks.reset();
  EXPECT_EQ(refusal(now, before),
            "plan.until is \"decided\" there and \"budget\" here; its looks may have spent all of "
            "alpha, so no other end leaves it as it was declared");
}

TEST(Growth, WhatIsAskedStays) {
  FrozenPlan now = began();
  now.plan.seed = 1;
  EXPECT_EQ(refusal(now), "plan.seed is 0 there and 1 here");
  now = began();
  now.variants[1].fingerprint = "another";
  EXPECT_EQ(refusal(now), R"(variants[1].fingerprint (fp8) is "print 2" there and "another" here)");
  now = began();
  now.plan.tasks[0].sampling = {{"temperature", 0.6}};
  EXPECT_EQ(refusal(now),
            "plan.tasks[0].sampling.temperature (math500) is nothing there and 0.6 here");
  now = began();
  now.plan.variants.pop_back();
  now.variants.pop_back();
  EXPECT_EQ(refusal(now), "plan.variants is 2 of them there and 1 of them here");
}

// Each item's first answer is the one it has already.
TEST(Growth, ATaskGoesOnInRepeats) {
  FrozenPlan now = began();
  now.plan.until = Until::budget;
  now.plan.tasks[0].repeats_auto = true;
  now.tasks[0].passes = 64;
  const Growth growth = growth_of(began(), now).value();
  EXPECT_THAT(english_of(growth.what),
              ElementsAre("task math500 goes on in repeats", "until: budget"));
  EXPECT_TRUE(growth.sample);
}

TEST(Growth, AFixedNumberOfRepeatsStaysWhatItIs) {
  FrozenPlan before = began();
  before.plan.until = Until::budget;
  before.plan.tasks[0].repeats = before.tasks[0].repeats = 4;
  FrozenPlan now = began();
  now.plan.until = Until::budget;
  now.plan.tasks[0].repeats_auto = true;
  now.tasks[0].passes = 64;
  EXPECT_EQ(refusal(now, before), "plan.tasks[0].repeats (math500) is 4 there and \"auto\" here");
  EXPECT_EQ(refusal(before, now), "plan.tasks[0].repeats (math500) is \"auto\" there and 4 here");
}

// What comes after the items is not moved behind further ones.
TEST(Growth, ATaskThatMayHaveRepeatsGetsNoMoreItems) {
  FrozenPlan before = began();
  before.plan.until = Until::budget;
  before.plan.tasks[0].repeats_auto = true;
  before.tasks[0].passes = 64;
  FrozenPlan now = before;
  now.plan.tasks[0].limit = 3;
  now.tasks[0].items.push_back({"3", "", ""});
  EXPECT_EQ(refusal(now, before), "plan.tasks[0].limit (math500) is 2 there and 3 here");
}

}  // namespace
}  // namespace assay

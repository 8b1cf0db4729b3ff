#include "plan/frozen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/files.h"

namespace assay {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Stored {      // of a run of assay 0.1.0, the release of 2026-11-28 (commit 2123e65)
  std::string text;  // plan.frozen.json
  std::string hash;  // the store's frozen_hash
};

Stored stored(const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(ASSAY_SOURCE_DIR) / "tests" / "frozen";
  Stored out{read_file(folder / (name + ".json")).value(),
             read_file(folder / (name + ".sha256")).value()};
  out.hash.erase(out.hash.find_last_not_of('\n') + 1);
  return out;
}

TEST(FrozenPlan, AFolderOfTheLastReleaseGoesOn) {
  for (const std::string name : {"vllm", "endpoint"}) {
    SCOPED_TRACE(name);
    const Stored release = stored(name);
    const auto frozen = frozen_from_text(release.text);
    ASSERT_TRUE(frozen) << frozen.error().to_string();
    EXPECT_EQ(frozen_hash(*frozen), release.hash);
    EXPECT_EQ(to_json(*frozen).dump(1) + "\n", release.text);
  }
}

FrozenPlan small() {
  FrozenPlan frozen{.assay = "0.1.0"};
  frozen.plan.name = "p";
  frozen.tasks = {{.name = "m", .title = "M", .metrics = {"robust"}, .items = {{"1", "s", "g"}}}};
  frozen.variants = {{"bf16", "org/m", "commit", "print", true}};
  return frozen;
}

TEST(FrozenPlan, FieldsComeBack) {
  FrozenPlan before = small();
  before.tasks[0].harness = Harness::lm_eval;
  before.tasks[0].available = false;
  before.tasks[0].reason = "HF gated";
  before.graders = {{"math-verify", "0.9.0"}};
  const FrozenPlan after = frozen_from_text(to_json(before).dump()).value();
  EXPECT_EQ(after.assay, "0.1.0");
  EXPECT_EQ(after.plan.name, "p");
  EXPECT_EQ(after.graders, before.graders);
  ASSERT_EQ(after.tasks.size(), 1);
  EXPECT_EQ(after.tasks[0].harness, Harness::lm_eval);
  EXPECT_FALSE(after.tasks[0].available);
  EXPECT_EQ(after.tasks[0].reason, "HF gated");
  EXPECT_EQ(after.tasks[0].metrics, std::vector<std::string>{"robust"});
  ASSERT_EQ(after.tasks[0].items.size(), 1);
  EXPECT_EQ(after.tasks[0].items[0].stratum, "s");
  ASSERT_EQ(after.variants.size(), 1);
  EXPECT_EQ(after.variants[0].revision, "commit");
  EXPECT_TRUE(after.variants[0].baseline);
}

TEST(FrozenPlan, TheHashIsOfWhatIsAsked) {
  const FrozenPlan frozen = small();
  const std::string hash = frozen_hash(frozen);
  FrozenPlan other = frozen;
  other.assay = "0.2.0";
  other.graders = {{"math-verify", "0.9.1"}};
  other.plan.budget_s = 60;
  other.plan.compare.margin_pp = 1;
  other.tasks[0].data_folder = "/elsewhere";
  other.variants[0].model = "/a/copy";
  EXPECT_EQ(frozen_hash(other), hash);
  other.tasks[0].items[0].id = "2";
  EXPECT_NE(frozen_hash(other), hash);
}

// They decide whether a variant answers, never what.
TEST(FrozenPlan, RequiredKernelsAndTheCanaryMayChange) {
  FrozenPlan frozen = small();
  frozen.plan.variants.resize(1);
  FrozenPlan other = frozen;
  other.plan.variants[0].require = KernelBits{4, 4};
  other.plan.canary = false;
  EXPECT_EQ(frozen_hash(other), frozen_hash(frozen));
  EXPECT_FALSE(first_difference(frozen, other));
}

TEST(FrozenPlan, WhatDiffersIsNamedWithBothValues) {
  const FrozenPlan frozen = small();
  const auto found = [&](const FrozenPlan& other) {
    const auto difference = first_difference(frozen, other);
    return difference ? difference->value + ": " + difference->one + ", " + difference->other
                      : std::string();
  };
  FrozenPlan other = frozen;
  other.plan.budget_s = 60;  // may change
  EXPECT_EQ(found(other), "");
  other.tasks[0].items[0].id = "2";
  EXPECT_EQ(found(other), R"(tasks[0].items[0].id: "1", "2")");
  other.plan.seed = 7;
  EXPECT_EQ(found(other), "plan.seed: 0, 7");
  other = frozen;
  other.tasks[0].items.push_back({"3", "", ""});
  EXPECT_EQ(found(other), "tasks[0].items: 1 of them, 2 of them");
  other = frozen;
  other.tasks[0].least_items = 1;
  EXPECT_EQ(found(other), "tasks[0].least_items: nothing, 1");
}

TEST(FrozenPlan, LooksComeBackAndFixTheMargin) {
  FrozenPlan frozen = small();
  frozen.plan.until = Until::decided;
  frozen.looks = {{.settings = {}, .target = 3, .looks = {{3, 0.05, 0.05, 0}}}, {0, 0, 1}};
  const FrozenPlan after = frozen_from_text(to_json(frozen).dump()).value();
  EXPECT_EQ(after.looks, frozen.looks);
  FrozenPlan other = frozen;
  other.plan.compare.margin_pp = 1;
  EXPECT_NE(frozen_hash(other), frozen_hash(frozen));
  EXPECT_EQ(first_difference(frozen, other)->value, "plan.compare.margin_pp");
  other = frozen;
  other.plan.compare.noise_floor = true;
  EXPECT_EQ(frozen_hash(other), frozen_hash(frozen));
}

TEST(FrozenPlan, LooksCountTheTasksOfTheOrderAlone) {
  FrozenPlan frozen = small();
  frozen.plan.compare.weights = WeightRule::square_root;
  frozen.tasks[0].items = {{"1", "", ""}, {"2", "", ""}, {"3", "", ""}, {"4", "", ""}};
  frozen.tasks[0].weight = 3;
  frozen.tasks.push_back(frozen.tasks[0]);
  const auto tasks = look_tasks_of(frozen, {0, 0, 0, 0});
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_DOUBLE_EQ(tasks[0].weight, 6);  // 3 times the root of 4
  EXPECT_EQ(tasks[0].items.size(), 4U);
  EXPECT_EQ(tasks[0].metric, "robust");
  EXPECT_EQ(tasks[1].weight, 0);  // lm-eval asks its items
}

TEST(FrozenPlan, AnotherLayoutIsRefusedWithWhatToDo) {
  json value = to_json(small());
  value["format"] = 2;
  const auto newer = frozen_from_text(value.dump());
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().kind, ErrorKind::environment);
  EXPECT_EQ(newer.error().what, "the frozen plan has format 2");
  EXPECT_EQ(newer.error().why, "this assay reads format 1 only");
  EXPECT_EQ(newer.error().fix, "use the assay that wrote it, or choose another folder with --out");
  for (const char* text : {"{}", "\"text\"", R"({"format": 1, "variants": [{"name": 1}]})"}) {
    const auto other = frozen_from_text(text);
    ASSERT_FALSE(other) << text;
    EXPECT_EQ(other.error().what, "the frozen plan has another layout");
    EXPECT_THAT(other.error().fix, HasSubstr("choose another folder"));
  }
}

}  // namespace
}  // namespace assay

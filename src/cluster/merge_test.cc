// Shards put together: the rows that one machine's store would have, and what is refused.
#include "cluster/merge.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "cluster/shard.h"
#include "store/declarations.h"
#include "store/sqlite.h"
#include "support/test_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

FrozenPlan plan_of_three() {
  FrozenPlan frozen{.assay = "0.2.0"};
  frozen.plan.name = "p";
  for (const char* name : {"bf16", "fp8", "kv8"}) {
    const bool baseline = frozen.variants.empty();
    frozen.plan.variants.push_back({.name = name, .model = "m", .baseline = baseline});
    frozen.variants.push_back({name, "m", "", std::string("print of ") + name, baseline});
  }
  frozen.plan.tasks = {{.name = "t"}};
  frozen.tasks = {{.name = "t", .metrics = {"robust"}, .items = {{"1", "", ""}, {"2", "", ""}}}};
  return frozen;
}

// What a variant's turn leaves: one load, two answers, their scores, and an event.
void answer(const std::string& variant, Store& store) {
  const std::int64_t load = store.add_load(variant, 5, {.load_s = 2}).value();
  ASSERT_TRUE(store.set_meta("identity:" + variant, "{}"));
  ASSERT_TRUE(store.set_meta("lm_eval:" + variant + ":t", "done"));
  ASSERT_TRUE(store.set_meta("frozen:" + variant, "an earlier plan"));
  ASSERT_TRUE(store.add_event(7, "engine died", {{"variant", variant}, {"why", "SIGKILL"}}));
  for (const char* item : {"1", "2"}) {
    Response response;
    response.text = variant + " says " + item;
    const std::string key = variant + item;
    ASSERT_TRUE(store.put_rendered(item, Rendered{"asked", {1, 2}, {}}));
    ASSERT_TRUE(store.put_response(key, response, load));
    ASSERT_TRUE(store.put_step({{variant, "t", item}, 0, key, item}));
    Score score;
    score.outcome = Outcome::scored;
    score.metrics["robust"] = variant == "fp8" ? 0 : 1;
    ASSERT_TRUE(store.put_score({{variant, "t", item}, score}));
  }
}

Store begun(const fs::path& folder, const FrozenPlan& frozen) {
  Store store = Store::open(folder, Store::Mode::write).value();
  EXPECT_TRUE(store.set_meta("frozen", dump_json(to_json(frozen))));
  EXPECT_TRUE(store.set_meta("frozen_hash", frozen_hash(frozen)));
  if (!store.meta("started_at").value()) EXPECT_TRUE(store.set_meta("started_at", "100.000"));
  EXPECT_TRUE(keep_declaration({}, std::nullopt, store));
  EXPECT_TRUE(store.put_items("t", {{"1", "", "", {}}, {"2", "", "", {}}}));
  return store;
}

void end(Store& store, const std::string& how, const std::string& at) {
  ASSERT_TRUE(store.set_meta("end", how));
  ASSERT_TRUE(store.set_meta("ended_at", at));
  ASSERT_TRUE(store.set_meta("spent_s", "10.000"));
  ASSERT_TRUE(store.flush());
}

// All rows of all tables, times and the store's small values aside.
std::vector<std::string> rows_of(const fs::path& folder) {
  std::vector<std::string> out;
  const Database db = Database::open(folder / "store.sqlite", false).value();
  for (const char* sql : {"SELECT 'item', task, id, row, sum FROM items",
                          "SELECT 'rendered', key, body, sum, '' FROM rendered",
                          "SELECT 'response', key, load, body, sum FROM responses ORDER BY key",
                          "SELECT 'load', id, variant, facts, sum FROM loads",
                          "SELECT 'event', id, kind, body, sum FROM events",
                          "SELECT 'step', variant, item, response_key, sum FROM steps",
                          "SELECT 'score', variant, item, body, sum FROM scores"}) {
    Statement rows = db.prepare(sql).value();
    while (rows.step().value()) {
      std::string row;
      for (int i = 0; i < 5; ++i) row += rows.text(i) + " ";
      out.push_back(row);
    }
  }
  return out;
}

class Merge : public FolderTest {
 protected:
  fs::path at(const std::string& name) const { return folder_ / name; }

  std::vector<fs::path> bases(const FrozenVariant& variant) const {
    return variant.baseline ? std::vector<fs::path>() : std::vector<fs::path>{at("bf16")};
  }
  // Each variant in a shard of its own, candidates begun from the baseline's.
  void run_shards(const FrozenPlan& frozen) {
    for (const FrozenVariant& variant : frozen.variants) {
      const std::string& name = variant.name;
      const Status made = begin_shard(at(name), frozen.plan, {{name}, {}, {}}, bases(variant));
      ASSERT_TRUE(made) << made.error().to_string();
      Store store = begun(at(name), frozen);
      ASSERT_TRUE(keep_shard({{name}, {}, {}}, store));
      answer(name, store);
      end(store, "complete", name == "fp8" ? "300.000" : "200.000");
    }
  }
  [[nodiscard]] Result<Merged> merge(const std::vector<std::string>& names,
                                     MissingShards missing = MissingShards::refuse) const {
    std::vector<fs::path> folders;
    folders.reserve(names.size());
    for (const std::string& name : names) folders.push_back(at(name));
    return merge_shards(folders, at("merged"), missing, 500);
  }
  [[nodiscard]] std::string refusal(const std::vector<std::string>& names) const {
    const auto merged = merge(names);
    return merged ? "" : merged.error().to_string();
  }
};

TEST_F(Merge, GivesTheRowsOfOneMachineWhateverTheirOrder) {
  const FrozenPlan frozen = plan_of_three();
  {
    Store one = begun(at("one"), frozen);
    for (const FrozenVariant& variant : frozen.variants) answer(variant.name, one);
    end(one, "complete", "300.000");
  }
  run_shards(frozen);
  const auto merged = merge({"kv8", "bf16", "fp8"});
  ASSERT_TRUE(merged) << merged.error().to_string();
  EXPECT_THAT(merged->variants, ElementsAre("bf16", "fp8", "kv8"));
  EXPECT_EQ(rows_of(at("merged")), rows_of(at("one")));
  const Store store = Store::open(at("merged"), Store::Mode::read).value();
  EXPECT_TRUE(store.verify());
  EXPECT_EQ(store.meta("end").value(), "complete");
  EXPECT_EQ(store.meta("started_at").value(), "100.000");
  EXPECT_EQ(store.meta("ended_at").value(), "300.000");
  EXPECT_EQ(store.meta("spent_s").value(), "30.000");
  EXPECT_EQ(store.meta("identity:kv8").value(), "{}");
  EXPECT_EQ(store.meta("lm_eval:fp8:t").value(), "done");
  EXPECT_EQ(store.meta("frozen:fp8").value(), std::nullopt);
  EXPECT_EQ(store.meta("shard").value(), std::nullopt);
}

// The clock of one node is an hour ahead of the merge's, at 500, that of another is behind: what
// cannot be is not taken.
TEST_F(Merge, NothingEndsAfterTheMerge) {
  run_shards(plan_of_three());
  const auto ends = [&](const std::string& name, const std::string& when) {
    Store store = Store::open(at(name), Store::Mode::write).value();
    end(store, "complete", when);
  };
  ends("fp8", "4100.000");
  ends("kv8", "50.000");
  ASSERT_TRUE(merge({"bf16", "fp8", "kv8"}));
  {
    const Store store = Store::open(at("merged"), Store::Mode::read).value();
    EXPECT_EQ(store.meta("started_at").value(), "100.000");
    EXPECT_EQ(store.meta("ended_at").value(), "200.000");
    EXPECT_EQ(store.meta("spent_s").value(), "30.000");
  }
  ends("bf16", "4100.000");
  ends("kv8", "4100.000");
  ASSERT_TRUE(merge({"bf16", "fp8", "kv8"}));
  EXPECT_EQ(Store::open(at("merged"), Store::Mode::read)->meta("ended_at").value(), "0.000");
}

TEST_F(Merge, ReplacesAnEarlierMergeAndNoOtherRun) {
  run_shards(plan_of_three());
  ASSERT_TRUE(merge({"bf16", "fp8", "kv8"}));
  EXPECT_TRUE(merge({"bf16", "fp8", "kv8"}));
  fs::remove_all(at("merged"));
  fs::copy(at("bf16"), at("merged"), fs::copy_options::recursive);
  EXPECT_THAT(refusal({"bf16", "fp8", "kv8"}), HasSubstr("holds a run that is no merge"));
}

TEST_F(Merge, SaysWhichVariantsNoShardHas) {
  run_shards(plan_of_three());
  EXPECT_THAT(refusal({"bf16", "fp8"}), HasSubstr("no shard answers for kv8"));
  EXPECT_FALSE(fs::exists(at("merged")));
  const auto partial = merge({"bf16", "fp8"}, MissingShards::go_on);
  ASSERT_TRUE(partial);
  EXPECT_THAT(partial->missing, ElementsAre(ShardPart{{"kv8"}, {}, {}}));
  const Store store = Store::open(at("merged"), Store::Mode::read).value();
  EXPECT_EQ(store.meta("end").value(), "interrupted");
  const auto events = store.events().value();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[2].kind, "shard missing");
  EXPECT_EQ(events[2].body.at("variant"), "kv8");
}

TEST_F(Merge, RefusesShardsOfAnotherPlanVersionOrQuestionByName) {
  run_shards(plan_of_three());
  FrozenPlan other = plan_of_three();
  other.plan.seed = 7;
  begun(at("seed"), other);
  EXPECT_THAT(refusal({"bf16", "seed"}),
              AllOf(HasSubstr("bf16 and "), HasSubstr("seed cannot be merged"),
                    HasSubstr("plan.seed is 0 in one and 7 in the other")));
  FrozenPlan newer = plan_of_three();
  newer.assay = "0.3.0";
  begun(at("newer"), newer);
  EXPECT_THAT(refusal({"bf16", "newer"}),
              HasSubstr("one was made by assay 0.2.0 and the other by 0.3.0"));
  {
    Store store = Store::open(at("kv8"), Store::Mode::write).value();
    ASSERT_TRUE(store.set_meta(
        "applied", R"({"margin_pp": 9, "alpha": 0.05, "weights": "equal", "at_s": 1})"));
    ASSERT_TRUE(store.flush());
  }
  EXPECT_THAT(refusal({"bf16", "kv8"}), HasSubstr("their margins, alphas or weights"));
}

TEST_F(Merge, RefusesTwoAnswersForOneVariantAndShardsThatAreBeingWritten) {
  run_shards(plan_of_three());
  fs::copy(at("fp8"), at("copy"), fs::copy_options::recursive);
  EXPECT_THAT(refusal({"bf16", "fp8", "copy"}), HasSubstr("both answer for the variant fp8"));
  const Store writer = Store::open(at("fp8"), Store::Mode::write).value();
  EXPECT_THAT(refusal({"bf16", "fp8", "kv8"}), HasSubstr("fp8 is being written"));
}

TEST_F(Merge, LeavesWhatIsThereWhenAShardIsDamaged) {
  run_shards(plan_of_three());
  ASSERT_TRUE(merge({"bf16", "fp8", "kv8"}));
  const auto before = rows_of(at("merged"));
  {
    const Database db = Database::open(at("fp8") / "store.sqlite", true).value();
    ASSERT_TRUE(db.exec("UPDATE responses SET body = '{}' WHERE key = 'fp82'"));
  }
  EXPECT_THAT(refusal({"bf16", "fp8", "kv8"}),
              HasSubstr("the row 'fp82' of its table responses does not agree"));
  EXPECT_EQ(rows_of(at("merged")), before);
  EXPECT_FALSE(fs::exists(at("merged") / "store.merging.sqlite"));
}

TEST_F(Merge, AShardIsBegunFromTheBaselinesAndGoesOnWhereItStopped) {
  const FrozenPlan frozen = plan_of_three();
  run_shards(frozen);
  const Store store = Store::open(at("fp8"), Store::Mode::read).value();
  EXPECT_EQ(store.response("bf161").value()->text, "bf16 says 1");
  EXPECT_EQ(store.steps("bf16", Purpose::answer).value().size(), 2U);
  EXPECT_EQ(store.loads().value().size(), 2U);
  EXPECT_TRUE(begin_shard(at("fp8"), frozen.plan, {{"fp8"}, {}, {}}, {at("bf16")}));  // it is there
  EXPECT_EQ(store.response_count(), 4);
  const auto refused = [&](const std::vector<std::string>& names, const fs::path& folder,
                           const std::vector<fs::path>& base) {
    const Status made = begin_shard(folder, frozen.plan, {names, {}, {}}, base);
    return made ? "" : made.error().to_string();
  };
  EXPECT_THAT(refused({"kv8"}, at("fp8"), {at("bf16")}),
              AllOf(HasSubstr("was begun for something else"), HasSubstr("the shard of fp8")));
  EXPECT_THAT(refused({"fp8"}, at("new"), {}), HasSubstr("--baseline-from DIR"));
  EXPECT_THAT(refused({"fp8"}, at("new"), {at("kv8")}),
              HasSubstr("does not have the baseline's bf16:t#0"));
  EXPECT_THAT(refused({"none"}, at("new"), {}), HasSubstr("the plan has no variant 'none'"));
  EXPECT_FALSE(fs::exists(at("new")));
}

TEST_F(Merge, FindsShardsSideBySide) {
  run_shards(plan_of_three());
  EXPECT_THAT(folders_with_stores({folder_}), ElementsAre(at("bf16"), at("fp8"), at("kv8")));
  EXPECT_THAT(folders_with_stores({at("fp8")}), ElementsAre(at("fp8")));
  EXPECT_THAT(folders_with_stores({at("none")}), ElementsAre(at("none")));
}

// As plan_of_three(), with a second task that is asked twice.
FrozenPlan plan_of_parts() {
  FrozenPlan frozen = plan_of_three();
  frozen.plan.tasks.push_back({.name = "u"});
  frozen.plan.tasks[1].repeats = 2;
  frozen.plan.fidelity.items = 1;
  frozen.tasks.push_back({.name = "u", .metrics = {"robust"}, .items = {{"1", "", ""}}});
  frozen.tasks[1].repeats = 2;
  return frozen;
}

// What a part's run leaves: a load, the answers of its cells, and what it read back of `outputs`.
void answer_part(const FrozenPlan& frozen, const ShardPart& part,
                 const std::vector<std::string>& outputs, Store& store) {
  const std::string& variant = part.variants.front();
  const std::int64_t load = store.add_load(variant, 5, {.load_s = 2}).value();
  ASSERT_TRUE(store.set_meta("identity:" + variant, R"({"versions": {"vllm": "1"}})"));
  for (const ShardCell& cell : cells_of(frozen, part)) {
    const std::string key = variant + cell.task + std::to_string(cell.repeat);
    ASSERT_TRUE(store.put_response(key, {}, load));
    ASSERT_TRUE(store.put_step({{variant, cell.task, "1", cell.repeat}, 0, key, key}));
    ASSERT_TRUE(store.put_rendered(key, Rendered{"asked", {1, 2}, {}}));
    Score score;
    score.outcome = Outcome::scored;
    score.metrics["robust"] = 1;
    ASSERT_TRUE(store.put_score({{variant, cell.task, "1", cell.repeat}, score}));
  }
  ASSERT_TRUE(store.put_response(variant + " canary", {}, load));
  ASSERT_TRUE(store.put_step({{variant, "", "0", 0, Purpose::canary}, 0, variant + " canary", ""}));
  for (const std::string& task : outputs) {
    const std::string key = fmt::format("{} reads {}", variant, task);
    ASSERT_TRUE(store.put_response(key, {}, load));
    ASSERT_TRUE(store.put_step({{variant, task, "1", 0, Purpose::read_back}, 0, key, ""}));
  }
}

class MergeParts : public Merge {
 protected:
  void run_part(const std::string& name, const std::vector<std::string>& outputs = {}) {
    const ShardPart part = shard_part_from(name).value();
    const Status made = begin_shard(at(name), frozen_.plan, part, bases_);
    ASSERT_TRUE(made) << made.error().to_string();
    Store store = begun(at(name), frozen_);
    ASSERT_TRUE(keep_shard(part, store));
    answer_part(frozen_, part, outputs, store);
    end(store, "complete", "200.000");
    if (part.has_variant("bf16")) bases_.push_back(at(name));
  }
  // The baseline in three parts, fp8 in two, kv8 in one. Which output is the first of all no part
  // of the baseline knows.
  void run_parts() {
    run_part("bf16:t", {"t"});
    run_part("bf16:u#0", {"u"});
    run_part("bf16:u#1");
    run_part("fp8:t", {"t"});
    run_part("fp8:u");
    run_part("kv8", {"t"});
  }
  const FrozenPlan frozen_ = plan_of_parts();
  std::vector<fs::path> bases_;
};

TEST_F(MergeParts, HaveTheAnswersOfAll) {
  run_parts();
  const auto merged = merge({"kv8", "fp8:u", "bf16:u#1", "fp8:t", "bf16:u#0", "bf16:t"});
  ASSERT_TRUE(merged) << merged.error().to_string();
  const Store store = Store::open(at("merged"), Store::Mode::read).value();
  EXPECT_TRUE(store.verify());
  EXPECT_EQ(store.scores().value().size(), 9U);
  EXPECT_EQ(store.meta("end").value(), "complete");
  std::vector<std::string> loads;
  for (const StoredLoad& load : store.loads().value()) loads.push_back(load.variant);
  EXPECT_THAT(loads, ElementsAre("bf16", "bf16", "bf16", "fp8", "fp8", "kv8"));
  for (const char* variant : {"bf16", "fp8", "kv8"}) {
    const auto read = store.steps(variant, Purpose::read_back).value();
    ASSERT_EQ(read.size(), 1U) << variant;
    EXPECT_EQ(read[0].id.task, "t");
    EXPECT_EQ(store.steps(variant, Purpose::canary).value().size(), 1U);
  }
}

// The one that reads outputs back has the baseline's of all tasks; another one what it asks.
TEST_F(MergeParts, BeginWithWhatTheyNeedOfTheBaseline) {
  run_parts();
  const auto of_baseline = [&](const std::string& name) {
    std::vector<std::string> tasks;
    const Store store = Store::open(at(name), Store::Mode::read).value();
    for (const StoredStep& step : store.steps("bf16", Purpose::answer).value()) {
      tasks.push_back(step.id.task + std::to_string(step.id.repeat));
      EXPECT_TRUE(store.response(step.response_key).value());
      EXPECT_TRUE(store.rendered(step.rendered_key).value());
    }
    return tasks;
  };
  EXPECT_THAT(of_baseline("fp8:t"), ElementsAre("t0", "u0", "u1"));
  EXPECT_THAT(of_baseline("fp8:u"), ElementsAre("u0", "u1"));
  const Store other = Store::open(at("fp8:u"), Store::Mode::read).value();
  EXPECT_FALSE(other.response("bf16t0").value());
  const auto refused = [&](const std::string& name, const std::vector<fs::path>& bases) {
    const Status made = begin_shard(at("new"), frozen_.plan, shard_part_from(name).value(), bases);
    return made ? "" : made.error().to_string();
  };
  EXPECT_THAT(refused("kv8:t", {at("bf16:t")}), HasSubstr("not have the baseline's bf16:u#0"));
  EXPECT_THAT(refused("kv8:u#1", {at("bf16:t"), at("bf16:u#0")}), HasSubstr("bf16:u#1"));
  EXPECT_EQ(refused("kv8:u#1", {at("bf16:u#1")}), "");
}

TEST_F(MergeParts, RefusesTwoForOneCellAndSaysWhichNoneHas) {
  run_parts();
  run_part("kv8:u");
  EXPECT_THAT(refusal({"bf16:t", "bf16:u#0", "kv8", "kv8:u"}),
              HasSubstr("both answer for the variant kv8"));
  fs::copy(at("fp8:u"), at("copy"), fs::copy_options::recursive);
  EXPECT_THAT(refusal({"bf16:t", "fp8:u", "copy"}), HasSubstr("both answer for fp8:u#0"));
  EXPECT_THAT(refusal({"bf16:t", "bf16:u#0", "fp8:t"}),
              HasSubstr("no shard answers for bf16:u#1; fp8:u; kv8"));
  const auto partial = merge({"bf16:t", "bf16:u#0", "fp8:t"}, MissingShards::go_on);
  ASSERT_TRUE(partial);
  const auto events = Store::open(at("merged"), Store::Mode::read).value().events().value();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].body.at("variant"), "bf16");
  EXPECT_EQ(events[0].body.at("why"), "u#1: its shard left no store to merge");
  EXPECT_EQ(events[2].body.at("why"), "its shard left no store to merge");
}

TEST_F(MergeParts, RefusesPartsOfOneVariantByTwoEngines) {
  run_parts();
  {
    Store store = Store::open(at("fp8:u"), Store::Mode::write).value();
    ASSERT_TRUE(store.set_meta("identity:fp8", R"({"versions": {"vllm": "2"}})"));
    ASSERT_TRUE(store.flush());
  }
  EXPECT_THAT(refusal({"bf16:t", "fp8:t", "fp8:u"}),
              AllOf(HasSubstr("fp8 was answered by two engines"),
                    HasSubstr(R"(versions.vllm is "1" in one and "2" in the other)")));
}

// As releases wrote them that had whole variants alone.
TEST_F(Merge, TakesShardsThatNameTheirVariantsInAList) {
  run_shards(plan_of_three());
  {
    Store store = Store::open(at("fp8"), Store::Mode::write).value();
    ASSERT_TRUE(store.set_meta("shard", R"(["fp8"])"));
    ASSERT_TRUE(store.flush());
  }
  EXPECT_TRUE(merge({"bf16", "fp8", "kv8"}));
  EXPECT_EQ(read_shard(at("fp8"))->part, (ShardPart{{"fp8"}, {}, {}}));
}

}  // namespace
}  // namespace assay

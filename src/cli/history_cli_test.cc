// `assay history` over stores: what is a run, what is not, and the page.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cli/run_cli_test.h"
#include "plan/frozen.h"
#include "store/store.h"
#include "support/test_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

class HistoryOfFolders : public FolderTest {
 protected:
  // 40 items of which the candidate loses `lost`, as a run leaves them.
  void make_run(const std::string& name, const std::string& started_at, int lost,
                const std::string& vllm, const std::string& baseline = "o/m") {
    ASSERT_TRUE(make_dirs(folder_));
    Store store = Store::open(folder_ / name, Store::Mode::write).value();
    FrozenPlan frozen{.assay = "0"};
    frozen.plan.name = "nightly";
    frozen.plan.compare.weights = WeightRule::equal;
    FrozenTask task{.name = "a", .title = "a", .benchmark = "a", .kind = "generate"};
    task.max_gen_toks = 10;
    task.metrics = {"robust"};
    for (int i = 0; i < 40; ++i) task.items.push_back({std::to_string(i), "", ""});
    frozen.tasks = {task};
    frozen.variants = {{"bf16", baseline, "", "f:" + baseline, true},
                       {"fp8", "o/m8", "", "g", false}};
    ASSERT_TRUE(store.set_meta("frozen", to_json(frozen).dump()));
    ASSERT_TRUE(store.set_meta("frozen_hash", frozen_hash(frozen)));
    ASSERT_TRUE(store.set_meta("end", "complete"));
    ASSERT_TRUE(store.set_meta("started_at", started_at));
    for (const std::string variant : {"bf16", "fp8"}) {
      LoadFacts facts;
      facts.versions = {{"vllm", vllm}};
      ASSERT_TRUE(store.add_load(variant, 0, facts));
      for (int i = 0; i < 40; ++i) {
        const std::string id = std::to_string(i);
        ASSERT_TRUE(store.put_response(variant + id, Response{.text = "x"}, 1));
        ASSERT_TRUE(store.put_step({{variant, "a", id}, 0, variant + id, ""}));
        Score score;
        score.outcome = Outcome::scored;
        score.metrics = {{"robust", variant == "fp8" && i < lost ? 0 : 1}};
        ASSERT_TRUE(store.put_score({{variant, "a", id}, score}));
      }
    }
    ASSERT_TRUE(store.flush());
  }
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }
};

TEST_F(HistoryOfFolders, AFolderOfRunsIsReadInTheOrderOfTheirStarts) {
  make_run("runs/new", "2000000", 12, "0.26.0");
  make_run("runs/old", "1000000", 0, "0.25.0");
  make_dirs(folder_ / "runs/empty").value();
  fs::create_directory_symlink(folder_ / "runs/old", folder_ / "again");
  const Told told = assay({"history", at("runs"), at("again"), "--json"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  const json out = json::parse(told.out);
  ASSERT_EQ(out.at("runs").size(), 2U);
  EXPECT_EQ(out["runs"][0]["folder"], at("runs/old"));
  const json& points = out["variants"][0]["points"];
  EXPECT_EQ(points[0]["pooled"]["diff_pp"], 0);
  EXPECT_EQ(points[0]["pooled"]["verdict"], "inconclusive");
  EXPECT_EQ(points[1]["pooled"]["diff_pp"], -30);
  EXPECT_EQ(points[1]["pooled"]["verdict"], "worse");
  EXPECT_EQ(points[1]["moved"], json::array({"was INCONCLUSIVE"}));
  EXPECT_EQ(points[1]["changed"], json::array({"vllm 0.25.0 → 0.26.0"}));
}

TEST_F(HistoryOfFolders, ThePageIsNotWrittenOverWithoutForce) {
  make_run("run", "1000000", 0, "0.25.0");
  write("page.html", "mine");
  const Told told = assay({"history", at("run"), "--html", at("page.html")});
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_EQ(told.err, "error: " + at("page.html") +
                          " exists already\n  why: it is not overwritten\n"
                          "  do:  name another file, or add --force\n");
  EXPECT_EQ(assay({"history", at("run"), "--html", at("page.html"), "--force"}).exit_code, 0);
  EXPECT_THAT(read_file(at("page.html")).value(), HasSubstr("<h1>nightly</h1>"));
}

TEST_F(HistoryOfFolders, WhatIsNoHistoryIsNamed) {
  make_dirs(folder_ / "empty").value();
  make_run("one", "1000000", 0, "0.25.0");
  make_run("two", "2000000", 0, "0.26.0", "o/other");
  {
    const Store begun = Store::open(folder_ / "begun", Store::Mode::write).value();
  }
  for (const auto& [folders, what, why] :
       std::vector<std::tuple<std::vector<std::string>, std::string, std::string>>{
           {{at("none")}, "there is no folder " + at("none"), "a history is made of runs' folders"},
           {{at("empty")},
            "there are no runs in " + at("empty"),
            "neither it nor a folder in it holds a store.sqlite"},
           {{at("begun")},
            at("begun") + " holds no run that has begun",
            "its store has no frozen plan"},
           {{at("one"), at("two")},
            at("one") + " and " + at("two") + " have different baselines",
            "o/m in the one, o/other in the other"}}) {
    std::vector<std::string> words = {"history"};
    words.insert(words.end(), folders.begin(), folders.end());
    const Told told = assay(words);
    EXPECT_EQ(told.exit_code, 2);
    EXPECT_THAT(told.err, HasSubstr("error: " + what + "\n  why: " + why + "\n  do:  "));
  }
}

}  // namespace
}  // namespace assay

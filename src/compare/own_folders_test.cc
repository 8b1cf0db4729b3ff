// Folders that assay itself wrote, summarized and compared.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "compare/compare_folders.h"
#include "compare/summarize.h"
#include "report/write.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Two tasks of 40 items, all right but that fp8 loses items 0 to 9 of task a.
RunReport made_up_run() {
  RunReport report;
  report.variants.resize(2);
  report.variants[0].name = "bf16";
  report.variants[0].baseline = true;
  report.variants[1].name = "fp8";
  report.pooled.resize(2);
  for (const std::string name : {"a", "b"}) {
    TaskValues task{.name = name, .title = name, .kind = "generate", .status = "ok"};
    task.metrics = {"robust"};
    task.planned = 40;
    task.shared_means = {1, 1};
    for (std::size_t v = 0; v < 2; ++v) {
      Cell cell;
      cell.planned = cell.run = cell.scored = 40;
      cell.metrics = {{"robust", v == 1 && name == "a" ? 0.75 : 1.0}};
      task.cells.push_back(cell);
    }
    report.tasks.push_back(task);
    for (int i = 0; i < 40; ++i) {
      ItemValues item{name, name + std::to_string(i)};
      for (std::size_t v = 0; v < 2; ++v) {
        OutputValues output;
        output.text = report.texts->put("out");
        output.outcome = "scored";
        output.score = v == 1 && name == "a" && i < 10 ? 0 : 1;
        item.outputs.emplace_back(output);
      }
      report.items.push_back(std::move(item));
    }
  }
  return report;
}

TEST(OwnFolders, SummariesAndComparisonsReadThem) {
  const fs::path folder =
      fs::path(testing::TempDir()) / ("assay_own_folders_" + std::to_string(::getpid()));
  fs::remove_all(folder);
  ASSERT_TRUE(write_reports(made_up_run(), folder));
  const auto rows = read_summary({folder}).value();
  const auto found = std::find_if(rows.begin(), rows.end(), [](const SummaryRow& r) {
    return r.model == "fp8" && r.task == "a" && r.metric == "robust";
  });
  ASSERT_NE(found, rows.end());
  EXPECT_DOUBLE_EQ(found->value, 0.75);
  EXPECT_EQ(found->n, 40);
  // By variant's folder, by name, and the run alone: the same comparison.
  const std::string run = folder.string();
  for (const auto& [base, candidates] :
       std::vector<std::pair<std::string, std::vector<std::string>>>{
           {run + "/results/bf16", {run + "/results/fp8"}},
           {run + ":bf16", {run + ":fp8"}},
           {run, {}},
           {run, {run}}}) {
    const auto compared = compare_folders({.base = base, .candidates = candidates});
    ASSERT_TRUE(compared) << compared.error().to_string();
    ASSERT_EQ(compared->candidates.size(), 1U) << base;
    const FolderComparison& one = compared->candidates[0];
    EXPECT_EQ(one.base, "bf16");
    EXPECT_EQ(one.candidate, "fp8");
    EXPECT_EQ(one.tasks[0].comparison.flips_to_wrong, 10);
    EXPECT_EQ(one.tasks[0].comparison.verdict, Verdict::worse);
    EXPECT_DOUBLE_EQ(one.pooled.overall.diff_pp, -12.5);
  }
  EXPECT_FALSE(summarize({folder / "logs"}, TableFormat::csv));
  fs::remove_all(folder);
}

// bf16 was asked everything twice and got the second answer wrong, fp8 once: over the answers that
// both have it is the 10 items that fp8 loses.
TEST(OwnFolders, APairIsOfTheRepeatsThatBothSidesHave) {
  const fs::path folder =
      fs::path(testing::TempDir()) / ("assay_own_repeats_" + std::to_string(::getpid()));
  fs::remove_all(folder);
  RunReport report = made_up_run();
  report.tasks.resize(1);
  report.items.resize(40);
  report.tasks[0].repeats = 2;
  report.tasks[0].cells[0].metrics = {{"robust", 0.5}};
  using Scores = std::vector<RepeatScore>;
  for (ItemValues& item : report.items) {
    item.outputs[0]->score = 0.5;
    item.outputs[0]->each = std::make_shared<const Scores>(Scores{{0, 1.0}, {1, 0.0}});
  }
  // Of one item fp8 has the second answer alone, which both got wrong.
  report.items[39].outputs[1]->score = 0;
  report.items[39].outputs[1]->each = std::make_shared<const Scores>(Scores{{1, 0.0}});
  ASSERT_TRUE(write_reports(report, folder));
  const auto compared = compare_folders({.base = folder.string()});
  ASSERT_TRUE(compared) << compared.error().to_string();
  const PairedComparison& c = compared->candidates[0].tasks[0].comparison;
  EXPECT_EQ(c.n, 40);
  EXPECT_DOUBLE_EQ(c.diff_pp, -25);
  EXPECT_EQ(c.flips_to_wrong, 10);
  EXPECT_EQ(c.flips_to_right, 0);
  EXPECT_EQ(c.both_wrong, 1);
  fs::remove_all(folder);
}

// A run until decided says WORSE by its looks; whoever asks another question of the same answers
// gets none, because the looks chose how many there are.
TEST(OwnFolders, ARunEndedByLooksSaysItsOwnVerdictAlone) {
  const fs::path folder =
      fs::path(testing::TempDir()) / ("assay_own_looks_" + std::to_string(::getpid()));
  fs::remove_all(folder);
  RunReport report = made_up_run();
  report.until = Until::decided;
  report.looks.resize(2);
  report.looks[1] = LooksValues{.schedule = look_schedule({}, 80), .pairs = 80};
  report.pooled[1].overall.n = 64;
  report.pooled[1].overall.diff_pp = -12;
  report.pooled[1].overall.verdict = Verdict::worse;
  report.tasks[0].cells[1].paired.emplace();
  report.tasks[0].cells[1].paired->n = 32;
  report.tasks[0].cells[1].paired->verdict = Verdict::inconclusive;
  ASSERT_TRUE(write_reports(report, folder));
  CompareRequest request{.base = folder.string()};
  auto compared = compare_folders(request);
  ASSERT_TRUE(compared) << compared.error().to_string();
  const PairedComparison& pooled = compared->candidates[0].pooled.overall;
  EXPECT_EQ(pooled.n, 64);
  EXPECT_EQ(pooled.diff_pp, -12);
  EXPECT_EQ(pooled.verdict, Verdict::worse);
  EXPECT_EQ(compared->candidates[0].tasks[0].comparison.n, 32);
  EXPECT_EQ(compared->candidates[0].tasks[0].comparison.verdict, Verdict::inconclusive);
  request.policy.margin_pp = 20;
  compared = compare_folders(request);
  ASSERT_TRUE(compared) << compared.error().to_string();
  EXPECT_EQ(compared->candidates[0].pooled.overall.verdict, Verdict::invalid);
  EXPECT_EQ(compared->candidates[0].tasks[0].comparison.reason, "ended by looks");
  fs::remove_all(folder);
}

}  // namespace
}  // namespace assay

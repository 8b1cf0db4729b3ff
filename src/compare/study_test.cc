// A made-up study: 16 arms, 5 tasks, 2 runs, in the layouts that people use.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/json.h"
#include "compare/compare_folders.h"
#include "compare/study.h"
#include "support/test_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr int kArms = 16;
constexpr int kFewArms = 3;  // of the further layouts: the statistics take most of the time
constexpr int kTasks = 5;
constexpr int kItems = 40;

// Arm 0 is bf16. Arm a loses the items below 2a of task 0 in run 1, and below a in run 2.
bool is_right(int arm, int task, int run, int item) {
  return task != 0 || item >= (run == 1 ? 2 * arm : arm);
}

std::string arm_name(int arm) {
  return arm == 0 ? "bf16" : fmt::format("quant{}", arm);
}

struct Call {  // one call of lm-eval
  int arm, task, run;
  std::string date;
};

std::string results_of(const Call& call) {
  int right = 0;
  for (int i = 0; i < kItems; ++i) right += is_right(call.arm, call.task, call.run, i) ? 1 : 0;
  const std::string task = fmt::format("task{}", call.task);
  return Json{{"results", {{task, {{"exact_match,none", right / double{kItems}}}}}},
              {"n-samples", {{task, {{"effective", kItems}}}}},
              {"versions", {{task, 1}}},
              {"model_name", "org/" + arm_name(call.arm)}}
      .dump();
}

std::string samples_of(const Call& call) {
  std::string out;
  for (int i = 0; i < kItems; ++i) {
    out += Json{{"doc_id", i},
                {"doc_hash", fmt::format("{}-{}", call.task, i)},
                {"filter", "none"},
                {"metrics", {"exact_match"}},
                {"resps", {{"42"}}},
                {"exact_match", is_right(call.arm, call.task, call.run, i) ? 1.0 : 0.0}}
               .dump() +
           "\n";
  }
  return out;
}

// Calls `lay` with every call of the study, and a date that no two share.
template <typename Lay>
void make_study(int arms, Lay lay) {
  int n = 0;
  for (int arm = 0; arm < arms; ++arm) {
    for (int task = 0; task < kTasks; ++task) {
      for (int run = 1; run <= 2; ++run, ++n) {
        lay(Call{arm, task, run,
                 fmt::format("2026-08-{:02}T{:02}-00-00.000001", n / 24 + 1, n % 24)});
      }
    }
  }
}

class StudyTest : public FolderTest {
 protected:
  void write_call(const std::string& below, const std::string& stem, const Call& call) {
    write(below + stem + "_" + call.date + ".json", results_of(call));
    write(fmt::format("{}samples_task{}_{}.jsonl", below, call.task, call.date), samples_of(call));
  }

  // One command: all arms but the first, each with five tasks of 40 items.
  void expect_study(int arms, const std::string& pattern) {
    const auto report =
        compare_folders({.base = folder_.string(), .baseline = "bf16", .arm_pattern = pattern});
    ASSERT_TRUE(report) << report.error().to_string();
    ASSERT_EQ(report->candidates.size(), static_cast<std::size_t>(arms - 1));
    for (const FolderComparison& one : report->candidates) {
      const int arm = std::stoi(one.candidate.substr(std::string("quant").size()));
      ASSERT_EQ(one.tasks.size(), static_cast<std::size_t>(kTasks));
      const PairedComparison& task = one.tasks[0].comparison;
      EXPECT_TRUE(one.tasks[0].paired);
      EXPECT_EQ(task.n, kItems);  // an item is one pair, however often it was run
      EXPECT_NEAR(task.mean_diff_pp, -100.0 * 1.5 * arm / kItems, 1e-9) << one.candidate;
      EXPECT_EQ(one.tasks[1].comparison.mean_diff_pp, 0);
      EXPECT_EQ(one.pooled.overall.n, kItems * kTasks);
    }
  }
};

TEST_F(StudyTest, AFolderAnArmWithAFolderARun) {
  make_study(kFewArms, [this](const Call& c) {
    write_call(fmt::format("{}/run{}/org__{}/", arm_name(c.arm), c.run, arm_name(c.arm)), "results",
               c);
  });
  expect_study(kFewArms, "");
}

TEST_F(StudyTest, AFolderAnArmWithAFolderATask) {
  make_study(kFewArms, [this](const Call& c) {
    write_call(fmt::format("{}/task{}/seed_{}/", arm_name(c.arm), c.task, c.run), "results", c);
  });
  expect_study(kFewArms, "");
  expect_study(kFewArms, "{arm}/{task}/seed_{run}");
}

TEST_F(StudyTest, AFileAnArmAndTask) {
  make_study(kArms, [this](const Call& c) {
    write_call("", fmt::format("{}__task{}", arm_name(c.arm), c.task), c);
  });
  expect_study(kArms, "{arm}__{task}.json");
}

TEST_F(StudyTest, ArmsWhoseNamesHoldTheRun) {
  make_study(kFewArms, [this](const Call& c) {
    write_call(fmt::format("out/{}-r{}/", arm_name(c.arm), c.run), "results", c);
  });
  expect_study(kFewArms, "out/{arm}-r{run}");
}

TEST_F(StudyTest, APatternThatFitsNothingOrNamesNoArmIsRefused) {
  write_call("", "bf16__task0", {0, 0, 1, "2026-08-01T10-00-00.000001"});
  const auto nothing = read_study({folder_.string()}, "{arm}--{task}.json");
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().why, "bf16__task0.json is not of the pattern");
  EXPECT_FALSE(read_study({folder_.string()}, "{task}.json"));
  const auto one = read_study({folder_.string()}, "{arm}__{task}.json");
  ASSERT_TRUE(one) << one.error().to_string();
  EXPECT_EQ(one->front().name, "bf16");
}

TEST_F(StudyTest, ARunThatWasAskedOtherwiseIsNoRepeat) {
  for (const int shots : {0, 5}) {
    write(
        fmt::format("bf16/run{}/results_2026-08-0{}T10-00-00.json", shots, shots + 1),
        fmt::format(
            R"({{"results":{{"t":{{"acc,none":0.{}}}}},"n-shot":{{"t":{}}},"versions":{{}},"model_name":"m"}})",
            shots + 1, shots));
  }
  const auto arms = read_study({folder_.string()}, "");
  ASSERT_TRUE(arms) << arms.error().to_string();
  EXPECT_EQ(arms->front().tasks.at("t").metrics.at(0).value, 0.6);
  EXPECT_EQ(arms->front().notes.at(0).en,
            "t: the run of results_2026-08-01T10-00-00.json was asked otherwise and is left out");
}

}  // namespace
}  // namespace assay

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <tuple>
#include <utility>

#include "base/files.h"
#include "base/json.h"
#include "plan/frozen.h"
#include "report/build.h"
#include "report/facts.h"
#include "report/summary.h"
#include "report/terminal.h"
#include "report/write.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;

// What these tests call the answers of the baseline's second pass, beside the variants' names.
constexpr const char* kSecondPass = "bf16 again";

// A stored run of two variants and three tasks, one of them gated.
class ReportTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("assay_report_") +
               testing::UnitTest::GetInstance()->current_test_info()->name() +
               std::to_string(::getpid()));
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] FrozenTask task(const std::string& name, int items, bool available = true) const {
    FrozenTask out{
        .name = name, .title = title_.empty() ? name : title_, .benchmark = name, .kind = kind_};
    out.max_gen_toks = 10;
    out.metrics = {"robust", "lm_eval"};
    out.cut_at = cut_at_;
    out.available = available;
    out.reason = available ? "" : "HF gated";
    for (int i = 0; i < items; ++i) {
      out.items.push_back({name + std::to_string(i), "", i % 2 == 0 ? "even" : "odd"});
    }
    return out;
  }

  // right(variant, task, item): 1, 0, or -1 for not run.
  RunReport make(const std::function<int(const std::string&, const std::string&, int)>& right,
                 int items = 40, const std::string& output = "out") {
    fs::remove_all(folder_);
    Store store = Store::open(folder_, Store::Mode::write).value();
    FrozenPlan frozen{.assay = "0"};
    frozen.plan.name = "p<lan>";
    frozen.plan.budget_s = 100;
    frozen.tasks = {task("a", items), task("b", items), task("hle", items, false)};
    frozen.variants = {{"bf16", "m", "", "", true}, {"fp8", "m8", "", "", false}};
    EXPECT_TRUE(store.set_meta("frozen", to_json(frozen).dump()));
    EXPECT_TRUE(store.set_meta("frozen_hash", frozen_hash(frozen)));
    EXPECT_TRUE(store.set_meta("end", "complete"));
    if (!missing_.empty()) {
      EXPECT_TRUE(store.set_meta("sandbox_missing", missing_));
    }
    EXPECT_TRUE(store.set_meta("started_at", "1000"));
    EXPECT_TRUE(store.set_meta("ended_at", "1060"));
    std::vector<std::string> names = {"bf16", "fp8"};
    if (second_pass_) names.emplace_back(kSecondPass);
    for (const std::string& variant : names) {
      LoadFacts facts = facts_;
      facts.load_s = 10;
      facts.work_s = 20;
      facts.generated_tokens = 400;
      EXPECT_TRUE(store.add_load(variant, 0, facts));
      for (const std::string name : {"a", "b"}) {
        for (int i = 0; i < items; ++i) {
          const int value = right(variant, name, i);
          if (value < 0) continue;
          const std::string id = name + std::to_string(i);
          Response response;
          response.text = output;
          EXPECT_TRUE(store.put_response(variant + id, response, 1));
          EXPECT_TRUE(store.put_step(
              {answer_id(variant, name, id), 0, variant + id, fmt::format("1{}{}", variant, id)}));
          if (prompt_) put_prompts(store, variant, name, id);
          Score score;
          score.outcome = Outcome::scored;
          score.metrics = {{"robust", value}, {"lm_eval", value}};
          if (options_ && options_(i) > 0) score.options = options_(i);
          if (name == filtered_) {  // lm-eval's strict-match fails on all but the first item
            score.metrics["lm_eval"] = i == 0 ? value : 0;
            score.metrics["exact_match,strict-match"] = i == 0 ? value : 0;
            score.metrics["exact_match,flexible-extract"] = value;
            score.remarks[kFilteredRemark] = {{"strict-match", i == 0 ? "4" : "[invalid]"},
                                              {"flexible-extract", "4"}};
          }
          if (i < unscored_[variant]) {
            score = {};
            score.reason = reason::kSandboxFault;
          }
          score.truncated = truncated_.find(variant) != std::string::npos;
          EXPECT_TRUE(store.put_score({answer_id(variant, name, id), score}));
        }
      }
    }
    EXPECT_TRUE(store.flush());
    auto report = build_report(store);
    EXPECT_TRUE(report) << report.error().to_string();
    return *std::move(report);
  }

  static AnswerId answer_id(const std::string& variant, const std::string& task,
                            const std::string& item) {
    if (variant == kSecondPass) return {"bf16", task, item, 0, Purpose::second_pass};
    return {variant, task, item};
  }

  // Two steps, asked what prompt_ says.
  void put_prompts(Store& store, const std::string& variant, const std::string& task,
                   const std::string& id) {
    for (int step = 0; step < 2; ++step) {
      const std::string key = fmt::format("{}{}{}", step + 1, variant, id);
      Rendered prompt;
      prompt.text = prompt_(variant, id, step);
      EXPECT_TRUE(store.put_rendered(key, prompt));
      EXPECT_TRUE(store.put_step({answer_id(variant, task, id), step, variant + id, key}));
    }
  }

  fs::path folder_;
  std::function<std::string(const std::string&, const std::string&, int)> prompt_;
  std::function<int(int)> options_;      // of each item; 0: it does not say
  std::string title_;                    // of every task; empty: its name
  std::string kind_ = "generate";        // of every task
  std::string missing_;                  // part of the sandbox
  std::vector<std::string> cut_at_;      // of every task
  std::string filtered_;                 // a task of which lm-eval has two filters
  std::string truncated_;                // variants whose outputs are all cut
  std::map<std::string, int> unscored_;  // of each task's first items
  bool second_pass_ = false;             // of the baseline
  LoadFacts facts_;                      // more of each load's
};

TEST_F(ReportTest, FiguresAndPairs) {
  // fp8 loses items 0 to 9 of task a, where bf16 has all right.
  const RunReport report = make([](const std::string& v, const std::string& t, int i) {
    return v == "fp8" && t == "a" && i < 10 ? 0 : 1;
  });
  const Cell& cell = report.tasks[0].cells[1];
  EXPECT_EQ(cell.scored, 40);
  EXPECT_DOUBLE_EQ(cell.metrics.at("robust"), 0.75);
  ASSERT_TRUE(cell.paired);
  EXPECT_EQ(cell.paired->n, 40);
  EXPECT_EQ(cell.paired->flips_to_wrong, 10);
  EXPECT_DOUBLE_EQ(cell.paired->diff_pp, -25);
  EXPECT_EQ(cell.paired->verdict, Verdict::worse);
  EXPECT_EQ(report.tasks[0].cells[0].paired, std::nullopt);
  EXPECT_EQ(report.tasks[2].cells[1].not_available, "N/A (HF gated)");
  EXPECT_EQ(report.tasks[0].shared, 40);
  EXPECT_EQ(report.pooled[1].overall.n, 80);
  EXPECT_DOUBLE_EQ(report.pooled[1].overall.diff_pp, -12.5);
  EXPECT_EQ(report.variants[0].tokens_per_s, 20);
  EXPECT_DOUBLE_EQ(cell.groups.at("even").second, 0.75);
}

// A merge's time is that of all its shards, the budget each one's.
TEST_F(ReportTest, TimeSpentIsThatOfAllJobs) {
  std::ignore = make([](auto, auto, int) { return 1; });
  Store store = Store::open(folder_, Store::Mode::write).value();
  const auto line = [&](Language language) {
    EXPECT_TRUE(store.flush());
    return run_line(build_report(store).value()).in(language);
  };
  ASSERT_TRUE(store.set_meta("spent_s", "250"));
  EXPECT_THAT(line(Language::en), EndsWith(" · 4m 10s of 1m 40s"));
  ASSERT_TRUE(store.set_meta("merged", "3 shards"));
  EXPECT_THAT(line(Language::en), EndsWith(" · 4m 10s in 3 jobs of at most 1m 40s each"));
  EXPECT_THAT(line(Language::zh), EndsWith(" · 3 个作业共用时 4m 10s，每个预算 1m 40s"));
  // The judge's job has the budget for itself.
  ASSERT_TRUE(store.add_event(0, "judge loaded", {{"devices", 1}}));
  EXPECT_THAT(line(Language::en), EndsWith(" in 4 jobs of at most 1m 40s each"));
  ASSERT_TRUE(store.set_meta("merged", "1 shards"));
  EXPECT_THAT(line(Language::en), EndsWith(" in 2 jobs of at most 1m 40s each"));
}

// The clocks of nodes are apart, or one was set: what they say together is not known.
TEST_F(ReportTest, NoTimesBetweenClocksThatAreApart) {
  RunReport report = make([](auto, auto, int) { return 1; });
  EXPECT_EQ(report.ended_at_s, 1060);
  Store store = Store::open(folder_, Store::Mode::write).value();
  ASSERT_TRUE(store.add_load("fp8", 500, {}));  // the one before was busy until 20
  report = build_report(store).value();
  EXPECT_EQ(report.loads.back().idle_before_s, 480);
  ASSERT_TRUE(store.set_meta("merged", "2 shards"));
  ASSERT_TRUE(store.set_meta("ended_at", "900"));
  report = build_report(store).value();
  EXPECT_EQ(report.loads.back().idle_before_s, std::nullopt);
  EXPECT_EQ(report.ended_at_s, 0);
}

TEST_F(ReportTest, TasksOfOneBenchmarkHaveTitlesOfTheirOwn) {
  title_ = "MATH-500";
  const RunReport report = make([](const auto&, const auto&, int) { return 1; });
  EXPECT_EQ(report.tasks[0].title, "MATH-500 (a)");
  EXPECT_EQ(report.tasks[1].title, "MATH-500 (b)");
}

// A third of the items with 4 options and the others with 10: (1/4 + 2/10) / 3 = 0.15.
TEST_F(ReportTest, GuessingScoresTheMeanOfOneInSoManyOptions) {
  options_ = [](int item) { return item % 3 == 0 ? 4 : 10; };
  const auto right = [](const std::string&, const std::string&, int) { return 1; };
  EXPECT_NEAR(make(right, 39).tasks[0].chance, 0.15, 1e-12);
  options_ = [](int item) { return item == 0 ? 0 : 10; };  // one does not say: as frozen
  EXPECT_EQ(make(right, 39).tasks[0].chance, 0);
}

TEST_F(ReportTest, NotRunIsNeverWrong) {
  const RunReport report = make([](const std::string& v, const std::string&, int i) {
    if (v == "fp8" && i >= 10) return -1;
    return 1;
  });
  const Cell& cell = report.tasks[0].cells[1];
  EXPECT_EQ(cell.unscored.at("not run"), 30);
  EXPECT_DOUBLE_EQ(cell.metrics.at("robust"), 1);
  EXPECT_EQ(cell.paired->n, 10);
  EXPECT_EQ(report.tasks[0].shared, 10);
}

TEST_F(ReportTest, OneSidedTruncationIsInvalid) {
  truncated_ = "fp8";
  const RunReport report = make([](const std::string&, const std::string&, int) { return 1; });
  EXPECT_EQ(report.tasks[0].cells[1].paired->verdict, Verdict::invalid);
  EXPECT_EQ(verdict_text(*report.tasks[0].cells[1].paired), "INVALID (truncated)");
  EXPECT_EQ(report.pooled[1].overall.n, 0);  // nothing sound is left to pool
  EXPECT_EQ(verdict_text(report.pooled[1].overall), "INVALID (truncated: a, truncated: b)");
}

// 8 of 40 answers of one side could not be scored: its share is 20 points above the other's 0.
// With 5 there and 8 here it is 7.5 points: flagged, no more.
TEST_F(ReportTest, UnscoredOnOneSideIsInvalid) {
  unscored_ = {{"fp8", 8}};
  const auto right = [](const std::string&, const std::string&, int) { return 1; };
  EXPECT_EQ(verdict_text(*make(right).tasks[0].cells[1].paired), "INVALID (unscored)");
  unscored_ = {{"bf16", 8}};
  const RunReport broken_baseline = make(right);
  EXPECT_EQ(verdict_text(*broken_baseline.tasks[0].cells[1].paired), "INVALID (unscored)");
  EXPECT_EQ(broken_baseline.flags[0].variant, "bf16");
  EXPECT_EQ(broken_baseline.flags[0].count, 8);
  EXPECT_EQ(broken_baseline.flags[0].of, 40);
  EXPECT_EQ(broken_baseline.flags[0].example, "a0");
  unscored_ = {{"bf16", 5}, {"fp8", 8}};
  const RunReport both = make(right);
  EXPECT_EQ(both.flags.size(), 4U);
  EXPECT_NE(both.tasks[0].cells[1].paired->verdict, Verdict::invalid);
}

// The baseline's second pass flips on 2 of 40 items, the variant on 1 of task a and 3 of task b.
TEST_F(ReportTest, NoiseFloor) {
  const auto right = [](const std::string& v, const std::string& t, int i) {
    if (v == "fp8") return i < (t == "a" ? 1 : 3) ? 0 : 1;
    return v == kSecondPass && i < 2 ? 0 : 1;
  };
  second_pass_ = true;
  const RunReport report = make(right);
  ASSERT_TRUE(report.noise_floor && report.tasks[0].noise_floor);
  EXPECT_EQ(report.noise_floor->comparison.n, 80);
  EXPECT_EQ(report.noise_floor->comparison.flips_to_wrong, 4);
  EXPECT_DOUBLE_EQ(report.noise_floor->comparison.diff_pp, -5);
  EXPECT_EQ(report.noise_floor->answered_twice, 80);
  EXPECT_EQ(report.noise_floor->worded_differently, 0);
  // Tango's interval of 2 flips to wrong of 40; root by scipy.optimize.brentq as in paired_test.cc.
  EXPECT_NEAR(report.tasks[0].noise_floor->comparison.interval_low_pp, -16.503877369140962, 1e-6);
  ASSERT_EQ(report.flags.size(), 2U);  // 2 flips against 1 on a, 4 against 4 in all; 2 < 3 on b
  EXPECT_EQ(report.flags[0].name, "noise");
  EXPECT_EQ(report.flags[0].task, "");
  EXPECT_EQ(report.flags[0].count, 4);
  EXPECT_EQ(report.flags[0].of, 80);
  EXPECT_DOUBLE_EQ(report.flags[0].threshold, 0.05);
  EXPECT_EQ(report.flags[1].task, "a");
  EXPECT_EQ(report.flags[1].example, "a0");
  EXPECT_FALSE(report.flags[1].forces_invalid());
  EXPECT_EQ(make([](const std::string&, const std::string&, int) { return 1; }).flags.size(), 0U);
}

// 9 of 40 items lost and none won: exact McNemar 2 / 512 = 0.0039.
TEST_F(ReportTest, ABaselineThatDiffersFromItselfIsInvalid) {
  second_pass_ = true;
  const RunReport report = make([](const std::string& v, const std::string& t, int i) {
    return v == kSecondPass && t == "a" && i < 9 ? 0 : 1;
  });
  ASSERT_FALSE(report.flags.empty());
  EXPECT_EQ(report.flags[0].name, "not reproducible");
  EXPECT_EQ(report.flags[0].variant, "bf16");
  EXPECT_EQ(report.flags[0].count, 9);
  EXPECT_EQ(report.flags[0].example, "a0");
  EXPECT_EQ(verdict_text(*report.tasks[0].cells[1].paired), "INVALID (not reproducible)");
  EXPECT_NE(report.tasks[1].cells[1].paired->verdict, Verdict::invalid);
}

TEST_F(ReportTest, EngineThatFellBackIsQuoted) {
  facts_.engine = {{"log", "Selected A for B\nX not supported, falling back to Y"}};
  facts_.fell_back = {"X not supported, falling back to Y"};
  const RunReport report = make([](const std::string&, const std::string&, int) { return 1; });
  ASSERT_EQ(report.flags.size(), 2U);
  EXPECT_EQ(report.flags[0].name, "engine fell back");
  EXPECT_EQ(report.flags[0].text, "its engine says: X not supported, falling back to Y");
}

TEST_F(ReportTest, ABrokenBaselineIsInvalidToo) {
  truncated_ = "bf16";
  const RunReport report = make([](const std::string&, const std::string&, int) { return 1; });
  EXPECT_EQ(verdict_text(*report.tasks[0].cells[1].paired), "INVALID (truncated)");
  ASSERT_FALSE(report.flags.empty());
  EXPECT_EQ(report.flags[0].variant, "bf16");
  EXPECT_EQ(report.flags[0].invalidates, std::vector<std::string>{"fp8"});
  EXPECT_EQ(report.flags[0].example, "a0");
}

TEST_F(ReportTest, WhatBothSidesShowIsFlaggedAndForcesNothing) {
  truncated_ = "bf16 fp8";
  const RunReport report = make([](const std::string&, const std::string&, int) { return 1; });
  EXPECT_EQ(report.flags.size(), 4U);  // two tasks, two variants
  EXPECT_NE(report.tasks[0].cells[1].paired->verdict, Verdict::invalid);
}

TEST_F(ReportTest, EveryFormatSaysTheSameAndNothingForbidden) {
  const RunReport report = make([](const std::string& v, const std::string& t, int i) {
    return v == "fp8" && t == "a" && i < 10 ? 0 : 1;
  });
  ASSERT_TRUE(write_reports(report, folder_));
  for (const char* name : {"report.md", "report.html", "results.json", "results.csv"}) {
    const std::string text = read_file(folder_ / name).value();
    EXPECT_NE(text.find(std::string(name) == "results.json" || std::string(name) == "results.csv"
                            ? "worse"
                            : "WORSE"),
              std::string::npos)
        << name;
    EXPECT_NE(text.find("N/A (HF gated)"), std::string::npos) << name;
    for (const char* word : {" equal ", "no loss"})
      EXPECT_EQ(text.find(word), std::string::npos) << name;
  }
  EXPECT_NE(terminal_table(report, {}).find("N/A (HF gated)"), std::string::npos);
  EXPECT_EQ(terminal_table(report, {}).find('\033'), std::string::npos);
  // The same values make the same bytes.
  const std::string before = read_file(folder_ / "report.html").value();
  ASSERT_TRUE(write_reports(report, folder_));
  EXPECT_EQ(read_file(folder_ / "report.html").value(), before);
}

TEST_F(ReportTest, SaysWhatTheSandboxLacked) {
  const auto all_right = [](const std::string&, const std::string&, int) { return 1; };
  EXPECT_EQ(make(all_right).summary.find("memory_cgroup"), std::string::npos);
  fs::remove_all(folder_);
  missing_ = "memory_cgroup";
  const RunReport report = make(all_right);
  EXPECT_TRUE(report.summary.ends_with(
      " Programs ran in a sandbox without memory_cgroup, as the plan accepts."))
      << report.summary;
  EXPECT_EQ(json_report(report)["sandbox_missing"], "memory_cgroup");
}

TEST_F(ReportTest, HostileOutputStaysText) {
  const std::string evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\xff";
  const RunReport report =
      make([](const std::string&, const std::string&, int) { return 1; }, 2, evil);
  const std::string html = html_report(report).value();
  EXPECT_EQ(html.find("<script>alert"), std::string::npos);
  EXPECT_EQ(html.find("<img"), std::string::npos);
  EXPECT_NE(html.find("p&lt;lan&gt;"), std::string::npos);
  std::size_t scripts = 0;
  for (std::size_t at = html.find("</script>"); at != std::string::npos;
       at = html.find("</script>", at + 1))
    ++scripts;
  EXPECT_EQ(scripts, 5U);  // figures, index, one chunk; charts and ours
}

int all_right(const std::string&, const std::string&, int) {
  return 1;
}

// The hashes of both variants' prompts of one item.
std::pair<std::string, std::string> prompt_hashes(const RunReport& report, const std::string& id) {
  const auto item = std::ranges::find(report.items, id, &ItemValues::id);
  return {report.prompt_hashes->get(item->outputs[0]->prompt_hash).value(),
          report.prompt_hashes->get(item->outputs[1]->prompt_hash).value()};
}

// SciCode's later steps hold the model's own code of the earlier ones: two models are asked the
// same first and differ from then on.
TEST_F(ReportTest, OwnAnswersInLaterPromptsAreNoOtherQuestion) {
  prompt_ = [](const std::string& variant, const std::string& id, int step) {
    return "Write step one of " + id + (step == 0 ? "" : ". Your code so far: by " + variant);
  };
  // Hashed is the first prompt alone. sha256sum of "Write step one of a0".
  const std::string hash = "c6c31e49dcb9d8a775f9853852be058d71607e0faaad1d3dca63732986e6b9ac";
  EXPECT_EQ(prompt_hashes(make(all_right), "a0"), std::pair(hash, hash));
  // Another first question is another question still.
  prompt_ = [](const std::string& variant, const std::string& id, int step) {
    return step == 0 && variant == "fp8" && id == "b3" ? "another template" : "ask";
  };
  const auto [base, candidate] = prompt_hashes(make(all_right), "b3");
  EXPECT_NE(base, candidate);
}

// The requests of lm-eval's own tasks are all made before any answer: each of them counts.
TEST_F(ReportTest, EveryPromptOfLmEvalCounts) {
  kind_ = "lm_eval";
  prompt_ = [](const std::string& variant, const std::string& id, int step) {
    return step == 1 && variant == "fp8" && id == "b3" ? "another option" : "ask";
  };
  const auto [base, candidate] = prompt_hashes(make(all_right), "b3");
  EXPECT_NE(base, candidate);
}

// lm-eval 0.4.13 names results "exact_match,strict-match" and writes a sample for each document and
// filter, one filter after the other (evaluator.py).
TEST_F(ReportTest, SeveralFiltersAreWrittenAsLmEvalWritesThem) {
  filtered_ = "a";
  unscored_["fp8"] = 1;
  const RunReport report = make([](auto&&...) { return 1; }, 4);
  for (std::size_t v = 0; v < report.variants.size(); ++v) {
    ASSERT_TRUE(write_lm_eval_files(report, v, folder_ / "made"));
  }
  const fs::path made = folder_ / "made" / "bf16";
  const Json results =
      parse_json(read_file(made / "results_1970-01-01T00-16-40.json").value(), "").value();
  const Json& a = results.at("results").at("a");
  EXPECT_EQ(a.at("robust,none"), 1);
  EXPECT_EQ(a.at("exact_match,strict-match"), 0.25);
  EXPECT_EQ(a.at("exact_match_stderr,strict-match"), 0.25);  // sqrt(1/4 * 3/4 / 3)
  EXPECT_EQ(a.at("exact_match,flexible-extract"), 1);
  EXPECT_EQ(a.at("exact_match_stderr,flexible-extract"), 0);
  EXPECT_FALSE(results.at("results").at("b").contains("exact_match,none"));

  const auto samples = [&](const fs::path& variant) {
    std::vector<Json> out;
    std::istringstream lines(
        read_file(folder_ / "made" / variant / "samples_a_1970-01-01T00-16-40.jsonl").value());
    for (std::string line; std::getline(lines, line);) out.push_back(Json::parse(line));
    return out;
  };
  const std::vector<Json> lines = samples("bf16");
  std::string seen;
  for (const Json& line : lines) {
    seen += line.at("filter").get<std::string>() + line.at("doc_id").dump() + " ";
  }
  EXPECT_EQ(seen,
            "none0 none1 none2 none3 "
            "flexible-extract0 flexible-extract1 flexible-extract2 flexible-extract3 "
            "strict-match0 strict-match1 strict-match2 strict-match3 ");
  EXPECT_EQ(lines[1].at("metrics"), (Json{"robust", "lm_eval"}));
  EXPECT_EQ(lines[1].at("lm_eval"), 0);
  EXPECT_FALSE(lines[1].contains("exact_match"));
  EXPECT_EQ(lines[9].at("metrics"), Json::array({"exact_match"}));
  EXPECT_EQ(lines[9].at("exact_match"), 0);
  EXPECT_EQ(lines[9].at("filtered_resps"), Json::array({"[invalid]"}));
  EXPECT_EQ(lines[5].at("exact_match"), 1);
  EXPECT_FALSE(lines[9].contains("robust"));
  // What is unscored has a line and no figure.
  EXPECT_EQ(samples("fp8").size(), 12U);
  EXPECT_FALSE(samples("fp8")[8].contains("exact_match"));
}

// lm-eval's engine ends an answer at its stop strings; ours goes on where the frozen plan says so.
TEST_F(ReportTest, SamplesEndWhereLmEvalsWould) {
  const auto line = [&](const std::string& output) {
    const RunReport report = make([](auto&&...) { return 1; }, 1, output);
    EXPECT_TRUE(write_lm_eval_files(report, 0, folder_ / "made"));
    return Json::parse(
        read_file(folder_ / "made" / "bf16" / "samples_a_1970-01-01T00-16-40.jsonl").value());
  };
  const std::string output = "It is 4.\n\nQuestion: and? Question: so?";
  EXPECT_EQ(line(output).at("resps")[0][0], output);
  EXPECT_FALSE(line(output).contains("output"));
  cut_at_ = {"Question:", "Problem:"};
  EXPECT_EQ(line(output).at("resps")[0][0], "It is 4.\n\n");
  EXPECT_EQ(line(output).at("finish_reason"), "stop");
  EXPECT_EQ(line(output).at("output"), output);
  EXPECT_EQ(line("It is 4.").at("resps")[0][0], "It is 4.");
  EXPECT_FALSE(line("It is 4.").contains("output"));
}

}  // namespace
}  // namespace assay

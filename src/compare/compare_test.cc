#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "compare/compare_folders.h"
#include "compare/gate.h"
#include "compare/sample_scan.h"
#include "compare/samples.h"
#include "compare/summarize.h"
#include "support/test_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

class CompareTest : public FolderTest {
 protected:
  // n samples of lm-eval 0.4.13's shape; `right` of them score 1.
  static std::string samples(int n, int right, int first = 0, const std::string& prompt = "p") {
    std::string out;
    for (int i = first; i < first + n; ++i) {
      out += Json{{"doc_id", i},
                  {"doc", {{"q", "\"}{ \\\" not the end"}}},
                  {"filter", "none"},
                  {"metrics", {"exact_match"}},
                  {"doc_hash", "h" + std::to_string(i)},
                  {"prompt_hash", prompt + std::to_string(i)},
                  {"exact_match", i - first < right ? 1.0 : 0.0}}
                 .dump() +
             "\n";
    }
    return out;
  }

  Result<ComparisonReport> compare(CompareRequest request = {}) {
    request.base = (folder_ / "x").string();
    if (request.candidates.empty()) request.candidates = {(folder_ / "y").string()};
    return compare_folders(request);
  }
};

// Of a file of samples, this field of the lines from `first` on, every `step`-th.
std::string with(const std::string& samples, const std::string& field, const Json& value, int first,
                 int step) {
  std::string out;
  int line = 0;
  for (const std::string& text : split(samples, '\n')) {
    if (text.empty()) continue;
    Json sample = Json::parse(text);
    if (line >= first && (line - first) % step == 0) sample[field] = value;
    out += sample.dump() + "\n";
    ++line;
  }
  return out;
}

std::string results_of(const std::string& model, double accuracy, int n) {
  return Json{{"results", {{"t", {{"exact_match,none", accuracy}}}}},
              {"n-samples", {{"t", {{"original", n}, {"effective", n}}}}},
              {"model_name", model}}
      .dump();
}

std::vector<Allowance> doubts_of(const Result<ComparisonReport>& report) {
  std::vector<Allowance> out;
  for (const Doubt& doubt : report->candidates[0].tasks[0].doubts) out.push_back(doubt.allowed_by);
  return out;
}

constexpr const char* kSamples = "/m/samples_t_2026-01-01T00-00-00.jsonl";
constexpr const char* kResults = "/m/results_2026-01-01T00-00-00.json";

TEST(SampleScan, FieldsOfALineAsTheyStand) {
  const auto fields =
      scan_fields(R"({"a": [1, {"b": "]}\""}], "x\"y":"s", "n": NaN , "t":true,"e":-1e-3})");
  ASSERT_TRUE(fields);
  ASSERT_EQ(fields->size(), 5U);
  EXPECT_EQ((*fields)[0].second, R"([1, {"b": "]}\""}])");
  EXPECT_EQ((*fields)[1].first, R"(x\"y)");
  EXPECT_EQ(scanned_string((*fields)[1].second), "s");
  EXPECT_EQ(scanned_number((*fields)[2].second), std::nullopt);
  EXPECT_EQ(scanned_number((*fields)[3].second), 1);
  EXPECT_EQ(scanned_number((*fields)[4].second), -0.001);
  EXPECT_EQ(scan_fields("{}")->size(), 0U);
  for (const char* broken :
       {"", "[]", "{", R"({"a")", R"({"a":)", R"({"a":1)", R"({"a":"x)", R"({"a":[1})",
        R"({"a":1}x)", R"({"a":1,})", R"({"a" 1})", R"({"a":"\)"}) {
    EXPECT_FALSE(scan_fields(broken)) << broken;
  }
}

TEST_F(CompareTest, DifferentItemSetsPairOnTheSharedOnesAndTheRestIsNamed) {
  write(std::string("x") + kSamples, samples(40, 40));
  write(std::string("y") + kSamples, samples(40, 10, 30));
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  const TaskComparison& task = report->candidates[0].tasks[0];
  EXPECT_EQ(task.comparison.n, 10);
  EXPECT_EQ(task.only_base, 30);
  EXPECT_EQ(task.only_candidate, 30);
  EXPECT_EQ(task.example_only_base.size(), 5U);
  EXPECT_NE(comparison_text(*report).find("t: 30 items only in the base (doc_id "),
            std::string::npos);
}

TEST_F(CompareTest, NanIsUnscoredAndACutFileSaysSo) {
  std::string left = samples(30, 30);
  left.replace(left.find("\"exact_match\":1.0"), 17, "\"exact_match\":NaN");
  write(std::string("x") + kSamples, left);
  const std::string right = samples(30, 30);
  write(std::string("y") + kSamples, right.substr(0, right.size() - 20));
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  const TaskComparison& task = report->candidates[0].tasks[0];
  EXPECT_EQ(task.comparison.n, 28);
  EXPECT_EQ(task.unscored, 1);
  EXPECT_EQ(task.only_base, 1);
  EXPECT_NE(comparison_text(*report).find("end within a line: 29 whole lines used"),
            std::string::npos);
  write(std::string("y") + kSamples, "{\"doc_id\": 1\n" + right);  // damaged within: named
  const auto damaged = compare();
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().what.find(".jsonl:1 is not a JSON object"), std::string::npos);
}

// 300 MB of samples on each side, in lines of 2 MB, by a process that may not have 200 MB more than
// it had before.
TEST_F(CompareTest, LargeFilesAreStreamed) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer takes memory of its own";
#endif
  for (const std::string side : {"x", "y"}) {
    ASSERT_TRUE(make_dirs(folder_ / side / "m"));
    std::ofstream out(folder_ / (side + kSamples), std::ios::binary);
    const std::string text(2000000, 'x');
    for (int i = 0; i < 150; ++i) {
      out << R"({"doc_id":)" << i << R"(,"doc":{"q":")" << text << R"("},"metrics":["acc"],)"
          << R"("doc_hash":"h)" << i << R"(","acc":)" << (side == "y" && i < 30 ? 0 : 1) << "}\n";
    }
  }
  const pid_t child = fork();
  if (child == 0) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlim_t most = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (rlim_t{200} << 20U);
    const rlimit limit{most, most};
    setrlimit(RLIMIT_AS, &limit);
    const auto report = compare();
    const bool right = report && report->candidates[0].tasks[0].comparison.flips_to_wrong == 30;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(CompareTest, DifferentPromptsAreRefusedWithBothHashesUnlessAsked) {
  write(std::string("x") + kSamples, samples(30, 30, 0, "left"));
  write(std::string("y") + kSamples, samples(30, 30, 0, "right"));
  const auto refused = compare();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "the prompts of t differ on 30 of 30 shared items");
  EXPECT_NE(refused.error().why.find(": left"), std::string::npos);
  EXPECT_NE(refused.error().why.find(", right"), std::string::npos);
  const auto allowed = compare({.allow_different_prompts = true});
  ASSERT_TRUE(allowed) << allowed.error().to_string();
  EXPECT_NE(comparison_text(*allowed).find("prompts differ on 30 of 30"), std::string::npos);
}

// The same questions, a third of them held against another answer: another revision of the data.
TEST_F(CompareTest, OtherTargetsAreRefusedUnlessAsked) {
  for (const std::string field : {"target_hash", "target"}) {
    SCOPED_TRACE(field);
    const std::string base = with(samples(30, 30), field, "right", 0, 1);
    write(std::string("x") + kSamples, base);
    write(std::string("y") + kSamples, with(base, field, "other", 0, 3));
    const auto refused = compare();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what, "the targets of t differ on 10 of 30 shared items");
    EXPECT_NE(refused.error().why.find(field + " of doc_id "), std::string::npos);
    EXPECT_NE(refused.error().why.find("other in y"), std::string::npos) << refused.error().why;
    const auto allowed = compare({.allow_different_prompts = true});
    ASSERT_TRUE(allowed) << allowed.error().to_string();
    EXPECT_NE(comparison_text(*allowed).find("targets differ on 10 of 30"), std::string::npos);
    write(std::string("y") + kSamples, samples(30, 30));  // without a target nothing is said
    EXPECT_TRUE(compare());
  }
  // A number with and without quotes, as before and after lm-eval 0.4.3.
  write(std::string("x") + kSamples, with(samples(30, 30), "target", 7, 0, 1));
  write(std::string("y") + kSamples, with(samples(30, 30), "target", "7", 0, 1));
  EXPECT_TRUE(compare());
}

// A limit leaves out the last documents; what else is missing may be what a side failed at.
TEST_F(CompareTest, ItemsThatNoLimitLeftOutAreADoubt) {
  const std::string all = samples(40, 40);
  write(std::string("x") + kSamples, all);
  write(std::string("y") + kSamples, samples(30, 30));
  EXPECT_THAT(doubts_of(compare()), testing::IsEmpty());
  std::string holes;
  const std::vector<std::string> lines = split(all, '\n');
  for (std::size_t i = 0; i < 40; ++i) {
    if (i % 4 != 0) holes += lines[i] + "\n";
  }
  write(std::string("y") + kSamples, holes);
  const auto missing = compare();
  EXPECT_THAT(doubts_of(missing), testing::ElementsAre(Allowance::missing_items));
  EXPECT_NE(comparison_text(*missing).find("10 of x/m's items are not among y/m's"),
            std::string::npos);
  EXPECT_EQ(gate_result(*missing).outcome, GateOutcome::not_shown);
  write(std::string("x") + kSamples, holes);  // neither side has them
  EXPECT_THAT(doubts_of(compare()), testing::IsEmpty());
}

TEST_F(CompareTest, LongAnswersThatAreAllTheSameAreADoubt) {
  const std::string text(250, 'a');
  const std::string base = with(samples(64, 60), "resps", Json::array({{text}}), 0, 1);
  const auto write_sides = [&](const std::string& candidate, const std::string& model) {
    write(std::string("x") + kSamples, base);
    write(std::string("x") + kResults, results_of("org/m", 60.0 / 64, 64));
    write(std::string("y") + kSamples, candidate);
    write(std::string("y") + kResults, results_of(model, 60.0 / 64, 64));
    return doubts_of(compare());
  };
  EXPECT_THAT(write_sides(base, "org/m-FP8"), testing::ElementsAre(Allowance::same_answers));
  EXPECT_THAT(write_sides(base, "org/m"), testing::IsEmpty());  // asked twice, as it says
  EXPECT_NE(comparison_text(*compare()).find("both sides' results are of a model named org/m"),
            std::string::npos);
  const std::string one_differs = with(base, "resps", Json::array({{text + "b"}}), 63, 64);
  EXPECT_THAT(write_sides(one_differs, "org/m-FP8"), testing::IsEmpty());
  const std::string letters = with(base, "resps", Json::array({{"A"}}), 0, 1);
  write(std::string("x") + kSamples, letters);
  write(std::string("y") + kSamples, letters);
  EXPECT_THAT(doubts_of(compare()), testing::IsEmpty());
}

TEST_F(CompareTest, AMeanThatTheResultsFileDoesNotHaveIsADoubt) {
  for (const std::string side : {"x", "y"}) {
    write(side + kSamples, samples(200, 150));
    write(side + kResults, results_of(side, side == "x" ? 0.75 : 0.4, 200));
  }
  const auto report = compare();
  EXPECT_THAT(doubts_of(report), testing::ElementsAre(Allowance::other_mean));
  EXPECT_EQ(gate_result(*report).reasons.at(0).en,
            "y/m: t: by item y/m has 75.0 %, its results file says 40.0 %");
}

// Folders as releases before samples_version wrote them: prompt_hash over every step's prompt.
TEST_F(CompareTest, PromptsOfAnEarlierReleaseAreNotComparedWhereTheyHoldAnswers) {
  const auto results = [](const std::string& title, const std::string& more) {
    return R"({"results":{"t":{"alias":")" + title + R"(","robust,none":1.0}})" + more + "}";
  };
  const std::string old = R"(,"assay":"0.1.0")";
  const std::string now = R"(,"samples_version":2,"assay":"0.1.0")";
  struct Case {
    const char* title;
    std::string x, y;  // what the results files say beside
    bool refused;
  };
  for (const auto& [title, x, y, refused] :
       {Case{"SciCode", old, old, false}, Case{"SciCode", now, old, false},
        Case{"SciCode", old, now, false}, Case{"SciCode", now, now, true},
        Case{"AIME 2024", old, old, true},  // one step: the hash is the same in every release
        Case{"SciCode", "", "", true}}) {   // not of assay: lm-eval hashes the first prompt alone
    write(std::string("x") + kSamples, samples(30, 30, 0, "left"));
    write(std::string("y") + kSamples, samples(30, 30, 0, "right"));
    write(std::string("x") + kResults, results(title, x));
    write(std::string("y") + kResults, results(title, y));
    const auto report = compare();
    ASSERT_EQ(!report, refused) << title << x << y;
    if (!refused) {
      const std::string side = x == old ? "x/m" : "y/m";
      EXPECT_EQ(report->candidates[0].tasks[0].notes[0].en,
                "prompts not compared: the samples of " + side +
                    " are of an earlier release, whose prompt_hash covers the model's own answers; "
                    "`assay report` writes them anew");
    }
  }
  write(std::string("y") + kSamples, samples(30, 30, 0, "left"));  // alike: nothing to say
  write(std::string("x") + kResults, results("SciCode", old));
  EXPECT_TRUE(compare()->candidates[0].tasks[0].notes.empty());
}

TEST_F(CompareTest, DifferentTemplatesAreRefusedUnlessAsked) {
  for (const std::string side : {"x", "y"}) {
    write(side + kResults, R"({"results":{"t":{"acc,none":0.5}},"n-samples":{"t":{"effective":100}},
      "chat_template_sha":"sha-of-)" +
                               side + "\"}");
  }
  const auto refused = compare();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, "chat_template_sha sha-of-x against sha-of-y");
  EXPECT_TRUE(compare({.allow_different_prompts = true}));
}

TEST_F(CompareTest, TheNewerOfTwoDatesCounts) {
  write(std::string("x") + kSamples, samples(30, 0));
  write("x/m/samples_t_2026-02-01T00-00-00.jsonl", samples(30, 30));
  write(std::string("y") + kSamples, samples(30, 30));
  EXPECT_EQ(compare()->candidates[0].tasks[0].comparison.flips_to_right, 0);
}

TEST_F(CompareTest, WithoutSamplesItIsNotPairedAndSaysSo) {
  write(std::string("x") + kResults,
        R"({"results":{"t":{"acc,none":0.8,"acc_stderr,none":0.02},"u":{"acc,none":0.5,
            "acc_stderr,none":"N/A"},"v":{"acc,none":NaN}},"n-samples":{"t":{"effective":200}}})");
  write(std::string("y") + kResults,  // lm-eval 0.3: no filters, no counts
        R"({"results":{"t":{"acc":0.5,"acc_stderr":0.05},"u":{"acc":0.5},"v":{"acc":0.1}}})");
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  const auto& tasks = report->candidates[0].tasks;
  ASSERT_EQ(tasks.size(), 3U);
  EXPECT_FALSE(tasks[0].paired);
  EXPECT_EQ(tasks[0].comparison.n, 101);  // 0.25 / 0.05² + 1
  EXPECT_EQ(tasks[0].comparison.verdict, Verdict::worse);
  EXPECT_EQ(tasks[1].comparison.verdict, Verdict::not_available);
  EXPECT_EQ(tasks[2].comparison.verdict, Verdict::not_available);
  EXPECT_NE(comparison_text(*report).find("t: not paired: no samples of"), std::string::npos);
  EXPECT_EQ(gate_result(*report).outcome,
            GateOutcome::worse);  // nothing pooled: each task must hold
}

TEST_F(CompareTest, OldSamplesWithoutHashesMatchByDocId) {
  write("x/results.json", R"({"results":{"t":{"acc,none":1.0}}})");
  write("x/pretrained__m_t.jsonl", "{\"doc_id\":0,\"acc\":1.0}\n{\"doc_id\":1,\"acc\":1.0}\n");
  write(std::string("y") + kSamples,
        "{\"doc_id\":1,\"doc_hash\":\"h\",\"acc\":0.0}\n{\"doc_id\":0,\"acc\":1.0}\n");
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].tasks[0].comparison.n, 2);
  EXPECT_EQ(report->candidates[0].tasks[0].comparison.flips_to_wrong, 1);
}

TEST_F(CompareTest, OneFilterOfSeveralCounts) {
  const auto line = [](int id, const char* filter, double value) {
    return Json{{"doc_id", id},
                {"doc_hash", std::to_string(id)},
                {"filter", filter},
                {"metrics", {"exact_match"}},
                {"exact_match", value}}
               .dump() +
           "\n";
  };
  std::string left;
  std::string right;
  for (int i = 0; i < 20; ++i) {
    left += line(i, "strict", 1) + line(i, "flexible", 1);
    right += line(i, "strict", 1) + line(i, "flexible", 0);
  }
  write(std::string("x") + kSamples, left);
  write(std::string("y") + kSamples, right);
  EXPECT_EQ(compare()->candidates[0].tasks[0].comparison.flips_to_wrong, 0);
  const auto flexible = compare({.filter = "flexible"});
  EXPECT_EQ(flexible->candidates[0].tasks[0].comparison.flips_to_wrong, 20);
  EXPECT_EQ(flexible->candidates[0].tasks[0].comparison.n, 20);
}

// As a report of ours writes a task with several of lm-eval's filters: our own lines come first.
TEST_F(CompareTest, AFilterBringsItsOwnMetrics) {
  const auto line = [](int id, const char* filter, const char* metric, double value) {
    return Json{{"doc_id", id},
                {"doc_hash", std::to_string(id)},
                {"filter", filter},
                {"metrics", {metric}},
                {metric, value}}
               .dump() +
           "\n";
  };
  std::string left;
  std::string right;
  for (int i = 0; i < 20; ++i) {
    left += line(i, "none", "robust", 1);
    right += line(i, "none", "robust", 1);
  }
  for (int i = 0; i < 20; ++i) {
    left += line(i, "flexible", "exact_match", 1);
    right += line(i, "flexible", "exact_match", 0);
  }
  write(std::string("x") + kSamples, left);
  write(std::string("y") + kSamples, right);
  EXPECT_EQ(compare()->candidates[0].tasks[0].metric, "robust");
  const auto flexible = compare({.metric = "exact_match", .filter = "flexible"});
  ASSERT_TRUE(flexible) << flexible.error().to_string();
  EXPECT_EQ(flexible->candidates[0].tasks[0].comparison.flips_to_wrong, 20);
  EXPECT_EQ(flexible->candidates[0].tasks[0].comparison.n, 20);
}

TEST_F(CompareTest, RenamedTasksAndTasksOfOneSide) {
  write("x/m/samples_old_2026-01-01T00-00-00.jsonl", samples(30, 30));
  write("x/m/samples_gone_2026-01-01T00-00-00.jsonl", samples(30, 30));
  write("y/m/samples_new_2026-01-01T00-00-00.jsonl", samples(30, 0));
  const auto none = compare();
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().why.find("the one has gone, old, the other new"), std::string::npos);
  const auto report = compare({.renamed = {{"old", "new"}}});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].tasks[0].comparison.flips_to_wrong, 30);
  EXPECT_EQ(report->candidates[0].only_base, std::vector<std::string>{"gone"});
}

TEST_F(CompareTest, SeveralArmsAndTheFamilyOverThem) {
  write(std::string("x") + kSamples, samples(200, 200));
  write("y/a/samples_t_2026-01-01T00-00-00.jsonl", samples(200, 200));
  write("y/b/samples_t_2026-01-01T00-00-00.jsonl", samples(200, 100));
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_EQ(report->candidates.size(), 2U);
  EXPECT_EQ(report->candidates[0].candidate, "a");
  EXPECT_EQ(report->candidates[0].pooled.overall.verdict, Verdict::non_inferior);
  EXPECT_EQ(report->candidates[1].pooled.overall.verdict, Verdict::worse);
  const auto& first = report->candidates[0].tasks[0].comparison;
  EXPECT_EQ(report->family, 1);  // an only task repeats its candidate's primary question
  EXPECT_EQ(first.p_non_inferior_adjusted, first.p_non_inferior);
  EXPECT_EQ(gate_result(*report).outcome, GateOutcome::worse);
  const auto one = compare({.candidates = {(folder_ / "y:a").string()}});
  ASSERT_TRUE(one) << one.error().to_string();
  EXPECT_EQ(gate_result(*one).outcome, GateOutcome::passed);
  CompareRequest request{.base = (folder_ / "y").string(),
                         .candidates = {(folder_ / "x").string()}};
  const auto ambiguous = compare_folders(request);
  ASSERT_FALSE(ambiguous);
  EXPECT_EQ(ambiguous.error().why, "a, b");
}

TEST_F(CompareTest, APolicyDecides) {
  write(std::string("x") + kSamples, samples(200, 200));
  write(std::string("y") + kSamples, samples(200, 196));
  write("policy.yaml",
        "margin_pp: 6\ntasks:\n  t: {margin_pp: 1, weight: 2, gate: true}\n"
        "fail_on_flags: [truncated]\nfidelity: {kl_at_most: 0.1}\n");
  const auto policy = read_gate_policy((folder_ / "policy.yaml").string());
  ASSERT_TRUE(policy) << policy.error().to_string();
  const auto report = compare({.policy = *policy});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].tasks[0].margin_pp, 1);
  EXPECT_EQ(report->candidates[0].failures.size(), 1U);  // no figures of fidelity
  write("slip.yaml", "tasks:\n  tt: {gate: false}\n");
  const auto slip = compare({.policy = *read_gate_policy((folder_ / "slip.yaml").string())});
  ASSERT_FALSE(slip);
  EXPECT_EQ(slip.error().what, "the policy names tasks that no side has: tt");
  EXPECT_EQ(slip.error().why, "there are: t");
  write("allow.yaml", "allow: [gains]\n");
  const auto allow = read_gate_policy((folder_ / "allow.yaml").string());
  ASSERT_FALSE(allow);
  EXPECT_NE(allow.error().what.find("'gains' cannot be allowed"), std::string::npos);
  write("bad.yaml", "margin_pp: 6\nfial_on_flags: [x]\n");
  const auto bad = read_gate_policy((folder_ / "bad.yaml").string());
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().what.find("bad.yaml:2:"), std::string::npos);
  write("bad.yaml", "margin_pp: 0\n");
  EXPECT_FALSE(read_gate_policy((folder_ / "bad.yaml").string()));
}

TEST_F(CompareTest, JunitAndMarkdownAndJson) {
  write(std::string("x") + kSamples, samples(200, 200));
  write("y/a<b/samples_t_2026-01-01T00-00-00.jsonl", samples(200, 100));
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  const std::string junit = comparison_junit(*report);
  EXPECT_NE(junit.find("tests=\"2\" failures=\"2\" skipped=\"0\""), std::string::npos) << junit;
  EXPECT_EQ(junit.find("a<b"), std::string::npos);
  EXPECT_NE(comparison_markdown(*report).find("### WORSE: y/a&lt;b against x/m"),
            std::string::npos);
  const auto json = parse_json(comparison_json(*report), "");
  EXPECT_EQ(json->at("comparisons")[0].at("pooled").at("verdict"), "worse");
}

// 1,319 items, 60 of them lost: far beyond chance, whatever the size does to the arithmetic.
TEST_F(CompareTest, AWholeBenchmarkHasNumbers) {
  write(std::string("x") + kSamples, samples(1319, 815));
  write(std::string("y") + kSamples, samples(1319, 755));
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].pooled.overall.verdict, Verdict::worse);
  EXPECT_EQ(gate_result(*report).outcome, GateOutcome::worse);
  const auto json = parse_json(comparison_json(*report), "");
  const Json& pooled = json->at("comparisons")[0].at("pooled");
  for (const char* p : {"p_worse", "p_non_inferior", "interval_low_pp", "interval_high_pp"}) {
    EXPECT_TRUE(pooled.at(p).is_number()) << p;
  }
}

// A margin cannot be NaN (gate_policy.cc); were it, nothing would pass and the text would say why.
TEST_F(CompareTest, FiguresThatAreNoNumbersPassNoGate) {
  write(std::string("x") + kSamples, samples(200, 200));
  write(std::string("y") + kSamples, samples(200, 200));
  CompareRequest request;
  request.policy.margin_pp = std::nan("");
  const auto report = compare(request);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(gate_result(*report).outcome, GateOutcome::not_shown);
  EXPECT_NE(comparison_text(*report).find("INVALID (not a number: p_non_inferior"),
            std::string::npos);
  EXPECT_EQ(comparison_json(*report).find("\"p_non_inferior\": null"), std::string::npos);
  write("inf.yaml", "tasks:\n  t: {weight: .inf}\n");
  EXPECT_FALSE(read_gate_policy((folder_ / "inf.yaml").string()));
}

TEST_F(CompareTest, ABaselineThatScoresNothingPassesNoGate) {
  write(std::string("x") + kSamples, samples(150, 0));
  write(std::string("y") + kSamples, samples(150, 0));
  const auto zero = compare();
  ASSERT_TRUE(zero) << zero.error().to_string();
  EXPECT_EQ(gate_result(*zero).outcome, GateOutcome::not_shown);
  EXPECT_NE(comparison_text(*zero).find("INCONCLUSIVE (no sensitivity)"), std::string::npos)
      << comparison_text(*zero);
  write("x/m/samples_u_2026-01-01T00-00-00.jsonl", samples(50, 40));
  write("y/m/samples_u_2026-01-01T00-00-00.jsonl", samples(50, 40));
  const auto few = compare();
  ASSERT_TRUE(few) << few.error().to_string();
  EXPECT_EQ(gate_result(*few).outcome, GateOutcome::not_shown);
  EXPECT_NE(comparison_text(*few).find("INCONCLUSIVE (99 items needed; must hold without t (no "
                                       "sensitivity))"),
            std::string::npos)
      << comparison_text(*few);
}

// Perplexities are no part of a pool of right answers: none of its weight is missing without them.
TEST_F(CompareTest, WhatIsNoShareOfRightAnswersWeighsNothing) {
  const std::string figures =
      R"({"results":{"t":{"exact_match,none":0.5},"l":{"perplexity,none":3.2},
    "p":{"bits_per_byte,none":3.2}}})";
  write(std::string("x") + kResults, figures);
  write(std::string("y") + kResults, figures);
  write(std::string("x") + kSamples, samples(200, 100));
  write(std::string("y") + kSamples, samples(200, 100));
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].pooled.overall.verdict, Verdict::non_inferior);
  const std::string other = R"({"results":{"t":{"exact_match,none":0.5},
    "l":{"exact_match,none":0.01},"p":{"bits_per_byte,none":3.2}}})";
  write(std::string("x") + kResults, other);
  write(std::string("y") + kResults, other);
  write("x/m/samples_l_2026-01-01T00-00-00.jsonl", samples(200, 2));
  write("y/m/samples_l_2026-01-01T00-00-00.jsonl", samples(200, 2));
  const auto half = compare();
  ASSERT_TRUE(half) << half.error().to_string();
  EXPECT_EQ(half->candidates[0].pooled.insensitive, std::vector<std::string>{"l"});
  EXPECT_EQ(half->candidates[0].pooled.overall.verdict, Verdict::non_inferior);
}

TEST_F(CompareTest, SummariesNeedNoSamplesAndSurviveNan) {
  write(std::string("x") + kResults,
        R"({"results":{"t":{"acc,none":0.8,"acc_stderr,none":"N/A","acc_norm,none":NaN}}})");
  const auto rows = read_summary({folder_ / "x"});
  ASSERT_TRUE(rows) << rows.error().to_string();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_DOUBLE_EQ((*rows)[0].value, 0.8);
  EXPECT_EQ((*rows)[1].note.en, "not a number");
  EXPECT_FALSE(read_summary({folder_ / "nowhere"}));
}

// A results.json that is not ours, however near: an error, never a read past its end.
TEST_F(CompareTest, ATaskWithoutMetricsIsAnError) {
  write("x/results.json", R"({"schema_version":1,"variants":[],"tasks":[{"name":"t","metrics":[],
    "cells":{"v":{"scored":0,"not_available":"not run","metrics":{}}}}]})");
  const auto rows = read_summary({folder_ / "x"});
  ASSERT_FALSE(rows);
  EXPECT_NE(rows.error().what.find("another layout"), std::string::npos);
}

}  // namespace
}  // namespace assay

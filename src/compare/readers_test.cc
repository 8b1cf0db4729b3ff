// Folders as lm-eval, lighteval and their users leave them: what is read, and as what.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "base/files.h"
#include "base/json.h"
#include "compare/answers.h"
#include "compare/compare_folders.h"
#include "compare/metric_choice.h"
#include "compare/result_folders.h"
#include "compare/samples.h"
#include "compare/summarize.h"
#include "support/test_folder.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// A folder of one test; files are written below it.
class ReadersTest : public FolderTest {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return (folder_ / name).string(); }

  // n samples, `right` of them right; `more` are further fields of each line.
  static std::string samples(int n, int right, const Json& more = Json::object(), int first = 0) {
    std::string out;
    for (int i = first; i < first + n; ++i) {
      Json line = {{"doc_id", i},       {"doc_hash", "h" + std::to_string(i)},
                   {"filter", "none"},  {"metrics", {"exact_match"}},
                   {"resps", {{"42"}}}, {"exact_match", i - first < right ? 1.0 : 0.0}};
      line.update(more);
      out += line.dump() + "\n";
    }
    return out;
  }

  // A results file of one task with an accuracy over 100 items.
  static std::string results(const std::string& task, double value, const std::string& model,
                             const std::string& more = "") {
    return R"({"results":{")" + task + R"(":{"alias":"x","exact_match,none":)" +
           std::to_string(value) + R"(,"exact_match_stderr,none":0.04}},"n-samples":{")" + task +
           R"(":{"original":100,"effective":100}},"versions":{},"config":{"model_args":"pretrained=)" +
           model + R"("},"model_name":")" + model + "\"" + more + "}";
  }

  static std::vector<std::string> names(const std::vector<ResultArm>& arms) {
    std::vector<std::string> out;
    for (const ResultArm& arm : arms) out.push_back(arm.name);
    return out;
  }

  [[nodiscard]] Result<ComparisonReport> compare(CompareRequest request = {}) const {
    if (request.base.empty()) request.base = at("x");
    if (request.candidates.empty() && request.baseline.empty()) request.candidates = {at("y")};
    return compare_folders(request);
  }
};

constexpr const char* kDay1 = "2026-08-01T10-00-00.000001";
constexpr const char* kDay2 = "2026-08-02T10-00-00.000001";

std::string results_name(const std::string& stem, const std::string& date) {
  return stem + "_" + date + ".json";
}

TEST_F(ReadersTest, ResultsFilesOfOneFolderAreAUnionTheNewestForEachTask) {
  write("x/m/" + results_name("results", kDay1), results("t", 0.2, "m"));
  write("x/m/" + results_name("results", kDay2), results("u", 0.3, "m"));
  // By the alphabet this name is the last, by its date the first.
  write("x/m/" + results_name("results_z", "2026-07-01T10-00-00.000001"), results("t", 0.9, "m"));
  const auto arms = read_arms(at("x"));
  ASSERT_TRUE(arms) << arms.error().to_string();
  ASSERT_EQ(arms->size(), 1U);
  EXPECT_EQ(arms->front().tasks.at("t").metrics.at(0).value, 0.2);
  EXPECT_EQ(arms->front().tasks.at("u").metrics.at(0).value, 0.3);
  EXPECT_EQ(english_of(arms->front().notes),
            std::vector<std::string>{"in several files, of which the newest counts: t"});
  EXPECT_EQ(read_summary({at("x")})->size(), 2U);
}

TEST_F(ReadersTest, FoldersOfOneModelAreOneArmWhereTheyShareNoTask) {
  write("x/gsm8k/org__m/" + results_name("results", kDay1), results("gsm8k", 0.2, "org/m"));
  write("x/aime/org__m/" + results_name("results", kDay2), results("aime", 0.2, "org/m"));
  auto arms = read_arms(at("x"));
  ASSERT_TRUE(arms) << arms.error().to_string();
  EXPECT_EQ(names(*arms), std::vector<std::string>{"x"});
  EXPECT_EQ(arms->front().tasks.size(), 2U);
  // The same task twice: two arms of which nobody says what they are; runs by their names: repeats.
  write("x/again/org__m/" + results_name("results", kDay2), results("aime", 0.4, "org/m"));
  EXPECT_EQ(read_arms(at("x"))->size(), 3U);
  write("y/run1/org__m/" + results_name("results", kDay1), results("aime", 0.2, "org/m"));
  write("y/run2/org__m/" + results_name("results", kDay2), results("aime", 0.4, "org/m"));
  arms = read_arms(at("y"));
  ASSERT_EQ(arms->size(), 1U);
  EXPECT_DOUBLE_EQ(arms->front().tasks.at("aime").metrics.at(0).value, 0.3);
  EXPECT_EQ(arms->front().tasks.at("aime").runs, 2);
}

TEST_F(ReadersTest, OneModelWithOtherArgumentsIsAnotherArm) {
  const auto with = [](const char* args) {
    return R"({"results":{"t":{"acc,none":0.5}},"versions":{},"model_name":"org/m","config":{"model_args":"pretrained=org/m,)" +
           std::string(args) + "\"}}";
  };
  write("x/org__m/" + results_name("results", kDay1), with("kv_cache_dtype=auto"));
  write("x/org__m/" + results_name("results", kDay2), with("kv_cache_dtype=fp8"));
  EXPECT_EQ(names(read_arms(at("x")).value()),
            (std::vector<std::string>{"org__m/m (kv_cache_dtype=auto,pretrained=org/m)",
                                      "org__m/m (kv_cache_dtype=fp8,pretrained=org/m)"}));
  write("y/org__m/" + results_name("results", kDay1), with("gpu_memory_utilization=0.9"));
  write("y/org__m/" + results_name("results", kDay2), with("gpu_memory_utilization=0.8"));
  EXPECT_EQ(read_arms(at("y"))->size(), 1U);
}

TEST_F(ReadersTest, AFileMayHaveAnyNameAndSamplesAreOfItsDate) {
  write("both/" + results_name("bf16", kDay1), results("t", 0.9, "org/bf16"));
  write("both/" + results_name("fp8", kDay2), results("t", 0.4, "org/fp8"));
  write("both/samples_t_" + std::string(kDay1) + ".jsonl", samples(100, 90));
  write("both/samples_t_" + std::string(kDay2) + ".json", samples(100, 40));
  write("both/config.json", R"({"architectures":["Qwen3ForCausalLM"]})");
  EXPECT_EQ(names(read_arms(at("both")).value()), (std::vector<std::string>{"bf16", "fp8"}));
  const auto report = compare({.base = at("both:bf16"), .candidates = {at("both:fp8")}});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].tasks[0].comparison.flips_to_wrong, 50);
  const auto ambiguous = compare({.base = at("both"), .candidates = {at("both")}});
  ASSERT_FALSE(ambiguous);
  EXPECT_EQ(ambiguous.error().why, "bf16, fp8");
}

// A server gives every arm the same model name: files of other names with the same task are other
// arms, with other tasks the same.
TEST_F(ReadersTest, FilesOfOneFolderWithOneModelAreToldApartByTheirNames) {
  write("arms/" + results_name("bf16", kDay1), results("t", 0.9, "served"));
  write("arms/" + results_name("fp8", kDay2), results("t", 0.4, "served"));
  EXPECT_EQ(names(read_arms(at("arms")).value()), (std::vector<std::string>{"bf16", "fp8"}));
  write("tasks/" + results_name("gsm8k", kDay1), results("gsm8k", 0.9, "served"));
  write("tasks/" + results_name("aime24", kDay2), results("aime24", 0.4, "served"));
  EXPECT_EQ(names(read_arms(at("tasks")).value()), std::vector<std::string>{"tasks"});
}

TEST_F(ReadersTest, AnEmptyTableIsAnError) {
  write("x/samples_t.jsonl", samples(10, 5));
  const auto none = summarize({at("x")}, TableFormat::terminal);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().what.find("no figures in "), std::string::npos);
}

// Two subjects of 50, one declared group: one task of 100 items.
std::string group_results(const std::string& groups) {
  return R"({"results":{"g_a":{"alias":" - a","acc,none":0.8,"acc_norm,none":0.7},
    "g_b":{"alias":" - b","acc,none":0.6,"acc_norm,none":0.5},
    "g":{"alias":"g","acc_norm,none":0.6,"acc,none":0.7},"t":{"alias":"t","acc,none":0.5}},)" +
         groups + R"("versions":{},"n-samples":{"g_a":{"effective":50},"g_b":{"effective":50},
    "t":{"effective":40}},"model_name":"m"})";
}

TEST_F(ReadersTest, AGroupCountsOnceWithItsOwnItems) {
  for (const std::string side : {"x", "y"}) {
    write(side + "/" + results_name("results", kDay1),
          group_results(R"("groups":{"g":{}},"group_subtasks":{"g":["g_a","g_b"],"t":[]},)"));
  }
  auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  auto& tasks = report->candidates[0].tasks;
  ASSERT_EQ(tasks.size(), 2U);
  EXPECT_EQ(tasks[0].task, "g");
  EXPECT_EQ(tasks[0].comparison.n, 100);
  // The group's own metrics stand in no order (lm-eval makes them of a set): its tasks' order
  // counts.
  EXPECT_EQ(tasks[0].metric, "acc");
  EXPECT_EQ(tasks[1].comparison.n, 40);
  // With samples: documents of the two tasks have the same ids, and stay apart.
  for (const char* side : {"x", "y"}) {
    for (const char* task : {"g_a", "g_b"}) {
      const Json more = {{"metrics", {"acc", "acc_norm"}}, {"acc", 1}, {"acc_norm", 0}};
      write(fmt::format("{}/samples_{}_{}.jsonl", side, task, kDay1), samples(50, 0, more));
    }
  }
  report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->candidates[0].tasks[0].paired);
  EXPECT_EQ(report->candidates[0].tasks[0].comparison.n, 100);
  // A side that ran the subjects alone: compared subject by subject.
  write(
      "y/" + results_name("results", kDay1),
      R"({"results":{"g_a":{"acc,none":0.8}},"versions":{},"n-samples":{"g_a":{"effective":50}}})");
  report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].tasks[0].task, "g_a");
}

TEST_F(ReadersTest, OldGroupsAreToldByTheirAliases) {
  write("x/" + results_name("results", kDay1), R"({"results":{
    "g":{"alias":"g","acc,none":0.7},"g_a":{"alias":" - a","acc,none":0.8},
    "g_b":{"alias":" - b","acc,none":0.6},"t":{"alias":"t","acc,none":0.5}},
    "groups":{"g":{"acc,none":0.7}},"versions":{}})");
  EXPECT_EQ(read_arms(at("x"))->front().groups.at("g").members,
            (std::vector<std::string>{"g_a", "g_b"}));
}

TEST_F(ReadersTest, NestedGroupsCountAsTheLargestWithFigures) {
  const std::string file = R"({"results":{"mmlu":{"acc,none":0.5},"stem":{"acc,none":0.5},
    "art":{"acc,none":0.5},"s1":{"acc,none":0.5},"s2":{"acc,none":0.5},"a1":{"acc,none":0.5},
    "bundle":{" ":" ","alias":"bundle"}},
    "groups":{"mmlu":{},"stem":{},"art":{},"bundle":{}},"versions":{},
    "group_subtasks":{"bundle":["mmlu","z"],"mmlu":["stem","art"],"stem":["s1","s2"],"art":["a1"]},
    "n-samples":{"s1":{"effective":10},"s2":{"effective":20},"a1":{"effective":30}}})";
  write("x/" + results_name("results", kDay1), file);
  write("y/" + results_name("results", kDay1), file);
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_EQ(report->candidates[0].tasks.size(), 1U);
  EXPECT_EQ(report->candidates[0].tasks[0].task, "mmlu");
  EXPECT_EQ(report->candidates[0].tasks[0].comparison.n, 60);
}

TEST_F(ReadersTest, WhatIsNoShareIsNotAvailableWithItsValues) {
  const auto file = [](const std::string& values) {
    return R"({"results":{"t":{"alias":"t",)" + values +
           R"(}},"n-samples":{"t":{"effective":62}},"versions":{}})";
  };
  struct Case {
    std::string x, y, reason, metric;
  };
  for (const auto& [x, y, reason, metric] : {
           Case{R"("bits_per_byte,none":0.598)", R"("bits_per_byte,none":0.828)",
                "no share of right answers: bits_per_byte 0.598 against 0.828", "bits_per_byte"},
           Case{R"("f1,none":0.81,"f1_stderr,none":"N/A")", R"("f1,none":0.8)",
                "no share of right answers: f1 0.81 against 0.8", "f1"},
           Case{R"("mcc,none":0.5)", R"("mcc,none":-0.1)",
                "no share of right answers: mcc 0.5 against -0.1", "mcc"},
           // SQuAD's figures are of 100, and of a part of the questions.
           Case{R"("HasAns_exact,none":81.5)", R"("HasAns_exact,none":80.25)",
                "no share of right answers: HasAns_exact 81.5 against 80.25", "HasAns_exact"},
           Case{R"("perplexity,none":4.5)", R"("perplexity,none":NaN)",
                "not a number: perplexity 4.5 against NaN", "perplexity"},
           Case{R"("acc,none":0.5)", R"("acc,none":Infinity)", "not a number: acc 0.5 against NaN",
                "acc"},
           Case{R"("acc,none":0.5)", R"("acc,none":null)", "not a number: acc 0.5 against NaN",
                "acc"},
           // LAMBADA: the first is none, the second is one.
           Case{R"("perplexity,none":4.5,"acc,none":0.6)",
                R"("perplexity,none":5.5,"acc,none":0.5)", "", "acc"},
           Case{R"("bleu_acc,none":0.6)", R"("bleu_acc,none":0.5)", "", "bleu_acc"},
           // IFEval: its instructions are more than its prompts, and no figure says how many.
           Case{R"("inst_level_strict_acc,none":0.6,"inst_level_strict_acc_stderr,none":"N/A")",
                R"("inst_level_strict_acc,none":0.5)",
                "neither samples nor an accuracy with its number of items",
                "inst_level_strict_acc"},
       }) {
    write("x/" + results_name("results", kDay1), file(x));
    write("y/" + results_name("results", kDay1), file(y));
    const auto report = compare();
    ASSERT_TRUE(report) << report.error().to_string();
    const TaskComparison& task = report->candidates[0].tasks[0];
    EXPECT_EQ(task.metric, metric);
    EXPECT_EQ(task.comparison.reason, reason);
    EXPECT_EQ(task.comparison.verdict == Verdict::not_available, !reason.empty()) << x;
  }
}

TEST_F(ReadersTest, RowsThatAreNoNumbersStand) {
  write("x/" + results_name("results", kDay1),
        R"({"results":{"t":{"perplexity,none":NaN,"perplexity_stderr,none":NaN,"acc,none":0.5,
            "acc_stderr,none":"N/A","text":"NaN in quotes, and \"Infinity\""}},"versions":{}})");
  const auto rows = read_summary({at("x")});
  ASSERT_TRUE(rows) << rows.error().to_string();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].metric, "perplexity");  // the file's order, not the alphabet's
  EXPECT_FALSE((*rows)[0].has_value);
  EXPECT_EQ((*rows)[0].note.en, "not a number");
  EXPECT_EQ((*rows)[1].value, 0.5);
}

// Two filters, without and with samples, with and without the filter's name in them.
TEST_F(ReadersTest, MetricAndFilterAreTheFilesFirstWithAndWithoutSamples) {
  const auto file = [](double strict, double flexible) {
    return R"({"results":{"t":{"exact_match,strict-match":)" + std::to_string(strict) +
           R"(,"exact_match,flexible-extract":)" + std::to_string(flexible) +
           R"(}},"n-samples":{"t":{"effective":40}},"versions":{}})";
  };
  write("x/" + results_name("results", kDay1), file(0.75, 0.8));
  write("y/" + results_name("results", kDay1), file(0.25, 0.8));
  const auto expect = [this](bool paired, const CompareRequest& request, double base,
                             double candidate) {
    const auto report = compare(request);
    ASSERT_TRUE(report) << report.error().to_string();
    const TaskComparison& task = report->candidates[0].tasks[0];
    EXPECT_EQ(task.paired, paired);
    EXPECT_DOUBLE_EQ(task.comparison.baseline_mean, base);
    EXPECT_DOUBLE_EQ(task.comparison.candidate_mean, candidate);
    const std::string filter = request.filter.empty() ? "strict-match" : request.filter;
    EXPECT_NE(comparison_text(*report).find("exact_match, " + filter), std::string::npos);
  };
  expect(false, {}, 0.75, 0.25);
  expect(false, {.filter = "flexible-extract"}, 0.8, 0.8);
  // Up to lm-eval 0.4.6 a document's lines follow the filters' order and do not name them. Here the
  // flexible one comes first in y's: the means tell.
  const auto lines = [](int first, int second) {
    std::string out;
    for (const int right : {first, second}) {
      for (int i = 0; i < 40; ++i) {
        out += Json{{"doc_id", i}, {"target", 3}, {"exact_match", i < right ? 1.0 : 0.0}}.dump() +
               "\n";
      }
    }
    return out;
  };
  write("x/samples_t_" + std::string(kDay1) + ".jsonl", lines(30, 32));
  write("y/samples_t_" + std::string(kDay1) + ".jsonl", lines(32, 10));
  expect(true, {}, 0.75, 0.25);
  expect(true, {.filter = "flexible-extract"}, 0.8, 0.8);
  // Means of neither: nothing says which lines are whose, and the results' figures are compared.
  write("y/samples_t_" + std::string(kDay1) + ".jsonl", lines(20, 21));
  expect(false, {}, 0.75, 0.25);
}

TEST_F(ReadersTest, OfOldSamplesTheMetricIsOneThatTheResultsName) {
  std::string left;
  std::string right;
  for (int i = 0; i < 100; ++i) {
    const Json line = {{"doc_id", i}, {"target", 0}, {"inst_level_strict_acc", {true, false}}};
    Json x = line;
    Json y = line;
    x["prompt_level_strict_acc"] = i < 80;
    y["prompt_level_strict_acc"] = i < 55;
    left += x.dump() + "\n";
    right += y.dump() + "\n";
  }
  for (const bool with_results : {true, false}) {
    if (with_results) {
      for (const auto& [side, value] : {std::pair("x/", "0.8"), std::pair("y/", "0.55")}) {
        write(side + results_name("results", kDay1),
              std::string(R"({"results":{"ifeval":{"alias":"i","prompt_level_strict_acc,none":)") +
                  value + R"(}},"versions":{}})");
      }
    } else {
      fs::remove_all(folder_);
    }
    write("x/samples_ifeval_" + std::string(kDay1) + ".jsonl", left);
    write("y/samples_ifeval_" + std::string(kDay1) + ".jsonl", right);
    const auto report = compare();
    ASSERT_TRUE(report) << report.error().to_string();
    const TaskComparison& task = report->candidates[0].tasks[0];
    EXPECT_EQ(task.metric, "prompt_level_strict_acc");
    EXPECT_EQ(task.comparison.flips_to_wrong, 25);
    EXPECT_EQ(task.comparison.verdict, Verdict::worse);
  }
}

TEST_F(ReadersTest, SettingsThatDifferAreRefusedAndOnesThatAreNotSaidAreNoted) {
  const auto file = [](const std::string& more) { return results("t", 0.8, "m", more); };
  struct Case {
    std::string x, y, why;
  };
  const auto config = [](const std::string& text) {
    return R"(,"configs":{"t":{"output_type":"generate_until","generation_kwargs":{)" + text +
           "}}}";
  };
  for (const auto& [x, y, why] : {
           Case{R"(,"n-shot":{"t":5})", R"(,"n-shot":{"t":0})", "shots 5 against 0"},
           Case{R"(,"chat_template_sha":"a1b2")", R"(,"chat_template_sha":null)",
                "chat_template_sha a1b2 against none"},
           Case{config(R"("max_gen_toks":2048)"), config(R"("max_gen_toks":256)"),
                "max_gen_toks 2048 against 256"},
           Case{config(R"("temperature":0.6)"), config(R"("max_gen_toks":256)"),
                "max_gen_toks not set against 256; temperature 0.6 against not set"},
           Case{R"(,"config":{"model_args":"pretrained=m,enable_thinking=True"})",
                R"(,"config":{"model_args":{"pretrained":"m","enable_thinking":false}})",
                "enable_thinking true against false"},
           Case{R"(,"config":{"model_args":"pretrained=m,enable_thinking=False"})",
                R"(,"config":{"model_args":"pretrained=m"})",
                "enable_thinking false against not set"},
           Case{R"(,"configs":{"t":{"doc_to_text":"Q: {{q}}"}})",
                R"(,"configs":{"t":{"doc_to_text":"{{q}}"}})", "prompt sha256 "},
       }) {
    write("x/" + results_name("results", kDay1), file(x));
    write("y/" + results_name("results", kDay1), file(y));
    const auto refused = compare();
    ASSERT_FALSE(refused) << x;
    EXPECT_EQ(refused.error().what, "t was asked otherwise in x and y");
    EXPECT_TRUE(refused.error().why.starts_with(why)) << refused.error().why;
    const auto allowed = compare({.allow_different_prompts = true});
    ASSERT_TRUE(allowed) << allowed.error().to_string();
    EXPECT_NE(comparison_text(*allowed).find("asked otherwise: " + why), std::string::npos);
  }
  write("x/" + results_name("results", kDay1), file(R"(,"n-shot":{"t":5})"));
  write("y/" + results_name("results", kDay1), file(""));
  const auto not_said = compare();
  ASSERT_TRUE(not_said) << not_said.error().to_string();
  EXPECT_NE(comparison_text(*not_said).find("said on one side only, so not compared: shots\n"),
            std::string::npos);
}

// The command line's arguments are laid over the task's own: what counts is what was asked.
TEST_F(ReadersTest, GenerationArgumentsAreThoseInEffect) {
  write("x/" + results_name("results", kDay1),
        R"({"results":{"t":{"acc,none":0.5}},"versions":{},"config":{"gen_kwargs":null},
            "configs":{"t":{"generation_kwargs":{"max_gen_toks":64,"do_sample":false}}}})");
  write("y/" + results_name("results", kDay1),
        R"({"results":{"t":{"acc,none":0.5}},"versions":{},
            "config":{"gen_kwargs":"max_gen_toks=64,do_sample=False"},
            "configs":{"t":{"generation_kwargs":{"max_gen_toks":2048}}}})");
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  // Of samples the first request tells.
  const auto asked = [](int limit) {
    return Json{
        {"arguments", {{"gen_args_0", {{"arg_0", "q"}, {"arg_1", {{"max_gen_toks", limit}}}}}}}};
  };
  write("x/samples_t_" + std::string(kDay1) + ".jsonl", samples(10, 5, asked(64)));
  write("y/samples_t_" + std::string(kDay1) + ".jsonl", samples(10, 5, asked(256)));
  const auto refused = compare({.metric = "exact_match"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().why, "max_gen_toks 64 against 256");
}

TEST_F(ReadersTest, LightevalsMeanOverTasksIsLeftOutAndItsAveragesAreGroups) {
  write("x/" + results_name("results", kDay1), R"({"config_general":{"model_name":"org/m"},
    "results":{"leaderboard|mmlu:law|5":{"acc":0.5},"leaderboard|mmlu:art|5":{"acc":0.7},
    "leaderboard|mmlu:_average|5":{"acc":0.6},"all":{"acc":0.6}},
    "config_tasks":{"leaderboard|mmlu:law|5":{"effective_num_docs":20},
    "leaderboard|mmlu:art|5":{"effective_num_docs":30}}})");
  const auto arms = read_arms(at("x"));
  ASSERT_TRUE(arms) << arms.error().to_string();
  const ResultArm& arm = arms->front();
  EXPECT_EQ(arm.model, "org/m");
  EXPECT_EQ(arm.tasks.size(), 2U);
  EXPECT_EQ(arm.groups.at("leaderboard|mmlu|5").n, 50);
  EXPECT_EQ(english_of(arm.notes),
            std::vector<std::string>{"\"all\", the mean over tasks, is left out"});
}

TEST_F(ReadersTest, OtherProgramsAreRefusedByName) {
  write("evalscope/reports/m/gsm8k.json",
        R"({"name":"m@gsm8k","dataset_name":"gsm8k","model_name":"m","score":0.5,"metrics":[]})");
  write("inspect/logs/2026.json", R"({"version":2,"status":"success","eval":{"task":"gsm8k"}})");
  write("packed/logs/2026.eval", "PK");
  write("helm/runs/v1/mmlu/run_spec.json", "{}");
  for (const auto& [folder, program] :
       {std::pair("evalscope", "EvalScope"), std::pair("inspect", "Inspect"),
        std::pair("packed", "Inspect"), std::pair("helm", "HELM")}) {
    const auto arms = read_arms(at(folder));
    ASSERT_FALSE(arms);
    EXPECT_NE(arms.error().what.find(std::string("holds results of ") + program), std::string::npos)
        << arms.error().what;
    EXPECT_NE(arms.error().fix.find("{\"doc_id\": 0, \"acc\": 1}"), std::string::npos);
  }
  // What the refusal advises is read.
  write("x/samples_t.jsonl", "{\"doc_id\": 0, \"acc\": 1}\n{\"doc_id\": 1, \"acc\": 0}\n");
  write("y/samples_t.jsonl", "{\"doc_id\": 0, \"acc\": 0}\n{\"doc_id\": 1, \"acc\": 0}\n");
  EXPECT_EQ(compare()->candidates[0].tasks[0].comparison.flips_to_wrong, 1);
}

TEST_F(ReadersTest, AnswersAreLookedAt) {
  std::string left;
  for (const std::string& text :
       {std::string("The answer is 4."), std::string(" \n"), std::string("<think>Let me see"),
        std::string("<think>2 + 2</think>"),
        std::string("I\u2019m sorry, but I can\u2019t help with that."), []() {
          std::string loop;
          for (int i = 0; i < 80; ++i) loop += "wait, ";
          return loop;
        }()}) {
    left += Json{{"doc_id", 0}, {"acc", 0}, {"resps", {{text}}}}.dump() + "\n";
  }
  write("x/samples_t.jsonl", left);
  write("y/samples_t.jsonl",
        R"({"doc_id":0,"acc":1,"resps":[[["-0.5","False"]],[["-1.5","False"]]],)"
        R"("arguments":{"gen_args_0":{"arg_0":"q","arg_1":" a"}}})");
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  const TaskComparison& task = report->candidates[0].tasks[0];
  EXPECT_EQ(task.answers_base.looked_at, 6);
  EXPECT_EQ(task.answers_base.empty, 2);
  EXPECT_EQ(task.answers_base.cut, 1);
  EXPECT_EQ(task.answers_base.refusing, 1);
  EXPECT_EQ(task.answers_base.looping, 1);
  EXPECT_EQ(task.answers_candidate.looked_at, 0);
  EXPECT_EQ(task.answers_candidate.likelihoods, 1);
  EXPECT_NE(comparison_text(*report).find(
                "t: look: x: of 6 answers 2 empty, 1 looping, 1 cut, 1 refusing\n"),
            std::string::npos)
      << comparison_text(*report);
  EXPECT_EQ(comparison_text(*report).find("not looked at"), std::string::npos);
  write("y/samples_t.jsonl", "{\"doc_id\":0,\"acc\":1}\n");
  EXPECT_NE(comparison_text(*compare()).find("answers not looked at, as no samples hold them: t\n"),
            std::string::npos);
}

TEST_F(ReadersTest, ABaselineFarBelowItsSiblingsIsToBeLookedAtAndDecidesNothing) {
  const auto side = [this](const std::string& arm, int right) {
    write("study/" + arm + "/samples_t_" + std::string(kDay1) + ".jsonl", samples(100, right));
  };
  side("bf16", 40);
  side("fp8", 72);
  side("int4", 70);
  side("awq", 90);
  auto report = compare({.base = at("study"), .baseline = "bf16"});
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_EQ(report->notes.size(), 1U);
  EXPECT_TRUE(report->notes[0].en.starts_with(
      "look: t: the baseline has 40.0 %, the median of the others is 72.0 %"));
  side("bf16", 42);  // 30 points and not more
  report = compare({.base = at("study"), .baseline = "bf16"});
  EXPECT_TRUE(report->notes.empty());
}

TEST_F(ReadersTest, ADamagedFileIsLeftOutAndNamed) {
  const std::string whole = results("t", 0.8, "m");
  write("x/m/" + results_name("results", kDay1), whole);
  write("x/m/" + results_name("results", kDay2), whole.substr(0, whole.size() / 2));
  write("y/m/" + results_name("results", kDay1), results("t", 0.7, "m"));
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  const std::string text = comparison_text(*report);
  EXPECT_NE(text.find("left out: cannot use "), std::string::npos) << text;
  EXPECT_NE(text.find("it is cut or damaged"), std::string::npos) << text;
  const auto table = summarize({at("x")}, TableFormat::terminal);
  ASSERT_TRUE(table);
  EXPECT_NE(table->find("cut or damaged"), std::string::npos);
  fs::remove(folder_ / "x/m" / results_name("results", kDay1));
  const auto nothing = read_arms(at("x"));
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().why.find("cut or damaged"), std::string::npos);
}

// Samples of which nothing was written are as good as none: the task is named, or its figures
// count.
TEST_F(ReadersTest, AnEmptyFileOfSamplesIsLeftOutAndNamed) {
  for (const std::string side : {"x/", "y/"}) {
    write(side + "samples_t_" + kDay1 + ".jsonl", samples(20, 10));
    write(side + "samples_u_" + kDay1 + ".jsonl", samples(20, 10));
  }
  for (const std::string text : {"", "{\"doc_id\": 0, \"exa"}) {
    write("y/samples_u_" + std::string(kDay1) + ".jsonl", text);
    const auto report = compare();
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_EQ(report->candidates[0].only_base, std::vector<std::string>{"u"});
    EXPECT_NE(comparison_text(*report).find("it holds no whole sample"), std::string::npos);
  }
  // A byte order mark, as some editors leave it.
  write("x/" + results_name("results", kDay1), "\xef\xbb\xbf" + results("t", 0.5, "m"));
  EXPECT_EQ(read_summary({at("x")})->size(), 1U);
}

// 100 MB of one field that nobody asks for; and of one that is too large to be a table of results.
TEST_F(ReadersTest, ALargeResultsFileIsReadOrRefused) {
  const std::string filler(std::size_t{1} << 20, 'x');
  for (const std::string field : {"samples", "results"}) {
    ASSERT_TRUE(make_dirs(folder_ / "x"));
    std::ofstream out(folder_ / "x" / results_name("results", kDay1), std::ios::binary);
    out << "{\"" << field << "\":{\"a\":\"";
    for (int i = 0; i < 100; ++i) out << filler;
    out << "\"}" << (field == "samples" ? R"(,"results":{"t":{"acc,none":0.5}})" : "")
        << R"(,"versions":{}})";
    out.close();
    const auto arms = read_arms(at("x"));
    EXPECT_EQ(arms.has_value(), field == "samples");
    EXPECT_EQ(arms ? "" : arms.error().why.substr(arms.error().why.find("its field")),
              field == "samples" ? "" : "its field \"results\" is larger than 64.0 MiB");
  }
}

TEST_F(ReadersTest, AFolderNamedTwiceCountsOnce) {
  for (const std::string side : {"x", "y"}) {
    write(side + "/" + results_name("results", kDay1), results("t", 0.8, side));
  }
  const auto report = compare({.candidates = {at("y"), at("y/"), at("x")}});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates.size(), 1U);
  EXPECT_EQ(english_of(report->notes),
            std::vector<std::string>{"y is named twice: it counts once"});
}

TEST_F(ReadersTest, ItemsUnscoredOnOneSideAreCountedForEach) {
  std::string left;
  std::string right;
  for (int i = 0; i < 10; ++i) {
    left += fmt::format("{{\"doc_id\":{},\"acc\":{}}}\n", i, i < 1 ? "NaN" : "1");
    right += fmt::format("{{\"doc_id\":{},\"acc\":{}}}\n", i, i < 4 ? "NaN" : "1");
  }
  write("x/samples_t.jsonl", left);
  write("y/samples_t.jsonl", right);
  const auto report = compare({.metric = "acc"});
  ASSERT_TRUE(report) << report.error().to_string();
  const TaskComparison& task = report->candidates[0].tasks[0];
  EXPECT_EQ(task.comparison.n, 6);
  EXPECT_EQ(task.unscored_base_alone, 0);
  EXPECT_EQ(task.unscored_candidate_alone, 3);
}

TEST_F(ReadersTest, AGroupIsAskedAsItsTasksAre) {
  for (const auto& [side, shots] : {std::pair("x/", "5"), std::pair("y/", "0")}) {
    write(
        side + results_name("results", kDay1),
        group_results(R"("groups":{"g":{}},"group_subtasks":{"g":["g_a","g_b"]},"n-shot":{"g_a":)" +
                      std::string(shots) + "},"));
  }
  const auto refused = compare();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "g was asked otherwise in x and y");
  EXPECT_EQ(refused.error().why, "shots 5 against 0");
}

TEST_F(ReadersTest, ATaskOfAGroupThatOneSideLacksIsNamed) {
  const std::string groups = R"("groups":{"g":{}},"group_subtasks":{"g":["g_a","g_b"]},)";
  write("x/" + results_name("results", kDay1), group_results(groups));
  write("y/" + results_name("results", kDay1),
        R"({"results":{"g_a":{"acc,none":0.8},"g":{"acc,none":0.8}},"groups":{"g":{}},
            "group_subtasks":{"g":["g_a"]},"versions":{},"n-samples":{"g_a":{"effective":50}}})");
  const auto report = compare();
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].only_base, (std::vector<std::string>{"g_b", "t"}));
}

TEST_F(ReadersTest, ArmsOfOneNameAreToldApart) {
  for (const std::string side : {"a", "b", "c"}) {
    write(side + "/bf16/" + results_name("results", kDay1), results("t", 0.8, side));
  }
  const auto report = compare({.base = at("a/bf16"), .candidates = {at("b/bf16"), at("c/bf16")}});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->candidates[0].base, "a/bf16");
  EXPECT_EQ(report->candidates[0].candidate, "b/bf16");
  EXPECT_EQ(report->candidates[1].candidate, "c/bf16");
}

TEST_F(ReadersTest, ValuesNestedWithoutEndAreRefused) {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  write("x/" + results_name("results", kDay1),
        R"({"results":{"t":{"acc,none":0.5}},"versions":{"t":)" + deep + "}}");
  const auto arms = read_arms(at("x"));
  ASSERT_FALSE(arms);
  EXPECT_NE(arms.error().why.find("nested too deep"), std::string::npos);
}

TEST_F(ReadersTest, LongListsAreCutShort) {
  for (int i = 0; i < 80; ++i) {
    write(fmt::format("many/arm_of_a_long_name_{}/r_{}.json", i, kDay1),
          results("t", 0.8, fmt::format("org/m{}", i)));
  }
  const auto ambiguous = compare({.base = at("many"), .candidates = {at("many")}});
  ASSERT_FALSE(ambiguous);
  EXPECT_LT(ambiguous.error().why.size(), 300U);
  EXPECT_TRUE(ambiguous.error().why.ends_with(" and 72 more"));
  const auto none = compare({.base = at("many"), .baseline = "bf16"});
  ASSERT_FALSE(none);
  EXPECT_LT(none.error().why.size(), 300U);
}

// lm-eval takes a NaN for the likeliest, and the first of equal ones: that is no answer.
TEST_F(ReadersTest, LogLikelihoodsThatTellNoOption) {
  const auto line = [](int id, const std::string& a, const std::string& b) {
    return fmt::format(
        "{{\"doc_id\":{},\"acc\":1,\"resps\":[[[{},\"False\"]],[[{},\"False\"]]],"
        "\"metrics\":[\"acc\"]}}\n",
        id, a, b);
  };
  write("s.jsonl", line(0, "\"-0.5\"", "\"-1.5\"") + line(1, "\"nan\"", "\"-1.5\"") +
                       line(2, "-1.5", "NaN") + line(3, "\"-inf\"", "\"-inf\"") +
                       line(4, "-1.5", "-1.5") + line(5, "-Infinity", "-1.5"));
  SampleChoice choice;
  choice.metric = "acc";
  choice.count_options = true;
  const auto table = read_samples(at("s.jsonl"), choice);
  ASSERT_TRUE(table) << table.error().to_string();
  EXPECT_EQ(table->rows.size(), 6U);
  EXPECT_EQ(table->unscored, 4);
  for (const SampleRow& row : table->rows) {
    EXPECT_EQ(std::isnan(row.score), row.doc_id >= 1 && row.doc_id <= 4) << row.doc_id;
  }
}

}  // namespace
}  // namespace assay

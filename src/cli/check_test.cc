// What `assay check` and `assay data check` say about a folder of rows; a run must say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/run_cli_test.h"
#include "run/resolve.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string problem(const std::string& id) {
  return R"({"problem": "1 + 1?", "solution": "$\\boxed{2}$", "answer": "2", )"
         R"("subject": "Algebra", "level": 1, "unique_id": ")" +
         id + "\"}\n";
}

class Check : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(testing::TempDir()) /
        ("check_" + std::string(testing::UnitTest::GetInstance()->current_test_info()->name()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "data");
    if (const char* set = std::getenv("ASSAY_PYTHON")) env_python_ = set;
    ::unsetenv("ASSAY_PYTHON");
  }
  void TearDown() override {
    ::unsetenv("ASSAY_PYTHON");
    if (env_python_) ::setenv("ASSAY_PYTHON", env_python_->c_str(), 1);
    fs::remove_all(folder_);
  }

  fs::path write(const std::string& name, std::string_view content) {
    const fs::path file = folder_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  // A virtual environment whose Python runs `body` for every Parquet file.
  std::string venv(const std::string& name, const std::string& body) {
    write(name + "/pyvenv.cfg", "include-system-site-packages = false\n");
    fs::create_directories(folder_ / name / "lib/python3.11/site-packages");
    const fs::path python = write(name + "/bin/python3", "#!/bin/sh\n" + body);
    fs::permissions(python, fs::perms::owner_all);
    return python.string();
  }
  // The plan with one task, and what its engine says.
  fs::path plan(const std::string& task, const std::string& engine = "kind: vllm") {
    return write("plan.yaml", "name: t\noutput: out\nengine: {" + engine + "}\n" +
                                  "variants:\n  - {name: a, model: ./m, baseline: true}\n" +
                                  "  - {name: b, model: ./n}\ntasks:\n  - {" + task + "}\n");
  }
  Told check(const std::string& task, const std::string& engine = "kind: vllm") {
    return assay({"check", plan(task, engine).string(), "--data", data()});
  }
  Told data_check(const std::string& task) { return assay({"data", "check", data(), task}); }
  // What a run on the plan would end with before anything loads.
  std::string run_says() {
    const auto plan = load_plan(folder_ / "plan.yaml", known_benchmarks());
    EXPECT_TRUE(plan) << plan.error().to_string();
    ResolveServices services;
    services.locate_data = [&](const TaskSpec&, const Task&) {
      return Result<LocatedData>({.folder = data()});
    };
    const auto task = resolve_task(plan->tasks.front(), *plan, services);
    return task ? "nothing is wrong" : task.error().to_string();
  }
  [[nodiscard]] std::string data() const { return (folder_ / "data").string(); }

  fs::path folder_;
  std::optional<std::string> env_python_;
};

TEST_F(Check, ATornFileOfATaskThatMayBeLeftOutIsAnError) {
  write("data/hle/test.jsonl", R"({"id": "h1", "question": )");
  const Told told = check("name: hle, if_gated: skip, max_gen_toks: 8");
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("hle/test.jsonl:1 is not valid JSON"));
  EXPECT_THAT(told.err, HasSubstr(run_says()));
  const Told data = data_check("hle");
  EXPECT_EQ(data.exit_code, 2);
  EXPECT_THAT(data.out, HasSubstr("hle/test.jsonl:1 is not valid JSON"));
}

TEST_F(Check, OtherDamageOfATaskThatMayBeLeftOut) {
  for (const char* rows : {"", "{\"id\": \"h1\"}\n", "[1]\n"}) {
    write("data/hle/test.jsonl", rows);
    EXPECT_EQ(check("name: hle, if_gated: skip, max_gen_toks: 8").exit_code, 2) << rows;
    EXPECT_NE(run_says(), "nothing is wrong") << rows;
    EXPECT_EQ(data_check("hle").exit_code, 2) << rows;
  }
}

// As `grade` finds it, and a run before anything loads.
TEST_F(Check, TestsThatCannotBeRunAreFoundBeforeAnythingIsAsked) {
  const auto row = [&](const std::string& private_tests) {
    write("data/livecodebench/test.jsonl",
          R"({"question_content": "q", "question_id": "p7", "difficulty": "easy", )"
          R"("starter_code": "", "contest_date": "2024-09-01T00:00:00", "public_test_cases": )"
          R"("[{\"input\": \"1\", \"output\": \"1\", \"testtype\": \"stdin\"}]", )"
          R"("private_test_cases": ")" +
              private_tests + "\"}\n");
  };
  const std::string task = "name: livecodebench, max_gen_toks: 8";
  row("no base64");
  const Told damaged = check(task);
  EXPECT_EQ(damaged.exit_code, 2);
  EXPECT_THAT(damaged.err, HasSubstr("test.jsonl:1, private_test_cases cannot be unpacked"));
  EXPECT_THAT(damaged.err, HasSubstr(run_says()));
  row("");
  const Told missing = check(task);
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("task livecodebench: 1 of 1 items cannot be tested"));
  EXPECT_THAT(missing.err, HasSubstr("no private tests, as item p7"));
  EXPECT_THAT(missing.err, HasSubstr("public_tests_suffice: true"));
  EXPECT_THAT(missing.err, HasSubstr(run_says()));
  EXPECT_EQ(check(task + ", options: {public_tests_suffice: true}").exit_code, 0);
}

TEST_F(Check, ScicodeWithoutItsTestDataSaysSo) {
  const std::string step =
      R"({"step_number": "1.1", "step_description_prompt": "d", "function_header": "def f():", )"
      R"("return_line": "return 1", "test_cases": ["assert f() == target"]})";
  write("data/scicode/problems_test.jsonl", R"({"problem_id": "1", "required_dependencies": )"
                                            R"("import numpy as np", "sub_steps": [)" +
                                                step + "]}\n");
  const Told told = check("name: scicode, max_gen_toks: 8");
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("note: scicode: test_data.h5 is not there"));
  EXPECT_THAT(told.out, HasSubstr("note: scicode: 1 of 1 items cannot be tested (tests not "
                                  "available, as item 1)"));
  write("data/scicode/test_data.h5", "x");
  EXPECT_THAT(check("name: scicode, max_gen_toks: 8").out,
              testing::Not(HasSubstr("test_data.h5 is not there")));
}

// SciCode's 65 problems of the hub ask 288 times; MATH-500's 500 once each, and a run until its
// budget ends may ask them all.
TEST_F(Check, ForecastOfWhatLiesOnTheHub) {
  const fs::path file = write("plan.yaml", R"(
name: p
budget: 1h
until: budget
engine: {max_model_len: 4096}
variants: [{name: a, model: m, baseline: true}, {name: b, model: n}]
tasks:
  - {name: math500, limit: 50, max_gen_toks: 512}
  - {name: scicode, limit: 13, max_gen_toks: 1000}
)");
  const Told told =
      assay({"check", file.string(), "--json", "--tokens-per-second", "1000", "--load-s", "60"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  const auto json = nlohmann::json::parse(told.out);
  EXPECT_EQ(json["tasks"][1]["output_tokens"], 58000);  // 13 * 288 / 65 = 57.6 answers
  EXPECT_EQ(json["forecast"]["items"], nlohmann::json({{"math500", 500}, {"scicode", 65}}));
  // 500 * (64 + 512) + 65 * 64 + 288 * 1000
  EXPECT_NEAR(json["forecast"]["tokens"].get<double>(), 580160, 0.1);
  EXPECT_TRUE(json["forecast"]["all"]);
  const Told wrong = assay({"check", file.string(), "--load-s", "60"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--tokens-per-second must be above 0"));
}

// 64 passes over AIME's 30 items are 1,920 answers; MATH-500 is greedy here and is asked once.
TEST_F(Check, RepeatsAutoAreCounted) {
  const fs::path file = write("plan.yaml", R"(
name: p
budget: 1h
until: budget
engine: {max_model_len: 4096}
sampling: {temperature: 0.6}
variants: [{name: a, model: m, baseline: true}, {name: b, model: n}]
tasks:
  - {name: aime24, max_gen_toks: 500, repeats: auto}
  - {name: math500, limit: 50, at_most: 60, max_gen_toks: 500, sampling: {}, repeats: auto}
)");
  const std::vector<std::string> asked = {"check", file.string(), "--tokens-per-second",
                                          "1000",  "--load-s",    "60"};
  const Told told = assay(asked);
  ASSERT_EQ(told.exit_code, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("30 x 64"));
  EXPECT_THAT(told.out, HasSubstr("aime24 30 64.0 times each, math500 60"));
  EXPECT_THAT(
      told.out,
      HasSubstr("the pooled difference of 90 items, each the mean of its repeats, in 2 tasks"));
  EXPECT_THAT(told.out, HasSubstr("task math500: repeats: auto asks each item once"));
  std::vector<std::string> as_json = asked;
  as_json.emplace_back("--json");
  const auto json = nlohmann::json::parse(assay(as_json).out);
  EXPECT_EQ(json["forecast"]["items"], nlohmann::json({{"aime24", 30}, {"math500", 60}}));
  EXPECT_EQ(json["forecast"]["answers"], nlohmann::json({{"aime24", 1920}, {"math500", 60}}));
  // 1,920 * (64 + 500) + 60 * 564
  EXPECT_NEAR(json["forecast"]["tokens"].get<double>(), 1'116'720, 0.1);
  const Told limits = assay({"check", file.string(), "--until", "limits"});
  EXPECT_EQ(limits.exit_code, 2);
  EXPECT_THAT(limits.err, HasSubstr("repeats: auto in a run that ends at its limits"));
}

TEST_F(Check, AbsentRowsAreLeftOutWhereThePlanSaysSo) {
  write("data/math500/test.jsonl", problem("a"));  // another task's
  const Told skipped = check("name: hle, if_gated: skip, max_gen_toks: 8");
  EXPECT_EQ(skipped.exit_code, 0) << skipped.err;
  EXPECT_THAT(skipped.out, HasSubstr("N/A"));
  EXPECT_THAT(skipped.out, HasSubstr("[no rows in the data folder]"));
  EXPECT_EQ(run_says(), "nothing is wrong");
  const Told wanted = check("name: hle, max_gen_toks: 8");
  EXPECT_EQ(wanted.exit_code, 2);
  EXPECT_THAT(wanted.err, HasSubstr("no rows found in " + data()));
  EXPECT_THAT(wanted.err, HasSubstr("looked for: "));
  EXPECT_THAT(wanted.err, HasSubstr(run_says()));
  const Told data = data_check("hle");
  EXPECT_EQ(data.exit_code, 2);
  EXPECT_THAT(data.out, HasSubstr("not there: looked for: "));
  const Told all = assay({"data", "check", this->data()});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, HasSubstr("1 items, layout 'hub'"));
}

TEST_F(Check, ExemplarsThatAreNotThereAreDamage) {
  write("data/mmlu_pro/test.jsonl",
        R"({"question_id": 1, "question": "1 + 1?", "options": ["1", "2"], "answer": "B", )"
        R"("answer_index": 1, "cot_content": "", "category": "math"})"
        "\n");
  const Told told = check("name: mmlu_pro, if_gated: skip, max_gen_toks: 8");
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("no few-shot exemplars of task mmlu_pro in " + data()));
  EXPECT_THAT(told.err, HasSubstr(run_says()));
  const Told all = assay({"data", "check", data()});
  EXPECT_EQ(all.exit_code, 2);
  EXPECT_THAT(all.out, HasSubstr("no few-shot exemplars of task mmlu_pro in " + data()));
}

TEST_F(Check, IdsThatAreNotThere) {
  write("data/math500/test.jsonl", problem("a"));
  const Told told = check("name: math500, max_gen_toks: 8, ids: [nobody]");
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("nobody"));
  EXPECT_THAT(told.err, HasSubstr(run_says()));
}

// The task's rows are known under lm-eval's name too, and what lm-eval alone reads can't be chosen.
TEST_F(Check, TasksOfLmEval) {
  write("data/math500/test.jsonl", R"({"problem": )");
  const Told torn =
      check("name: m, harness: lm_eval, benchmark: hendrycks_math500, max_gen_toks: 8");
  EXPECT_EQ(torn.exit_code, 2);
  EXPECT_THAT(torn.err, HasSubstr("math500/test.jsonl:1"));
  const Told chosen =
      check("name: ifeval, harness: lm_eval, benchmark: ifeval, max_gen_toks: 8, first: 3");
  EXPECT_EQ(chosen.exit_code, 2);
  EXPECT_THAT(chosen.err, HasSubstr("cannot choose its items"));
  EXPECT_THAT(chosen.err, HasSubstr(run_says()));
}

TEST_F(Check, ParquetIsReadThroughThePlansPythonOrTheUsers) {
  write("data/math500/test.parquet", "PAR1");
  const std::string rows = "cat <<'END'\n" + problem("a") + "END\n";
  const std::string two = "cat <<'END'\n" + problem("a") + problem("b") + "END\n";
  ::setenv("ASSAY_PYTHON", venv("users", rows).c_str(), 1);
  const Told users = check("name: math500, max_gen_toks: 8");
  EXPECT_EQ(users.exit_code, 0) << users.err;
  EXPECT_THAT(users.out, testing::ContainsRegex("math500 +1 +8 +8 "));
  EXPECT_EQ(data_check("math500").exit_code, 0);
  const Told plans = check("name: math500, max_gen_toks: 8", "python: " + venv("plans", two));
  EXPECT_EQ(plans.exit_code, 0) << plans.err;
  EXPECT_THAT(plans.out, testing::ContainsRegex("math500 +2 +8 +16 "));
}

TEST_F(Check, ParquetWithoutTheBenchmarksColumns) {
  write("data/hle/test.parquet", "PAR1");
  ::setenv("ASSAY_PYTHON", venv("users", "echo '{\"text\": \"x\"}'\n").c_str(), 1);
  const Told told = check("name: hle, if_gated: skip, max_gen_toks: 8");
  EXPECT_EQ(told.exit_code, 2);
  EXPECT_THAT(told.err, HasSubstr("hle/test.parquet:1"));
  const Told data = data_check("hle");
  EXPECT_EQ(data.exit_code, 2);
  EXPECT_THAT(data.out, HasSubstr("hle/test.parquet:1"));
}

TEST_F(Check, APythonThatIsNotThereMattersToParquetAlone) {
  ::setenv("ASSAY_PYTHON", (folder_ / "gone/python3").c_str(), 1);
  write("data/math500/test.jsonl", problem("a"));
  EXPECT_EQ(check("name: math500, max_gen_toks: 8").exit_code, 0);
  EXPECT_EQ(data_check("math500").exit_code, 0);
  fs::remove_all(folder_ / "data/math500");
  write("data/math500/test.parquet", "PAR1");
  const Told told = check("name: math500, max_gen_toks: 8");
  EXPECT_EQ(told.exit_code, 3);
  EXPECT_THAT(told.err, HasSubstr("math500/test.parquet"));
  EXPECT_THAT(told.err, HasSubstr("ASSAY_PYTHON names no program"));
  EXPECT_THAT(told.err, HasSubstr("correct ASSAY_PYTHON, or unset it"));
  EXPECT_EQ(data_check("math500").exit_code, 3);
}

TEST_F(Check, AFolderOfOneTaskThatIsNotThere) {
  const Told told = check("name: hle, if_gated: skip, max_gen_toks: 8, data: ./nowhere");
  EXPECT_EQ(told.exit_code, 0);  // --data goes before the task's own folder
  plan("name: hle, if_gated: skip, max_gen_toks: 8, data: ./nowhere");
  const Told own = assay({"check", (folder_ / "plan.yaml").string()});
  EXPECT_EQ(own.exit_code, 2);
  EXPECT_THAT(own.err, HasSubstr("cannot read the folder"));
}

// GPQA that generates needs no log-probabilities of a prompt.
TEST_F(Check, AnEndpointWithoutLogProbabilitiesLeavesOutOnlyWhatNeedsThem) {
  const std::string engine = "kind: openai, base_url: 'http://127.0.0.1:1/v1', logprobs: false";
  const std::string words = "the endpoint gives no log-probabilities of a prompt";
  fs::copy(ASSAY_SOURCE_DIR "/data/gpqa_diamond", folder_ / "data/gpqa_diamond");
  EXPECT_THAT(check("name: gpqa_diamond", engine).out, HasSubstr(words));
  const Told generates =
      check("name: gpqa_diamond, max_gen_toks: 64, options: {generative: true}", engine);
  EXPECT_EQ(generates.exit_code, 0) << generates.err;
  EXPECT_THAT(generates.out, testing::Not(HasSubstr(words)));
}

// The three-hour plan: 470 items, the figures of docs/statistics.md's simulation.
TEST_F(Check, ThePowerOfThePrimaryIsSaidBeforeAnythingIsRented) {
  const Told told = assay({"check", ASSAY_SOURCE_DIR "/plans/qwen3_32b_3h.yaml", "--json"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  const auto json = nlohmann::json::parse(told.out);
  const auto& power = json.at("pooled").at("power");
  ASSERT_EQ(power.size(), 12U);  // three rules, four discordances
  for (const auto& p : power) {
    EXPECT_EQ(p.at("used"), p.at("weights") == "sqrt");
    if (p.at("weights") != "equal" || p.at("discordance") != 0.1) continue;
    EXPECT_NEAR(p.at("non_inferior").get<double>(), 0.43, 0.01);
    EXPECT_NEAR(p.at("detectable_pp").get<double>(), 4.86, 0.01);
  }
  EXPECT_EQ(json.at("family"), 14);
  EXPECT_TRUE(json.at("pooled").at("items_unknown").empty());
  const Told shown = assay({"check", ASSAY_SOURCE_DIR "/plans/qwen3_32b_3h.yaml"});
  EXPECT_THAT(shown.out, HasSubstr("the pooled difference of 470 items in 7 tasks"));
  EXPECT_THAT(shown.out, HasSubstr("sqrt (used)"));
}

// Two H100s gave 7,000 tokens a second and loads of 100 s (docs/gpu.md).
TEST_F(Check, ThePlanThatDecidesReachesANarrowMarginWithinItsBudget) {
  const std::string plan = std::string(ASSAY_SOURCE_DIR) + "/plans/qwen3_32b_3h_decide.yaml";
  const Told told = assay({"check", plan, "--json", "--tokens-per-second", "7000", "--load-s",
                           "100", "--set", "compare.margin_pp=1.5"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  const auto looks = nlohmann::json::parse(told.out).at("looks");
  EXPECT_EQ(looks.at("pairs"), looks.at("target"));  // the budget reaches it
  EXPECT_GE(looks.at("power").get<double>(), 0.9);
  EXPECT_LT(looks.at("power_of_all_looks"), looks.at("power"));
  EXPECT_GE(looks.at("power_of_all_looks").get<double>(), 0.88);
  EXPECT_EQ(looks.at("discordance"), 0.1);
  // What is out of reach is said, and what is within it.
  const Told shown = assay({"check", plan, "--set", "compare.margin_pp=0.9"});
  EXPECT_THAT(shown.out, HasSubstr("the data are too few for 0.9 points: with 10 % of flips the "
                                   "13275 pairs that there are would do for 1.6 points, if 90 % "
                                   "power is wanted of all looks"));
}

}  // namespace
}  // namespace assay

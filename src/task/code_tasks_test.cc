// HLE, LiveCodeBench and SciCode on rows made for the test.
#include <fstream>

#include "task/livecodebench_tests.h"
#include "task/scicode_harness.h"
#include "task/task_test.h"

namespace assay {
namespace {

ProgramResult verdict(ProgramVerdict value) {
  ProgramResult result;
  result.verdict = value;
  result.detail = "why";
  return result;
}

class Hle : public TaskTest {
 protected:
  Json row_{{"id", "q1"},    {"question", "Which?\n\nAnswer Choices:\nA. x\nB. y"},
            {"answer", "B"}, {"answer_type", "multipleChoice"},
            {"image", ""},   {"category", "Math"}};
};

TEST_F(Hle, MultipleChoice) {
  const Task& task = use("hle");
  const Item item = items_of(task, {row_})[0];
  const Request request = ask(task, item);
  ASSERT_EQ(request.messages.size(), 2U);
  EXPECT_EQ(request.messages[0].role, "system");
  EXPECT_NE(request.messages[0].content.find("Confidence:"), std::string::npos);
  EXPECT_EQ(request.messages[1].content, row_.at("question").get<std::string>());
  Score score = score_of(task, item, {answered("Explanation: so\nAnswer: B. y\nConfidence: 80%")});
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_DOUBLE_EQ(score.confidence.value().stated.value(), 0.8);
  EXPECT_EQ(score_of(task, item, {answered("I think the answer is (B).")}).metrics.at("robust"), 1);
  EXPECT_EQ(score_of(task, item, {answered("B")}).extracted, "B");
  // A letter somewhere in the text is not an answer, nor is one of two.
  for (const char* text : {"It has to do with B cells.", "Answer: A and B\nConfidence: 80%",
                           "Answer: Because it is so"}) {
    score = score_of(task, item, {answered(text)});
    EXPECT_EQ(score.metrics.at("robust"), 0) << text;
    EXPECT_TRUE(score.not_extractable) << text;
  }
}

// Each says B on a line that is not quite the one that was asked for.
TEST_F(Hle, AnswerLines) {
  const Task& task = use("hle");
  const Item item = items_of(task, {row_})[0];
  for (const char* text :
       {"Explanation: e\nAnswer: B \u2014 y\nConfidence: 90%", "Answer: Option B\nConfidence: 9%",
        "Answer: \\(\\mathbf{B}\\)\nConfidence: 90%", "Final Answer: B\nConfidence: 90%",
        "**Exact Answer:** B", "Answer: The correct choice is B.\nConfidence: 80%", "Answer: \"B\"",
        "Answer: [B]", "Answer: B/y", "Answer: Choice (B)", "\u7b54\u6848\uff1aB\n",
        "Answer: as shown below\nSo it must be (B)."}) {
    EXPECT_EQ(score_of(task, item, {answered(text)}).extracted, "B") << text;
  }
}

TEST_F(Hle, ExactMatchNeedsJudgeAndImagesAreLeftOut) {
  const Task& task = use("hle");
  Json exact = row_;
  exact["id"] = "q2";
  exact["answer_type"] = "exactMatch";
  exact["answer"] = "Rome";
  Json picture = row_;
  picture["id"] = "q3";
  picture["image"] = "data:image/png;base64,AAAA";
  const auto items = items_of(task, {exact, picture});
  const Score free = score_of(task, items[0], {answered("Answer: Rome\nConfidence: 10%")});
  EXPECT_EQ(free.outcome, Outcome::unscored);
  EXPECT_EQ(free.reason, reason::kNoJudge);
  EXPECT_TRUE(free.metrics.empty());
  EXPECT_EQ(free.extracted, "Rome");
  const auto next = task.next(items[1], {}, context());
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next);
  EXPECT_EQ(task.steps_of(items[1]), 0);
  EXPECT_EQ(score_of(task, items[1], {}).reason, reason::kNeedsImage);
}

TEST_F(Hle, TemplateFileAndBadRows) {
  const Task& task = use("hle");
  const std::string file = testing::TempDir() + "/hle_system.txt";
  std::ofstream(file) << "Say Answer: and Confidence:\n";
  spec_.options["template"] = file;
  EXPECT_EQ(ask(task, items_of(task, {row_})[0]).messages[0].content,
            "Say Answer: and Confidence:");
  spec_.options["template"] = file + ".missing";
  EXPECT_NE(error_of(task, {row_}), "");
  spec_.options = Json::object();
  for (const auto& [field, value] : std::vector<std::pair<std::string, Json>>{
           {"answer_type", "essay"}, {"answer", "no letter"}, {"question", nullptr}, {"id", 3.5}}) {
    Json bad = row_;
    bad[field] = value;
    EXPECT_NE(error_of(task, {bad}).find("'" + field + "'"), std::string::npos) << field;
  }
}

class LiveCodeBench : public TaskTest {
 protected:
  Json row_{{"question_content", "Add two numbers."},
            {"question_id", "a1"},
            {"contest_date", "2024-03-15T00:00:00"},
            {"starter_code", ""},
            {"difficulty", "easy"},
            {"public_test_cases", R"([{"input":"1 2\n","output":"3\n","testtype":"stdin"}])"},
            {"private_test_cases", R"([{"input":"2 2\n","output":"4\n","testtype":"stdin"}])"},
            {"metadata", "{}"}};
};

TEST_F(LiveCodeBench, StdinProgram) {
  const Task& task = use("livecodebench");
  const Item item = items_of(task, {row_})[0];
  EXPECT_EQ(item.stratum, "easy");
  EXPECT_NE(ask(task, item).plain.find("### Problem\nAdd two numbers.\n\n"), std::string::npos);
  const std::vector<StepResult> steps = {answered("So:\n```python\nprint(3)\n```\n")};
  const auto programs = task.programs(item, steps, context());
  ASSERT_TRUE(programs && programs->size() == 1);
  const Program& program = programs->front();
  EXPECT_EQ(program.source, "print(3)");
  EXPECT_EQ(program.kind, TestKind::stdin_stdout);
  EXPECT_EQ(program.compare, Compare::lines);
  EXPECT_EQ(program.limits.cpu_s, 6);
  ASSERT_EQ(program.tests.size(), 2U);
  EXPECT_EQ(program.tests[1].expected, "4\n");
  EXPECT_EQ(score_of(task, item, steps, {verdict(ProgramVerdict::passed)}).metrics.at("robust"), 1);
  const Score wrong = score_of(task, item, steps, {verdict(ProgramVerdict::wrong_answer)});
  EXPECT_EQ(wrong.metrics.at("robust"), 0);
  EXPECT_EQ(wrong.detail, "why");
  EXPECT_EQ(wrong.month, "2024-03");
  EXPECT_EQ(score_of(task, item, steps, {verdict(ProgramVerdict::sandbox_fault)}).reason,
            reason::kSandboxFault);
}

TEST_F(LiveCodeBench, TheProgramThatReadsAndPrintsIsRun) {
  const Task& task = use("livecodebench");
  const Item item = items_of(task, {row_})[0];
  const std::string program = "a, b = map(int, input().split())\nprint(a + b)";
  const std::vector<StepResult> steps = {
      answered("```python\n" + program + "\n```\nIt prints\n```\n3\n```\n")};
  const auto programs = task.programs(item, steps, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_EQ(programs->at(0).source, program);
  EXPECT_EQ(programs->at(1).source, "3");
  EXPECT_EQ(programs->at(1).tests.size(), 2U);
  const Score score = score_of(task, item, steps,
                               {verdict(ProgramVerdict::passed), verdict(ProgramVerdict::passed)});
  EXPECT_EQ(score.metrics.at("official"), 1);
  // Cut off, or followed by one fence too many: official finds no code.
  for (const char* ending : {"", "\n```\n```\n"}) {
    const std::vector<StepResult> cut = {answered("```python\n" + program + ending)};
    ASSERT_EQ(task.programs(item, cut, context())->size(), 1U);
    const Score half = score_of(task, item, cut, {verdict(ProgramVerdict::passed)});
    EXPECT_EQ(half.metrics.at("robust"), 1);
    EXPECT_EQ(half.metrics.at("official"), 0);
  }
}

// The official runner takes what is printed when the main thread returns, so a program with threads
// is run both ways.
TEST_F(LiveCodeBench, ThreadsAreReadTwoWays) {
  const Task& task = use("livecodebench");
  const Item item = items_of(task, {row_})[0];
  const std::vector<StepResult> steps = {
      answered("```python\nimport threading\ndef main():\n    print(input())\n"
               "threading.Thread(target=main).start()\n```")};
  const auto programs = task.programs(item, steps, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_FALSE(programs->at(0).main_thread_alone);
  EXPECT_TRUE(programs->at(1).main_thread_alone);
  EXPECT_EQ(programs->at(0).source, programs->at(1).source);
  const Score score = score_of(
      task, item, steps, {verdict(ProgramVerdict::passed), verdict(ProgramVerdict::wrong_answer)});
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_EQ(score.metrics.at("official"), 0);
  EXPECT_EQ(score.remarks.at("official_verdict"), "wrong answer");
  const auto plain = task.programs(item, {answered("```python\nprint(input())\n```")}, context());
  ASSERT_TRUE(plain && plain->size() == 1);
  EXPECT_EQ(plain->at(0).integer_digits, 50'000);
  EXPECT_FALSE(plain->at(0).main_thread_alone);
}

TEST_F(LiveCodeBench, NoCodeIsWrongAndRunsNothing) {
  const Task& task = use("livecodebench");
  const Item item = items_of(task, {row_})[0];
  const std::vector<StepResult> steps = {answered("I cannot.")};
  EXPECT_TRUE(task.programs(item, steps, context())->empty());
  const Score score = score_of(task, item, steps);
  EXPECT_EQ(score.outcome, Outcome::scored);
  EXPECT_EQ(score.metrics.at("robust"), 0);
  EXPECT_TRUE(score.not_extractable);
}

TEST_F(LiveCodeBench, FunctionalProgramOfShippedRow) {
  const Task& task = use("livecodebench");
  const auto items = task.make_items(found(data_folder(), task.source.layouts), context());
  ASSERT_TRUE(items) << items.error().to_string();
  const Item item = (*items)[5];
  EXPECT_EQ(item.id, "own_6");
  EXPECT_NE(ask(task, item).plain.find("class Solution:\n    def keepLarger"), std::string::npos);
  const auto programs = task.programs(item, {answered("```python\nx\n```")}, context());
  ASSERT_TRUE(programs && programs->size() == 1);
  const Program& program = programs->front();
  EXPECT_EQ(program.kind, TestKind::function);
  EXPECT_EQ(program.compare, Compare::json_value);
  EXPECT_EQ(program.function_name, "keepLarger");
  ASSERT_EQ(program.tests.size(), 4U);  // one public, three private ones out of the pickle
  EXPECT_EQ(program.tests[1].input, "[]\n0");
  EXPECT_EQ(program.tests[1].expected, "[]");
}

TEST_F(LiveCodeBench, DatesAndReleases) {
  const Task& task = use("livecodebench");
  Json late = row_;
  late["question_id"] = "a2";
  late["contest_date"] = "2024-09-01T00:00:00";
  spec_.options = {{"start_date", "2024-03-15"}, {"end_date", "2024-08-31"}};
  EXPECT_EQ(items_of(task, {row_, late}).size(), 1U);
  spec_.options = {{"start_date", "March"}};
  EXPECT_NE(error_of(task, {row_}).find("YYYY-MM-DD"), std::string::npos);

  DataSet data;
  data.rows = {{row_, "d/test.jsonl:1"}, {late, "d/test5.jsonl:1"}};
  const auto ids = [&](const char* release) {
    spec_.options = {{"release", release}};
    std::string out;
    const auto items = task.make_items(data, context());
    if (!items) return items.error().what;
    for (const Item& item : *items) out += item.id + " ";
    return out;
  };
  EXPECT_EQ(ids("release_v4"), "a1 ");
  EXPECT_EQ(ids("release_v5"), "a1 a2 ");
  EXPECT_EQ(ids("v5"), "a2 ");
  EXPECT_EQ(ids("v2_v5"), "a2 ");
  EXPECT_EQ(ids("newest"), "task livecodebench: unknown release 'newest'");
  EXPECT_NE(error_of(task, {row_}), "");  // rows.jsonl is no release file
}

TEST_F(LiveCodeBench, BadTests) {
  const std::string one = R"([{"input":"1","output":"2","testtype":"stdin"}])";
  EXPECT_EQ(livecodebench_tests(one, "", "w")->tests.size(), 1U);
  for (const char* bad : {"{}", "[1]", "[{\"input\":\"1\"}]", "x",
                          R"([{"input":"1","output":"2","testtype":"file"}])",
                          R"([{"input":"1","output":"2","testtype":"functional"}])"}) {
    const auto tests = livecodebench_tests(one, bad, "w");
    ASSERT_FALSE(tests) << bad;
    EXPECT_EQ(tests.error().kind, ErrorKind::usage);
    EXPECT_NE(tests.error().to_string().find("w, private_test_cases"), std::string::npos);
  }
}

// What a run looks at before anything is asked.
TEST_F(LiveCodeBench, RowsWhoseTestsAreNotTheBenchmarksAreTold) {
  const Task& task = use("livecodebench");
  const auto of = [&](const Json& row) {
    return task.untestable(items_of(task, {row})[0], context());
  };
  EXPECT_EQ(of(row_).value_or("error"), "");
  for (const Json& none : {Json(nullptr), Json(""), Json("[]")}) {
    Json row = row_;
    row["private_test_cases"] = none;
    EXPECT_EQ(of(row).value_or("error"), "no private tests") << none;
    row["public_test_cases"] = "[]";
    EXPECT_EQ(of(row).value_or("error"), "tests not available") << none;
  }
  Json damaged = row_;
  for (const auto& [bytes, why] : std::vector<std::pair<std::string, std::string>>{
           {"!!", "it is not base64"},
           {"aGVsbG8gd29ybGQ=", "incorrect header check"}}) {  // "hello world", no zlib
    damaged["private_test_cases"] = bytes;
    const auto result = of(damaged);
    ASSERT_FALSE(result) << bytes;
    EXPECT_EQ(result.error().kind, ErrorKind::usage);
    EXPECT_EQ(result.error().why, why);
    EXPECT_NE(result.error().what.find("rows.jsonl:1, private_test_cases"), std::string::npos);
  }
  Json public_alone = row_;
  public_alone["private_test_cases"] = "";
  spec_.options["public_tests_suffice"] = true;
  EXPECT_EQ(of(public_alone).value_or("error"), "");
  EXPECT_FALSE(task.untestable_fix.empty());
}

class SciCode : public TaskTest {
 protected:
  SciCode() { folder_ = testing::TempDir() + "/no_extra_files"; }
  static Json step(const std::string& id, const std::string& test) {
    return {{"step_number", id},
            {"step_description_prompt", "Describe " + id + "."},
            {"step_background", "Background " + id + "."},
            {"function_header", "def f" + id.substr(id.size() - 1) + "():"},
            {"return_line", "    return x"},
            {"test_cases", {test}}};
  }
  Json row_{{"problem_id", "900"},
            {"required_dependencies", "import numpy as np"},
            {"sub_steps", {step("900.1", "assert f1() == 1"), step("900.2", "assert f2() == 2")}}};
};

TEST_F(SciCode, AsksStepByStepWithOwnCode) {
  const Task& task = use("scicode");
  const Item item = items_of(task, {row_})[0];
  EXPECT_EQ(task.steps_of(item), 2);
  const std::string first = ask(task, item).plain;
  EXPECT_NE(first.find("Describe 900.1.\n\ndef f1():\n\n    return x"), std::string::npos);
  EXPECT_EQ(first.find("900.2"), std::string::npos);
  EXPECT_EQ(first.find("Background"), std::string::npos);
  const StepResult one =
      answered("Well:\n```python\nimport os\ndef f1():\n    return 1\n```\nDone");
  const std::string second = ask(task, item, {one}).plain;
  EXPECT_NE(second.find("Describe 900.1.\n\n\ndef f1():\n    return 1"), std::string::npos);
  EXPECT_NE(second.find("Describe 900.2.\n\ndef f2():"), std::string::npos);
  const auto done = task.next(item, {one, one}, context());
  ASSERT_TRUE(done);
  EXPECT_FALSE(*done);
  spec_.options["with_background"] = true;
  EXPECT_NE(ask(task, item).plain.find("Describe 900.1.\nBackground 900.1."), std::string::npos);
}

TEST_F(SciCode, GoldCodeIsCarriedWhereTheRowHasIt) {
  const Task& task = use("scicode");
  row_["sub_steps"][0]["ground_truth_code"] = "def f1():\n    return 1  # gold";
  spec_.options["carry"] = "gold";
  spec_.options["split"] = "all";
  const Item item = items_of(task, {row_})[0];
  const StepResult own = answered("```python\ndef f1():\n    return 7\n```");
  const std::string second = ask(task, item, {own}).plain;
  EXPECT_NE(second.find("return 1  # gold"), std::string::npos);
  EXPECT_EQ(second.find("return 7"), std::string::npos);
  const auto programs = task.programs(item, {own, own}, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_NE((*programs)[0].source.find("return 7"), std::string::npos);  // the step's own answer
  EXPECT_NE((*programs)[1].source.find("# gold"), std::string::npos);
  spec_.options["carry"] = "theirs";
  EXPECT_NE(error_of(task, {row_}).find("carry"), std::string::npos);
}

TEST_F(SciCode, ProgramsAndScores) {
  const Task& task = use("scicode");
  const Item item = items_of(task, {row_})[0];
  const std::vector<StepResult> steps = {answered("```python\ndef f1():\n    return 1\n```"),
                                         answered("```python\ndef f2():\n    return 3\n```")};
  const auto programs = task.programs(item, steps, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_EQ((*programs)[1].kind, TestKind::script);
  EXPECT_TRUE((*programs)[1].needs_scientific);
  EXPECT_NE((*programs)[1].source.find("def f1()"), std::string::npos);
  EXPECT_NE((*programs)[1].source.find("def f2()"), std::string::npos);
  EXPECT_EQ((*programs)[0].source.find("def f2()"), std::string::npos);
  EXPECT_TRUE((*programs)[0].preamble.ends_with("\nimport numpy as np\n"));
  EXPECT_EQ((*programs)[0].tests.at(0).input, "assert f1() == 1\n");
  EXPECT_TRUE((*programs)[0].run_as_main);

  const Score half = score_of(
      task, item, steps, {verdict(ProgramVerdict::passed), verdict(ProgramVerdict::runtime_error)});
  EXPECT_EQ(half.metrics.at("robust"), 0);
  EXPECT_EQ(half.metrics.at("subproblem"), 0.5);
  EXPECT_EQ(half.substeps.value().passed, 1);
  EXPECT_EQ(half.substeps.value().total, 2);
  EXPECT_EQ(half.detail, "step 900.2: runtime error: why");
  const Score all = score_of(task, item, steps,
                             {verdict(ProgramVerdict::passed), verdict(ProgramVerdict::passed)});
  EXPECT_EQ(all.metrics.at("robust"), 1);
  EXPECT_EQ(score_of(task, item, steps,
                     {verdict(ProgramVerdict::passed), verdict(ProgramVerdict::sandbox_fault)})
                .reason,
            reason::kSandboxFault);
}

TEST_F(SciCode, StepThatDoesNotFitLeavesTheItemUnscored) {
  const Task& task = use("scicode");
  const Item item = items_of(task, {row_})[0];
  StepResult too_long;
  too_long.prompt_did_not_fit = true;
  const std::vector<StepResult> steps = {answered("```python\nx\n```"), too_long};
  EXPECT_TRUE(task.programs(item, steps, context())->empty());
  const Score score = score_of(task, item, steps);
  EXPECT_EQ(score.outcome, Outcome::unscored);
  EXPECT_EQ(score.reason, reason::kPromptDoesNotFit);
  EXPECT_EQ(score.remarks.at("steps_answered"), 1);
}

TEST_F(SciCode, TargetsComeFromTestDataOrTheSolution) {
  const Task& task = use("scicode");
  Json needs = row_;
  needs["sub_steps"][1]["test_cases"] = {"assert np.allclose(f2(), target)"};
  const Item without = items_of(task, {needs})[0];
  EXPECT_FALSE(*task.next(without, {}, context()));
  EXPECT_EQ(task.steps_of(without), 0);
  EXPECT_EQ(score_of(task, without, {}).reason, reason::kNoTests);

  const std::vector<StepResult> steps = {answered("a"), answered("b")};
  Json solved = needs;
  for (Json& one : solved["sub_steps"]) one["ground_truth_code"] = "def g(): 'it''s'";
  const Item dev = items_of(task, {solved})[0];
  EXPECT_EQ(dev.stratum, "dev");
  auto programs = task.programs(dev, steps, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_EQ((*programs)[1].tests[0].input,
            "_assay_found = _assay_targets()\ntarget = _assay_found[0]\n"
            "assert np.allclose(f2(), target)\n");
  EXPECT_NE((*programs)[1].preamble.find("_assay_solution = 'def g(): \\'it\\'\\'s\\'\\n"),
            std::string::npos);

  folder_ = testing::TempDir() + "/with_test_data";
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/test_data.h5") << "x";
  const Item graded = items_of(task, {needs})[0];
  programs = task.programs(graded, steps, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_TRUE((*programs)[1].read_only_file.ends_with("/test_data.h5"));
  EXPECT_EQ((*programs)[1].tests[0].input,
            "_assay_found = _assay_targets('900.2', 1)\ntarget = _assay_found[0]\n"
            "assert np.allclose(f2(), target)\n");
  EXPECT_TRUE((*programs)[0].read_only_file.empty());
}

TEST_F(SciCode, WhatCannotBeTestedIsAskedOnlyIfThePlanSaysSo) {
  const Task& task = use("scicode");
  row_["sub_steps"][1]["test_cases"] = {"assert np.allclose(f2(), target)"};
  const Item not_asked = items_of(task, {row_})[0];
  EXPECT_EQ(task.untestable(not_asked, context()).value_or("error"), "tests not available");
  EXPECT_EQ(task.steps_of(not_asked), 0);
  spec_.options["generate_untested"] = true;
  const Item item = items_of(task, {row_})[0];
  EXPECT_EQ(task.steps_of(item), 2);
  EXPECT_NE(ask(task, item).plain.find("Describe 900.1."), std::string::npos);
  const std::vector<StepResult> steps = {answered("a"), answered("b")};
  EXPECT_TRUE(task.programs(item, steps, context())->empty());
  EXPECT_EQ(score_of(task, item, steps).reason, reason::kNoTests);
  // test_data.h5 comes later: what was asked is tested then, and what was not stays as it is.
  folder_ = testing::TempDir() + "/with_late_test_data";
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/test_data.h5") << "x";
  EXPECT_EQ(task.untestable(item, context()).value_or("error"), "");
  const auto programs = task.programs(item, steps, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_TRUE((*programs)[1].read_only_file.ends_with("/test_data.h5"));
  EXPECT_TRUE(task.programs(not_asked, {}, context())->empty());
  EXPECT_EQ(score_of(task, not_asked, {}).reason, reason::kNoTests);
}

TEST_F(SciCode, TestDataIsFoundBesideTheRowsAndWhereThePlanSays) {
  const Task& task = use("scicode");
  row_["sub_steps"][1]["test_cases"] = {"assert np.allclose(f2(), target)"};
  const std::filesystem::path root =
      std::filesystem::path(testing::TempDir() + "/scicode_places").lexically_normal();
  std::filesystem::remove_all(root);
  std::filesystem::create_directories(root / "scicode/data");
  std::filesystem::create_directories(root / "elsewhere");
  folder_ = root.string();
  DataSet set = rows({row_});
  set.files = {"scicode/data/test.parquet"};
  const auto note = [&] { return task.data_note(&set, context()).en; };
  const auto read_only = [&] {
    const auto items = task.make_items(set, context());
    if (!items) return items.error().what;
    const auto programs = task.programs((*items)[0], {answered("a"), answered("b")}, context());
    return programs && programs->size() == 2 ? (*programs)[1].read_only_file : "none";
  };
  EXPECT_EQ(read_only(), "none");
  EXPECT_NE(note().find("test_data.h5 is not there"), std::string::npos);
  EXPECT_NE(
      note().find("Put it beside the rows in " + (root / "scicode/data").string() + ", into "),
      std::string::npos)
      << note();
  std::ofstream(root / "scicode/data/test_data.h5") << "x";
  EXPECT_EQ(read_only(), (root / "scicode/data/test_data.h5").string());
  EXPECT_EQ(note(), "");
  std::ofstream(root / "elsewhere/targets.h5") << "x";
  spec_.options["test_data"] = "elsewhere/targets.h5";  // relative to the data folder
  EXPECT_EQ(read_only(), (root / "elsewhere/targets.h5").string());
  spec_.options["test_data"] = (root / "nowhere.h5").string();
  EXPECT_EQ(read_only(), "task scicode: there is no " + (root / "nowhere.h5").string());
}

// Rows on the hub that were not fetched: the user's own folder is the place.
TEST_F(SciCode, TestDataOfHubRows) {
  const Task& task = use("scicode");
  const char* before = std::getenv("XDG_DATA_HOME");
  const std::string kept = before != nullptr ? before : "";
  const std::filesystem::path home = testing::TempDir() + "/scicode_home";
  std::filesystem::remove_all(home);
  ::setenv("XDG_DATA_HOME", home.c_str(), 1);
  folder_.clear();
  EXPECT_NE(task.data_note(nullptr, context())
                .en.find("Put it into " + home.string() + "/assay/scicode, or name it"),
            std::string::npos);
  spec_.options["split"] = "dev";  // needs none
  EXPECT_TRUE(task.data_note(nullptr, context()).empty());
  spec_.options = Json::object();
  std::filesystem::create_directories(home / "assay/scicode");
  std::ofstream(home / "assay/scicode/test_data.h5") << "x";
  EXPECT_TRUE(task.data_note(nullptr, context()).empty());
  if (before != nullptr) {
    ::setenv("XDG_DATA_HOME", kept.c_str(), 1);
  } else {
    ::unsetenv("XDG_DATA_HOME");
  }
}

// The benchmark's own files of generated code hold the steps before, too, and are run as they are.
TEST_F(SciCode, RecordedCodeIsRunAsItIs) {
  const Task& task = use("scicode");
  const Item item = items_of(task, {row_})[0];
  std::vector<StepResult> steps = {
      answered("import numpy as np\ndef f1(): return 1"),
      answered("import numpy as np\ndef f1(): return 1\ndef f2(): ...")};
  for (StepResult& step : steps) step.is_code = true;
  const auto programs = task.programs(item, steps, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_EQ((*programs)[1].source, steps[1].response.text);
  EXPECT_EQ((*programs)[1].tests.at(0).input, "assert f2() == 2\n");
}

TEST_F(SciCode, SuppliedSteps) {
  const Task& task = use("scicode");
  Json row = row_;
  row["sub_steps"][0]["step_number"] = "62.1";
  const Item missing = items_of(task, {row})[0];
  EXPECT_EQ(score_of(task, missing, {}).reason, "supplied code not available");
  folder_ = testing::TempDir() + "/with_supplied_code";
  std::filesystem::create_directories(folder_);
  std::ofstream(folder_ + "/62.1.txt") << "class Block:\n    pass\n";
  const Item item = items_of(task, {row})[0];
  EXPECT_EQ(task.steps_of(item), 1);
  EXPECT_NE(ask(task, item).plain.find("class Block:"), std::string::npos);
  const auto programs = task.programs(item, {answered("```python\nx = 1\n```")}, context());
  ASSERT_TRUE(programs && programs->size() == 1);
  EXPECT_NE(programs->front().source.find("class Block:"), std::string::npos);
}

TEST_F(SciCode, TemplateSplitAndBadRows) {
  const Task& task = use("scicode");
  const std::string file = testing::TempDir() + "/scicode_template.txt";
  std::ofstream(file) << "[{problem_steps_str}|{next_step_str}|{dependencies}|{x}]";
  spec_.options["template"] = file;
  EXPECT_EQ(ask(task, items_of(task, {row_})[0]).plain,
            "[|Describe 900.1.\n\ndef f1():\n\n    return x|import numpy as np|{x}]");
  spec_.options = {{"split", "dev"}};
  EXPECT_TRUE(items_of(task, {row_}).empty());
  spec_.options = Json::object();
  EXPECT_EQ(items_of(task, {row_}).size(), 1U);  // no development problems: all there are
  Json solved = row_;
  solved["problem_id"] = "dev";
  for (Json& one : solved["sub_steps"]) one["ground_truth_code"] = "pass";
  const auto items = items_of(task, {row_, solved});  // no test_data.h5: the development problems
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].id, "dev");
  Json bad = row_;
  bad["sub_steps"][1].erase("function_header");
  const std::string error = error_of(task, {bad});
  EXPECT_NE(error.find("rows.jsonl:1, sub_steps[1]: field 'function_header'"), std::string::npos)
      << error;
  bad = row_;
  bad["sub_steps"] = "none";
  EXPECT_NE(error_of(task, {bad}).find("'sub_steps'"), std::string::npos);
}

TEST(ScicodeHarness, UsesTarget) {
  EXPECT_TRUE(uses_target("assert np.allclose(f(), target)"));
  EXPECT_TRUE(uses_target("a, b = target"));
  EXPECT_FALSE(uses_target("T_target = 298\ntarget_ = 0\nsubtarget"));
}

}  // namespace
}  // namespace assay

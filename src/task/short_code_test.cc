// HumanEval and MBPP on rows made for the test.
#include "task/short_code.h"

#include "task/task_test.h"

namespace assay {
namespace {

class ShortCode : public TaskTest {
 protected:
  Program program_of(const Task& task, const Item& item, const std::string& text) {
    const auto programs = task.programs(item, {answered(text)}, context());
    EXPECT_TRUE(programs && programs->size() == 1);
    return programs && !programs->empty() ? programs->front() : Program();
  }

  Json human_eval_{{"task_id", "own/1"},
                   {"prompt", "import math\n\ndef up(x):\n    \"\"\"Round up.\"\"\"\n"},
                   {"entry_point", "up"},
                   {"test", "def check(candidate):\n    assert candidate(1.5) == 2\n"}};
  Json mbpp_{{"task_id", 7},
             {"text", "Write a function twice."},
             {"test_setup_code", "import math"},
             {"test_list", {"assert twice(1) == 2", "assert twice(0) == 0"}}};
};

TEST_F(ShortCode, HumanEvalRunsTheFunctionAfterThePromptsHead) {
  const Task& task = use("humaneval");
  const Item item = items_of(task, {human_eval_})[0];
  EXPECT_NE(ask(task, item).messages[0].content.find("def up(x):"), std::string::npos);
  const Program whole =
      program_of(task, item, "So:\n```python\ndef up(x):\n    return math.ceil(x)\n```");
  EXPECT_EQ(whole.source, "import math\n\n\ndef up(x):\n    return math.ceil(x)");
  EXPECT_EQ(whole.tests.front().input,
            "def check(candidate):\n    assert candidate(1.5) == 2\n\ncheck(up)\n");
  EXPECT_EQ(whole.kind, TestKind::script);
  EXPECT_EQ(whole.limits.cpu_s, 3);  // human-eval's timeout
  // A base model goes on from the prompt, and then to other things.
  const Program body = program_of(task, item, "    return math.ceil(x)\n\ndef other():\n    pass");
  EXPECT_EQ(body.source,
            "import math\n\ndef up(x):\n    \"\"\"Round up.\"\"\"\n    return math.ceil(x)\n");
}

// human-eval runs prompt + completion as they are (human_eval/execution.py), with what a run of
// ours would cut off.
TEST_F(ShortCode, HumanEvalsOwnSamplesAreRunAsTheyAre) {
  const Task& task = use("humaneval");
  const Item item = items_of(task, {human_eval_})[0];
  StepResult sample = answered("    return help(x)\n\ndef help(x):\n    return math.ceil(x)\n");
  sample.is_code = true;
  const auto programs = task.programs(item, {sample}, context());
  ASSERT_TRUE(programs && programs->size() == 1);
  EXPECT_EQ(programs->front().source,
            "import math\n\ndef up(x):\n    \"\"\"Round up.\"\"\"\n" + sample.response.text);
  sample.response.text = "def up(x):\n    return math.ceil(x)\n";  // EvalPlus's: a whole program
  EXPECT_EQ(task.programs(item, {sample}, context())->front().source,
            "import math\n\n\ndef up(x):\n    return math.ceil(x)\n");
}

TEST_F(ShortCode, MbppShowsItsTestsAndRunsThem) {
  const Task& task = use("mbpp");
  spec_.options["time_limit_s"] = 5;
  const Item item = items_of(task, {mbpp_})[0];
  EXPECT_EQ(item.id, "7");
  const std::string prompt = ask(task, item).messages[0].content;
  EXPECT_TRUE(prompt.starts_with(
      "Write a function twice.\n\nThese tests must pass:\nassert twice(1) == 2\n"));
  const Program program =
      program_of(task, item, "```python\ndef twice(n):\n    return 2 * n\n```\n");
  EXPECT_EQ(program.source, "def twice(n):\n    return 2 * n");
  EXPECT_EQ(program.tests.front().input,
            "import math\nassert twice(1) == 2\nassert twice(0) == 0\n");
  EXPECT_EQ(program.limits.cpu_s, 5);
  Json sanitized = mbpp_;
  sanitized.erase("text");
  sanitized.erase("test_setup_code");
  sanitized["prompt"] = "Write it.";
  sanitized["test_imports"] = {"import re"};
  const Item other = items_of(task, {sanitized})[0];
  EXPECT_EQ(other.row.at("question"), "Write it.");
  EXPECT_EQ(other.row.at("test"), "import re\nassert twice(1) == 2\nassert twice(0) == 0");
}

// An example, an output or a shell line behind the function is not the answer; the last block is
// run, too, for the metric `official`.
TEST_F(ShortCode, TheBlockThatDefinesTheFunctionIsRun) {
  const Task& task = use("humaneval");
  const Item item = items_of(task, {human_eval_})[0];
  const std::string code = "def up(x):\n    return math.ceil(x)";
  const std::string answer = "```python\n" + code + "\n```\nExample:\n```python\nup(2)\n```\n";
  const auto programs = task.programs(item, {answered(answer)}, context());
  ASSERT_TRUE(programs && programs->size() == 2);
  EXPECT_EQ(programs->at(0).source, "import math\n\n\n" + code);
  EXPECT_EQ(programs->at(1).source, human_eval_["prompt"].get<std::string>() + "up(2)");
  ProgramResult passed;
  passed.verdict = ProgramVerdict::passed;
  ProgramResult failed;
  failed.verdict = ProgramVerdict::runtime_error;
  const Score score = score_of(task, item, {answered(answer)}, {passed, failed});
  EXPECT_EQ(score.metrics.at("robust"), 1);
  EXPECT_EQ(score.metrics.at("official"), 0);
  EXPECT_EQ(score.extraction, "defining block");
  const auto bare = task.programs(item, {answered(code + "\n\nThis rounds up.")}, context());
  ASSERT_TRUE(bare && bare->size() == 2);
  EXPECT_EQ(bare->at(0).source, "import math\n\n\n" + code);
  EXPECT_TRUE(bare->at(1).source.ends_with("This rounds up."));

  const Task& mbpp = use("mbpp");
  const Item other = items_of(mbpp, {mbpp_})[0];
  const auto both = mbpp.programs(
      other, {answered("```python\ndef twice(n):\n    return 2 * n\n```\n```\n4\n```")}, context());
  ASSERT_TRUE(both && both->size() == 2);
  EXPECT_EQ(both->at(0).source, "def twice(n):\n    return 2 * n");
  EXPECT_EQ(both->at(1).source, "4");
  EXPECT_EQ(names_in_test("assert f(g) == [1, f]"), (std::vector<std::string>{"f", "g"}));
}

TEST_F(ShortCode, ScoresComeFromTheVerdict) {
  const Task& task = use("humaneval");
  const Item item = items_of(task, {human_eval_})[0];
  ProgramResult result;
  result.verdict = ProgramVerdict::passed;
  const StepResult step = answered("```\ndef up(x): pass\n```");
  EXPECT_EQ(score_of(task, item, {step}, {result}).metrics.at("robust"), 1);
  result.verdict = ProgramVerdict::wrong_answer;
  EXPECT_EQ(score_of(task, item, {step}, {result}).metrics.at("robust"), 0);
  result.verdict = ProgramVerdict::sandbox_fault;
  EXPECT_EQ(score_of(task, item, {step}, {result}).outcome, Outcome::unscored);
  const Score none = score_of(task, item, {answered("  ")});
  EXPECT_TRUE(none.not_extractable);
  EXPECT_EQ(none.remarks.at("verdict"), "no code found");
}

TEST_F(ShortCode, BadRowsAreNamed) {
  human_eval_["entry_point"] = "down";
  EXPECT_NE(error_of(use("humaneval"), {human_eval_}).find("entry_point"), std::string::npos);
  mbpp_["test_list"] = Json::array();
  EXPECT_NE(error_of(use("mbpp"), {mbpp_}).find("test_list"), std::string::npos);
  spec_.options["time_limit_s"] = 0;
  EXPECT_NE(error_of(use("mbpp"), {mbpp_}).find("time_limit_s"), std::string::npos);
}

TEST(FindDefinition, WholeNamesAtTheStartOfALine) {
  EXPECT_EQ(find_definition("x\ndef f(a):", "f"), 2U);
  EXPECT_EQ(find_definition("def fg(a):", "f"), std::string::npos);
  EXPECT_EQ(find_definition("    def f(a):", "f"), std::string::npos);
}

}  // namespace
}  // namespace assay

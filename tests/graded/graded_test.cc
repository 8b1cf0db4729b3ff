// Right and wrong answers to code tasks, from the text to the score: the task extracts the code and
// builds the programs, the sandbox runs them. Needs the graders' Python (.venv-grade, or
// $ASSAY_GRADE_PYTHON); skipped without it. Real rows are tried where $ASSAY_SHARED is set.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "data/rows.h"
#include "data/sampling.h"
#include "sandbox/sandbox.h"
#include "task/task.h"

namespace assay {
namespace {

class Graded : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* chosen = std::getenv("ASSAY_GRADE_PYTHON");
    const std::string python =
        chosen != nullptr ? chosen : std::string(ASSAY_SOURCE_DIR) + "/.venv-grade/bin/python3";
    if (!std::filesystem::exists(python)) GTEST_SKIP() << "no graders' Python: " << python;
    auto made = Sandbox::create({.python = python, .runners = 1});
    ASSERT_TRUE(made) << made.error().to_string();
    sandbox_.emplace(std::move(*made));
    spec_.max_gen_toks = 64;
    spec_.options = Json::object();
  }

  // The folder's rows (raw) and items of a task, by id.
  void load(const std::string& name, const std::string& folder) {
    task_ = find_task(name);
    folder_ = folder;
    const auto found = find_data_set(folder, task_->source.layouts, {});
    ASSERT_TRUE(found) << found.error().to_string();
    const auto* data = std::get_if<DataSet>(&*found);
    ASSERT_NE(data, nullptr) << "no rows found in " << folder;
    const auto items = task_->make_items(*data, context());
    ASSERT_TRUE(items) << items.error().to_string();
    items_ = *items;
    for (const Row& row : data->rows) {
      const char* id = name == "scicode" ? "problem_id" : "question_id";
      rows_[row.fields.at(id).get<std::string>()] = row.fields;
    }
  }

  [[nodiscard]] TaskContext context() const { return {spec_, chat_, 0, exemplars_, folder_}; }

  Score grade(const Item& item, const std::vector<std::string>& answers) {
    std::vector<StepResult> steps;
    for (const std::string& answer : answers) {
      StepResult step;
      step.response.text = "Here it is:\n```python\n" + answer + "\n```\n";
      steps.push_back(step);
    }
    const TaskContext its = context();
    const auto programs = task_->programs(item, steps, its);
    EXPECT_TRUE(programs) << programs.error().to_string();
    std::vector<ProgramResult> results;
    for (const Program& program : programs.value_or(Programs())) {
      const auto result = sandbox_->run(program);
      EXPECT_TRUE(result) << result.error().to_string();
      results.push_back(result.value_or(ProgramResult()));
      for (const TestResult& test : results.back().tests) cpu_s_ += test.cpu_s;
    }
    return task_->score({item, steps, results, its});
  }

  [[nodiscard]] std::vector<std::string> solutions_of(const Item& item) const {
    std::vector<std::string> code;
    for (const Json& step : rows_.at(item.id).at("sub_steps")) {
      code.push_back(step.at("ground_truth_code").get<std::string>());
    }
    return code;
  }

  std::optional<Sandbox> sandbox_;
  const Task* task_ = nullptr;
  TaskSpec spec_;
  ChatSpec chat_;
  std::vector<Json> exemplars_;
  std::string folder_;
  ItemList items_;
  std::map<std::string, Json> rows_;
  double cpu_s_ = 0;  // of all programs so far
};

TEST_F(Graded, SciCodeShippedRows) {
  load("scicode", std::string(ASSAY_SOURCE_DIR) + "/data");
  for (const Item& item : items_) {
    std::vector<std::string> code = solutions_of(item);
    const Score right = grade(item, code);
    EXPECT_EQ(right.metrics.at("robust"), 1) << item.id << ": " << right.detail;
    code.back() = "def f():\n    return 0";
    const Score wrong = grade(item, code);
    EXPECT_EQ(wrong.metrics.at("robust"), 0) << item.id;
    EXPECT_EQ(wrong.substeps.value().passed + 1, static_cast<std::int64_t>(code.size())) << item.id;
  }
}

TEST_F(Graded, LiveCodeBenchShippedRows) {
  load("livecodebench", std::string(ASSAY_SOURCE_DIR) + "/data");
  const std::map<std::string, std::string> right = {
      {"own_1", "a, b = map(int, input().split())\nprint(a + b)"},
      {"own_2", "print(f'Hello, {input()}!')"},
      {"own_3", "print('odd' if int(input()) % 2 else 'even')"},
      {"own_4", "input()\nprint(max(len(list(g)) for _, g in groupby(input().split())))"},
      {"own_5", "class Solution:\n    def double(self, n: int) -> int:\n        return n + n"},
      {"own_6",
       "class Solution:\n    def keepLarger(self, numbers: List[int], limit: int) -> List[int]:\n"
       "        return [n for n in numbers if n > limit]"},
  };
  for (const Item& item : items_) {
    const Score score = grade(item, {right.at(item.id)});
    EXPECT_EQ(score.metrics.at("robust"), 1) << item.id << ": " << score.detail;
    EXPECT_EQ(grade(item, {"print(1)"}).metrics.at("robust"), 0) << item.id;
  }
}

// The targets come from running the problems' own solutions, so these must pass. Simulations among
// them take minutes; $ASSAY_SCICODE_IDS ("1 3 4") picks some.
TEST_F(Graded, SciCodeDevelopmentProblems) {
  const char* shared = std::getenv("ASSAY_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "ASSAY_SHARED names no folder with data";
  load("scicode", std::string(shared) + "/data");
  if (const char* ids = std::getenv("ASSAY_SCICODE_IDS")) {
    spec_.ids = split(ids, ' ');
    const auto chosen = select_items(items_, spec_, 0);
    ASSERT_TRUE(chosen) << chosen.error().to_string();
    items_ = *chosen;
  }
  int passed = 0;
  for (const Item& item : items_) {
    const double before_s = cpu_s_;
    const Score score = grade(item, solutions_of(item));
    ASSERT_EQ(score.outcome, Outcome::scored) << item.id << ": " << score.reason << score.detail;
    if (score.metrics.at("robust") == 1) ++passed;
    std::cout << "SciCode " << item.id << ": " << score.substeps.value().passed << " of "
              << score.substeps.value().total << ' ' << score.detail << ", " << cpu_s_ - before_s
              << " s of CPU time" << std::endl;
  }
  std::cout << "SciCode: " << passed << " of " << items_.size()
            << " development problems pass with their own solution\n";
  EXPECT_EQ(passed, static_cast<int>(items_.size()));
}

// Solutions of our own to real problems, against all of their recorded tests.
TEST_F(Graded, StdinProblems) {
  namespace fs = std::filesystem;
  const char* shared = std::getenv("ASSAY_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "ASSAY_SHARED names no folder with data";
  const auto text = read_file(fs::path(shared) / "data/code/sandboxfusion_code_contests.jsonl");
  ASSERT_TRUE(text) << text.error().to_string();
  std::map<int, Json> tests;
  for (const std::string& line : split(std::string(trim(*text)), '\n')) {
    const Json row = Json::parse(line);
    tests[row.at("id").get<int>()] = Json::parse(row.at("test").get<std::string>());
  }
  int solved = 0;
  for (const auto& entry : fs::directory_iterator(ASSAY_SOURCE_DIR "/tests/graded/stdin")) {
    Program program;
    program.source = *read_file(entry.path());
    const std::string mark = "# row: ";
    ASSERT_TRUE(program.source.starts_with(mark)) << entry.path();
    for (const Json& test : tests.at(std::stoi(program.source.substr(mark.size())))) {
      program.tests.push_back({test.at("input").at("stdin").get<std::string>(),
                               test.at("output").at("stdout").get<std::string>()});
    }
    const auto right = sandbox_->run(program);
    ASSERT_TRUE(right) << right.error().to_string();
    EXPECT_STREQ(to_string(right->verdict), "passed") << entry.path() << ": " << right->detail;
    EXPECT_EQ(right->tests.size(), program.tests.size());
    program.source = "print(input() + 'x')";
    EXPECT_STREQ(to_string(sandbox_->run(program)->verdict), "wrong answer") << entry.path();
    std::cout << entry.path().filename().string() << ": " << right->tests.size() << " tests\n";
    ++solved;
  }
  EXPECT_EQ(solved, 5);
}

}  // namespace
}  // namespace assay

// Mathematics without a Math-Verify that works is an error before anything is loaded or graded. The
// interpreter is a shell script in a folder that looks like a virtual environment.
#include "cli/world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/json.h"
#include "cli/grade_file.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kNoLibrary =
    "echo \"ModuleNotFoundError: No module named 'math_verify'\" >&2; exit 1\n";
constexpr const char* kAlwaysEqual =
    "echo '{\"ready\": \"0.9.0\"}'; while read -r line; do echo '{\"equal\": true}'; done\n";

class WithoutMathVerify : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("assay_world_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "bin");
    std::ofstream(folder_ / "pyvenv.cfg") << "include-system-site-packages = false\n";
    for (const char* name : {"vllm", "assay_worker"}) {
      const fs::path info =
          folder_ / "lib/python3.11/site-packages" / (std::string(name) + "-1.dist-info");
      fs::create_directories(info);
      std::ofstream(info / "METADATA") << "Name: " << name << "\nVersion: " ASSAY_VERSION "\n";
    }
    python(kNoLibrary);
  }
  void TearDown() override {
    ::unsetenv("ASSAY_PYTHON");
    fs::remove_all(folder_);
  }

  void python(const std::string& body) {
    std::ofstream(python_path()) << "#!/bin/sh\n" << body;
    ::chmod(python_path().c_str(), 0755);
    ::setenv("ASSAY_PYTHON", python_path().c_str(), 1);
  }
  [[nodiscard]] std::string python_path() const { return (folder_ / "bin/python3").string(); }

  static Plan plan_of(const std::string& benchmark, Harness harness = Harness::native) {
    Plan plan;
    TaskSpec spec;
    spec.name = "my_" + benchmark;
    spec.benchmark = benchmark;
    spec.harness = harness;
    plan.tasks.push_back(spec);
    return plan;
  }

  [[nodiscard]] Status try_math(const Plan& plan) const {
    const auto world = TRY(World::make(plan, {.output = folder_ / "out"}));
    return world->try_math_verify();
  }

  // One question of Qwen2.5-Math's layout, and what a model answered to it.
  [[nodiscard]] Result<GradedFile> grade(const std::string& output) const {
    const fs::path file = folder_ / "outputs.jsonl";
    const Json row = {{"idx", 1},           {"question", "?"},
                      {"gt", "x \\le 2"},   {"solution", "so \\boxed{x \\le 2}"},
                      {"level", "Level 1"}, {"code", {output}},
                      {"score", {true}}};
    std::ofstream(file) << row.dump() << "\n";
    GradeOptions options;
    options.task = "math500";
    options.file = file;
    return grade_file(options);
  }

  void expect_error(const Error& error, const std::string& task) const {
    EXPECT_EQ(error.kind, ErrorKind::environment);
    EXPECT_EQ(error.what,
              "task " + task + " cannot be graded: Math-Verify does not work in " + python_path());
    EXPECT_EQ(error.why,
              "the Math-Verify helper ended: exit code 1: ModuleNotFoundError: No module named "
              "'math_verify'");
    EXPECT_THAT(error.fix, HasSubstr(python_path() + " -m pip install math-verify"));
  }

  fs::path folder_;
};

TEST_F(WithoutMathVerify, APlanWithMathematicsIsAnError) {
  const Status tried = try_math(plan_of("math500"));
  ASSERT_FALSE(tried);
  expect_error(tried.error(), "my_math500");
}

TEST_F(WithoutMathVerify, OtherPlansRun) {
  EXPECT_TRUE(try_math(plan_of("mmlu_pro")));
  EXPECT_TRUE(try_math(plan_of("aime24")));  // it is never asked about those
  EXPECT_TRUE(try_math(plan_of("math500", Harness::lm_eval)));
  python(kAlwaysEqual);
  EXPECT_TRUE(try_math(plan_of("math500")));
}

TEST_F(WithoutMathVerify, AnswersThatNeedItCannotBeGraded) {
  const auto open = grade("$2 \\ge x$");
  ASSERT_FALSE(open);
  expect_error(open.error(), "math500");
  const auto decided = grade("\\boxed{x \\le 2}");
  ASSERT_TRUE(decided) << decided.error().to_string();
  EXPECT_EQ(decided->outputs.at(0).score.metrics.at("robust"), 1);
  python(kAlwaysEqual);
  const auto asked = grade("$2 \\ge x$");
  ASSERT_TRUE(asked) << asked.error().to_string();
  EXPECT_EQ(asked->outputs.at(0).score.metrics.at("robust"), 1);
}

// The fast path imitates one version of the library and of its grammar.
TEST_F(WithoutMathVerify, AnotherVersionDecidesEverything) {
  const auto says_equal = [](const std::string& grammar) {
    return "echo '{\"ready\": \"0.9.0\", \"grammar\": " + grammar +
           "}'; while read -r line; do echo '{\"equal\": true}'; done\n";
  };
  python(says_equal(R"({"latex2sympy2_extended": "1.11.0", "antlr4-python3-runtime": "4.11.0"})"));
  const auto imitated = grade("\\boxed{7}");  // not x <= 2: the fast path is certain
  ASSERT_TRUE(imitated) << imitated.error().to_string();
  EXPECT_EQ(imitated->outputs.at(0).score.metrics.at("robust"), 0);
  EXPECT_EQ(imitated->graders, imitated_reference());
  python(says_equal(R"({"latex2sympy2_extended": "1.11.0", "antlr4-python3-runtime": "4.13.2"})"));
  const auto other = grade("\\boxed{7}");
  ASSERT_TRUE(other) << other.error().to_string();
  EXPECT_EQ(other->outputs.at(0).score.metrics.at("robust"), 1);
  EXPECT_EQ(other->graders.at("antlr4-python3-runtime"), "4.13.2");
}

TEST_F(WithoutMathVerify, ASignalEndsTheTrial) {
  python("exec sleep 600\n");
  const std::atomic<bool> stop{true};
  const Plan plan = plan_of("math500");
  const auto world =
      World::make(plan, {.output = folder_ / "out", .until = Deadline().or_stop(&stop)});
  ASSERT_TRUE(world) << world.error().to_string();
  const Status tried = (*world)->try_math_verify();
  ASSERT_FALSE(tried);
  EXPECT_EQ(tried.error().kind, ErrorKind::interrupted);
}

}  // namespace
}  // namespace assay

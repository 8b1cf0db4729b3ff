// Against scripted helpers; the real one is tested where ASSAY_PYTHON names an interpreter with it.
#include "score/math_verify_client.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace assay {
namespace {

// An "interpreter" that is a shell script and never looks at its arguments.
class ScriptedHelper : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("assay_math_verify_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  MathVerifyOptions script(const std::string& body) {
    const auto path = folder_ / "python";
    std::ofstream(path) << "#!/bin/sh\n" << body;
    ::chmod(path.c_str(), 0755);
    MathVerifyOptions options;
    options.python = path.string();
    options.timeout = std::chrono::milliseconds(2000);
    return options;
  }

  std::filesystem::path folder_;
};

constexpr const char* kReady = "echo '{\"ready\": \"0.9.0\"}'\n";

TEST_F(ScriptedHelper, AnswersComeBack) {
  MathVerifyClient client(
      script(std::string(kReady) +
             "while read -r line; do case \"$line\" in *yes*) echo '{\"equal\": true}';;"
             "*) echo '{\"equal\": false}';; esac; done\n"));
  EXPECT_EQ(client.equivalent("1", "yes"), true);
  EXPECT_EQ(client.equivalent("1", "no"), false);
  EXPECT_EQ(client.last_error(), "");
}

TEST_F(ScriptedHelper, AnErrorLeavesTheHelperRunning) {
  MathVerifyClient client(script(
      std::string(kReady) +
      "n=0; while read -r line; do n=$((n+1)); if [ $n = 1 ]; then echo '{\"error\": \"deep\"}';"
      "else echo '{\"equal\": true}'; fi; done\n"));
  EXPECT_EQ(client.equivalent("1", "1"), std::nullopt);
  EXPECT_NE(client.last_error().find("deep"), std::string::npos);
  EXPECT_EQ(client.equivalent("1", "1"), true);
}

TEST_F(ScriptedHelper, ADeadHelperIsStartedAnew) {
  MathVerifyClient client(script(std::string(kReady) +
                                 "read -r line; case \"$line\" in *die*) exit 1;;"
                                 "esac; echo '{\"equal\": true}'; cat\n"));
  EXPECT_EQ(client.equivalent("1", "die"), std::nullopt);
  EXPECT_EQ(client.equivalent("1", "live"), true);
}

TEST_F(ScriptedHelper, AHangingOneIsKilled) {
  MathVerifyOptions options = script(std::string(kReady) + "read -r line; sleep 600\n");
  options.timeout = std::chrono::milliseconds(50);
  MathVerifyClient client(options);
  EXPECT_EQ(client.equivalent("1", "1"), std::nullopt);
  EXPECT_NE(client.last_error().find("out of time"), std::string::npos);
}

TEST_F(ScriptedHelper, LongOutputsPassThePipe) {
  MathVerifyClient client(
      script(std::string(kReady) + "while read -r line; do echo '{\"equal\": true}'; done\n"));
  EXPECT_EQ(client.equivalent("1", std::string(300'000, 'x')), true);
}

TEST(MathVerifyClient, AMissingInterpreterIsNoAnswer) {
  MathVerifyOptions options;
  options.python = "/nonexistent/python";
  MathVerifyClient client(options);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.equivalent("1", "1"), std::nullopt);
  EXPECT_NE(client.last_error(), "");
}

TEST(MathVerifyClient, RealHelper) {
  const char* python = std::getenv("ASSAY_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "ASSAY_PYTHON names no interpreter with math-verify";
  MathVerifyOptions options;
  options.python = python;
  options.worker_path = ASSAY_SOURCE_DIR "/worker";
  MathVerifyClient client(options);
  EXPECT_EQ(client.equivalent("\\frac{1}{2}", "The answer is $\\boxed{0.5}$."), true)
      << client.last_error();
  EXPECT_EQ(client.equivalent("\\sqrt{8}", "$2\\sqrt2$"), true);
  EXPECT_EQ(client.equivalent("\\sqrt{8}", "$2\\sqrt3$"), false);
}

}  // namespace
}  // namespace assay

// Against scripted helpers; the real one is tested where ASSAY_PYTHON names an interpreter with it.
#include "run/math_verify_client.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace assay {
namespace {

using Kind = NoDecision::Kind;

// An "interpreter" that is a shell script and never looks at its arguments.
class ScriptedHelper : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("assay_math_verify_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Each start of the script leaves a byte in the file "starts", beside it.
  MathVerifyOptions script(const std::string& body) {
    const auto path = folder_ / "python";
    std::ofstream(path) << "#!/bin/sh\nprintf x >>'" << (folder_ / "starts").string() << "'\n"
                        << body;
    ::chmod(path.c_str(), 0755);
    MathVerifyOptions options;
    options.python = path.string();
    return options;
  }

  [[nodiscard]] std::uintmax_t starts() const {
    std::error_code code;
    const auto size = std::filesystem::file_size(folder_ / "starts", code);
    return code ? 0 : size;
  }

  std::filesystem::path folder_;
};

constexpr const char* kReady = "echo '{\"ready\": \"0.9.0\"}'\n";

void expect_none(const std::expected<bool, NoDecision>& answer, Kind kind, const std::string& why) {
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, kind) << answer.error().why;
  EXPECT_EQ(answer.error().why, why);
}

TEST_F(ScriptedHelper, AnswersComeBack) {
  MathVerifyClient client(
      script(std::string(kReady) +
             "while read -r line; do case \"$line\" in *yes*) echo '{\"equal\": true}';;"
             "*) echo '{\"equal\": false}';; esac; done\n"));
  EXPECT_TRUE(client.versions().empty());
  EXPECT_EQ(client.equivalent("1", "yes"), true);
  EXPECT_EQ(client.equivalent("1", "no"), false);
  EXPECT_EQ(client.versions().at("math-verify"), "0.9.0");
  EXPECT_EQ(starts(), 1U);
}

TEST_F(ScriptedHelper, AnErrorLeavesTheHelperRunning) {
  MathVerifyClient client(script(
      std::string(kReady) +
      "n=0; while read -r line; do n=$((n+1)); if [ $n = 1 ]; then echo '{\"error\": \"deep\"}';"
      "elif [ $n = 2 ]; then echo '{\"error\": 7}'; else echo '{\"equal\": true}'; fi; done\n"));
  expect_none(client.equivalent("1", "1"), Kind::undecided, "deep");
  expect_none(client.equivalent("1", "1"), Kind::undecided, "no answer");
  EXPECT_EQ(client.equivalent("1", "1"), true);
  EXPECT_EQ(starts(), 1U);
}

TEST_F(ScriptedHelper, ADeadHelperIsStartedAnew) {
  MathVerifyClient client(script(std::string(kReady) +
                                 "read -r line; case \"$line\" in *die*) echo mem >&2; exit 9;;"
                                 "esac; echo '{\"equal\": true}'; cat\n"));
  expect_none(client.equivalent("1", "die"), Kind::undecided,
              "the Math-Verify helper ended: exit code 9: mem");
  EXPECT_EQ(client.equivalent("1", "live"), true);
}

// As a Python without the library does. Its time to start would be two minutes.
TEST_F(ScriptedHelper, OneThatEndsAtOnceIsSeenAtOnceAndTriedThreeTimesInAll) {
  MathVerifyClient client(
      script("echo Traceback >&2; echo \"ModuleNotFoundError: No module named 'math_verify'\" >&2\n"
             "exit 1\n"));
  const std::string why =
      "the Math-Verify helper ended: exit code 1: ModuleNotFoundError: No module named "
      "'math_verify'";
  for (int i = 0; i < 5; ++i) expect_none(client.equivalent("1", "1"), Kind::unavailable, why);
  EXPECT_EQ(starts(), 3U);
  EXPECT_TRUE(client.versions().empty());
}

TEST_F(ScriptedHelper, FailedStartsCountOverTheWholeLife) {
  // Every other start fails; each helper that starts answers one question and ends.
  const std::string body = "n=$(wc -c <'" + (folder_ / "starts").string() +
                           "'); [ $((n % 2)) = 0 ] || exit 3\n" + kReady +
                           "read -r line; echo '{\"equal\": true}'\n";
  MathVerifyClient client(script(body));
  EXPECT_EQ(client.equivalent("1", "1"), true);  // starts 1 and 2
  expect_none(client.equivalent("1", "1"), Kind::undecided,
              "the Math-Verify helper ended: exit code 0");
  EXPECT_EQ(client.equivalent("1", "1"), true);  // 3 and 4
  expect_none(client.equivalent("1", "1"), Kind::undecided,
              "the Math-Verify helper ended: exit code 0");
  expect_none(client.equivalent("1", "1"), Kind::unavailable,  // 5
              "the Math-Verify helper ended: exit code 3");
  EXPECT_EQ(starts(), 5U);
}

TEST_F(ScriptedHelper, OneThatDoesNotGreetIsNone) {
  MathVerifyClient client(script("echo hello; cat\n"));
  expect_none(client.equivalent("1", "1"), Kind::unavailable,
              "the Math-Verify helper did not greet: hello");
  MathVerifyClient other(script("echo '[\"ready\"]'; cat\n"));
  expect_none(other.equivalent("1", "1"), Kind::unavailable,
              "the Math-Verify helper did not greet: [\"ready\"]");
  EXPECT_EQ(starts(), 6U);
}

TEST_F(ScriptedHelper, OneThatHangsBeforeItsGreetingIsGivenUp) {
  MathVerifyOptions options = script("exec sleep 600\n");
  options.start_timeout = std::chrono::milliseconds(50);
  MathVerifyClient client(options);
  for (int i = 0; i < 2; ++i) {
    expect_none(client.equivalent("1", "1"), Kind::unavailable,
                "the Math-Verify helper ran out of time");
  }
  EXPECT_EQ(starts(), 3U);
}

TEST_F(ScriptedHelper, OneThatDiesOfEveryQuestionIsGivenUp) {
  MathVerifyClient client(script(std::string(kReady) + "read -r line; exit 1\n"));
  for (int i = 0; i < 10; ++i) {
    expect_none(client.equivalent("1", "1"), Kind::undecided,
                "the Math-Verify helper ended: exit code 1");
  }
  for (int i = 0; i < 2; ++i) {
    expect_none(client.equivalent("1", "1"), Kind::unavailable,
                "10 helpers in a row ended without an answer, the last: the Math-Verify helper "
                "ended: exit code 1");
  }
  EXPECT_EQ(starts(), 10U);
}

// Hard answers between easy ones never add up.
TEST_F(ScriptedHelper, OneThatDiesOfSomeQuestionsIsKept) {
  MathVerifyClient client(script(std::string(kReady) +
                                 "while read -r line; do case \"$line\" in *die*) exit 1;; esac;"
                                 "echo '{\"equal\": true}'; done\n"));
  for (int i = 0; i < 12; ++i) {
    expect_none(client.equivalent("1", "die"), Kind::undecided,
                "the Math-Verify helper ended: exit code 1");
    EXPECT_EQ(client.equivalent("1", "1"), true);
  }
}

TEST_F(ScriptedHelper, AnAnswerThatCannotBeReadIsNone) {
  MathVerifyClient client(script(
      std::string(kReady) +
      "read -r line; case \"$line\" in *list*) echo '[1]';; *) echo 'no json';; esac; cat\n"));
  expect_none(client.equivalent("1", "list"), Kind::undecided,
              "the Math-Verify helper's answer cannot be read: [1]");
  expect_none(client.equivalent("1", "1"), Kind::undecided,
              "the Math-Verify helper's answer cannot be read: no json");
  EXPECT_EQ(starts(), 2U);
}

TEST_F(ScriptedHelper, AHangingOneIsKilled) {
  MathVerifyOptions options = script(std::string(kReady) + "read -r line; exec sleep 600\n");
  options.timeout = std::chrono::milliseconds(50);
  MathVerifyClient client(options);
  expect_none(client.equivalent("1", "1"), Kind::undecided,
              "the Math-Verify helper ran out of time");
}

// The signal comes while the helper thinks, or before it has greeted; its times are never reached.
TEST_F(ScriptedHelper, ASignalEndsTheWait) {
  for (const char* greeting : {kReady, ""}) {
    std::atomic<bool> stop{false};
    const auto waits = folder_ / "waits";
    std::filesystem::remove(waits);
    MathVerifyOptions options =
        script(greeting + std::string(*greeting == '\0' ? "" : "read -r line; ") + "touch '" +
               waits.string() + "'; exec sleep 600\n");
    options.timeout = std::chrono::minutes(10);
    options.start_timeout = std::chrono::minutes(10);
    options.until = Deadline().or_stop(&stop);
    MathVerifyClient client(options);
    const std::jthread signal([&] {
      while (!std::filesystem::exists(waits)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      stop = true;
    });
    expect_none(client.equivalent("1", "1"), Kind::interrupted, "a signal came");
  }
}

TEST_F(ScriptedHelper, LongOutputsAndAChattyHelperPassThePipes) {
  MathVerifyClient client(script(std::string(kReady) +
                                 "while read -r line; do head -c 300000 /dev/zero >&2;"
                                 "echo '{\"equal\": true}'; done\n"));
  EXPECT_EQ(client.equivalent("1", std::string(300'000, 'x')), true);
  EXPECT_EQ(client.equivalent("1", std::string(300'000, 'x')), true);
}

TEST(MathVerifyClient, AMissingInterpreterIsNoAnswer) {
  MathVerifyOptions options;
  options.python = "/nonexistent/python";
  MathVerifyClient client(options);
  for (int i = 0; i < 5; ++i) {
    expect_none(client.equivalent("1", "1"), Kind::unavailable,
                "cannot start /nonexistent/python: No such file or directory");
  }
}

TEST(MathVerifyClient, RealHelper) {
  const char* python = std::getenv("ASSAY_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "ASSAY_PYTHON names no interpreter with math-verify";
  MathVerifyOptions options;
  options.python = python;
  options.worker_path = ASSAY_SOURCE_DIR "/worker";
  MathVerifyClient client(options);
  const Status started = client.start();
  ASSERT_TRUE(started) << started.error().to_string();
  EXPECT_EQ(client.versions().at("math-verify"), "0.9.0");
  EXPECT_EQ(client.equivalent("\\frac{1}{2}", "The answer is $\\boxed{0.5}$."), true);
  EXPECT_EQ(client.equivalent("\\sqrt{8}", "$2\\sqrt2$"), true);
  EXPECT_EQ(client.equivalent("\\sqrt{8}", "$2\\sqrt3$"), false);
  EXPECT_EQ(client.versions().count("latex2sympy2_extended"), 1U);
  EXPECT_EQ(client.versions().count("antlr4-python3-runtime"), 1U);
  // A box that it cannot read: it takes the number beside it, or, of the box alone, none.
  EXPECT_EQ(client.equivalent("3", "It is $3$, \\boxed{?}"), true);
  EXPECT_EQ(client.equivalent_box("3", "\\boxed{?}"), false);
  EXPECT_EQ(client.equivalent_box("3", "\\boxed{?3?}"), false);
  EXPECT_EQ(client.equivalent_box("3", "$\\boxed{6/2}$"), true);
}

// How answers and questions are written is between the client and its helper.
TEST_F(ScriptedHelper, ABoxIsAskedAsOne) {
  MathVerifyClient client(
      script(std::string(kReady) +
             "while read -r line; do case \"$line\" in *'\"box\":true'*) echo '{\"equal\": true}';;"
             "*) echo '{\"equal\": false}';; esac; done\n"));
  EXPECT_EQ(client.equivalent("1", "1"), false);
  EXPECT_EQ(client.equivalent_box("1", "1"), true);
}

}  // namespace
}  // namespace assay

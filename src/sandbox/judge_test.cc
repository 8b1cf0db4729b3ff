#include "sandbox/judge.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "base/text.h"
#include "support/sandbox_programs.h"

namespace assay {
namespace {

Outcome ended(std::vector<Frame> frames, std::string output = "") {
  Outcome out;
  out.ended.stage = box::Stage::running;
  out.frames = std::move(frames);
  out.output = std::move(output);
  return out;
}

TestResult judged(const Program& program, const Outcome& outcome) {
  return judge(program, program.tests.front(), outcome);
}

const Program kPrints = stdin_program("", "", "42\n");
const Program kReturns = function_program("", "f", "1", "42");
const Program kScript = script_program("", "assert True");

TEST(Judge, StandardOutputAloneDoesNotPass) {
  EXPECT_EQ(judged(kPrints, ended({{box::FrameKind::end, ""}}, "42\n")).verdict,
            ProgramVerdict::passed);
  EXPECT_EQ(judged(kPrints, ended({}, "42\n")).verdict, ProgramVerdict::runtime_error);
  EXPECT_EQ(judged(kPrints, ended({{box::FrameKind::end, ""}}, "41\n")).verdict,
            ProgramVerdict::wrong_answer);
}

TEST(Judge, AnEndMarkerWithABadExitDoesNotPass) {
  Outcome outcome = ended({{box::FrameKind::end, ""}}, "42\n");
  outcome.ended.wait_status = 3 << 8;
  EXPECT_EQ(judged(kPrints, outcome).verdict, ProgramVerdict::runtime_error);
  outcome.ended.wait_status = SIGSEGV;
  const TestResult killed = judged(kPrints, outcome);
  EXPECT_EQ(killed.verdict, ProgramVerdict::runtime_error);
  EXPECT_EQ(killed.detail, "ended by SIGSEGV");
}

TEST(Judge, AScriptNeedsTheNonce) {
  Outcome outcome = ended({{box::FrameKind::loaded, ""}, {box::FrameKind::end, "abc"}});
  outcome.nonce = "abc";
  EXPECT_EQ(judged(kScript, outcome).verdict, ProgramVerdict::passed);
  outcome.nonce = "abd";
  EXPECT_EQ(judged(kScript, outcome).verdict, ProgramVerdict::runtime_error);
  outcome.nonce = "";
  outcome.frames = {{box::FrameKind::end, ""}};
  EXPECT_EQ(judged(kScript, outcome).verdict, ProgramVerdict::runtime_error);
}

TEST(Judge, ReturnedValuesAreComparedOutside) {
  EXPECT_EQ(judged(kReturns, ended({{box::FrameKind::value, "42.0"}})).verdict,
            ProgramVerdict::passed);
  const TestResult wrong = judged(kReturns, ended({{box::FrameKind::value, "[42]"}}));
  EXPECT_EQ(wrong.verdict, ProgramVerdict::wrong_answer);
  EXPECT_EQ(wrong.detail, "got [42], expected 42");
  EXPECT_EQ(judged(kReturns, ended({{box::FrameKind::unlike, "set"}})).verdict,
            ProgramVerdict::wrong_answer);
}

TEST(Judge, ExceptionsChooseTheVerdict) {
  const auto verdict = [](std::string fields) {
    return judged(kScript, ended({{box::FrameKind::exception, std::move(fields)}})).verdict;
  };
  EXPECT_EQ(verdict(R"({"type": "MemoryError"})"), ProgramVerdict::memory_limit);
  EXPECT_EQ(verdict(R"({"type": "AssertionError", "in_test": true})"),
            ProgramVerdict::wrong_answer);
  EXPECT_EQ(verdict(R"({"type": "AssertionError", "in_test": false})"),
            ProgramVerdict::runtime_error);
  EXPECT_EQ(verdict(R"({"type": "OSError", "errno": 97})"), ProgramVerdict::forbidden_call);
  EXPECT_EQ(verdict(R"({"type": "OSError", "errno": 27})"), ProgramVerdict::output_limit);
  EXPECT_EQ(verdict(R"({"type": "BlockingIOError", "errno": 11})"), ProgramVerdict::process_limit);
  EXPECT_EQ(verdict(R"({"type": "RuntimeError", "message": "can't start new thread"})"),
            ProgramVerdict::process_limit);
  EXPECT_EQ(verdict(R"({"type": 7, "line": "x", "errno": {}})"), ProgramVerdict::runtime_error);
  EXPECT_EQ(verdict("\xFF{"), ProgramVerdict::runtime_error);
  const TestResult result = judged(
      kScript, ended({{box::FrameKind::exception,
                       R"({"type": "KeyError", "message": "'a'", "line": 3, "in_test": false})"}}));
  EXPECT_EQ(result.detail, "program line 3: KeyError: 'a'");
}

TEST(Judge, LimitsComeBeforeAnswers) {
  Outcome outcome = ended({{box::FrameKind::end, ""}}, "42\n");
  outcome.ended.cpu_ns = 2'100'000'000;  // the limit is 2 s
  EXPECT_EQ(judged(kPrints, outcome).verdict, ProgramVerdict::time_limit);
  outcome.ended.cpu_ns = 0;
  outcome.output_overflow = true;
  EXPECT_EQ(judged(kPrints, outcome).verdict, ProgramVerdict::output_limit);
  Outcome killed = ended({});
  killed.ended.wait_status = SIGKILL;
  killed.ended.killed_for = box::KilledFor::wall;
  EXPECT_EQ(judged(kPrints, killed).verdict, ProgramVerdict::time_limit);
  killed.ended.killed_for = box::KilledFor::memory;
  EXPECT_EQ(judged(kPrints, killed).verdict, ProgramVerdict::memory_limit);
  killed.ended.killed_for = box::KilledFor::nothing;
  killed.oom_kills = 1;
  EXPECT_EQ(judged(kPrints, killed).verdict, ProgramVerdict::memory_limit);
  Outcome lost_child = ended({{box::FrameKind::end, ""}}, "42\n");
  lost_child.oom_kills = 1;
  EXPECT_EQ(judged(kPrints, lost_child).verdict, ProgramVerdict::memory_limit);
  killed.oom_kills = 0;
  killed.ended.wait_status = SIGSYS;
  EXPECT_EQ(judged(kPrints, killed).verdict, ProgramVerdict::forbidden_call);
  killed.ended.wait_status = SIGXCPU;  // from the kernel
  EXPECT_EQ(judged(kPrints, killed).verdict, ProgramVerdict::time_limit);
}

TEST(Judge, OnlyTheSandboxFaultsTheSandbox) {
  Outcome outcome = ended({{box::FrameKind::end, ""}}, "42\n");
  outcome.bad_frames = true;
  EXPECT_EQ(judged(kPrints, outcome).verdict, ProgramVerdict::runtime_error);
  outcome.fault = "the zygote is gone";
  EXPECT_EQ(judged(kPrints, outcome).verdict, ProgramVerdict::sandbox_fault);
}

TEST(Judge, DetailsAreShortValidText) {
  const std::string payload =
      R"({"type": "E", "message": ")" + std::string(5000, 'x') + R"(\ud800\u0007"})";
  const TestResult result = judged(kPrints, ended({{box::FrameKind::exception, payload}}));
  EXPECT_LE(result.detail.size(), 300U);
  EXPECT_TRUE(is_valid_utf8(result.detail));
}

}  // namespace
}  // namespace assay

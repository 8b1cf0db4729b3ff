#include "sandbox/sandbox.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/files.h"
#include "sandbox/check.h"
#include "sandbox/cpu_account.h"
#include "support/sandbox_programs.h"

namespace assay {
namespace {

class SandboxTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto made = Sandbox::create({.python = grade_python(), .runners = 2});
    ASSERT_TRUE(made) << made.error().to_string();
    sandbox_ = std::make_unique<Sandbox>(std::move(*made));
  }
  static void TearDownTestSuite() { sandbox_.reset(); }

  static ProgramResult run(const Program& program) {
    auto ran = sandbox_->run(program);
    if (!ran) {
      ADD_FAILURE() << ran.error().to_string();
      return {};
    }
    return *std::move(ran);
  }
  static void expect(const Program& program, ProgramVerdict verdict, std::string_view detail = "") {
    const ProgramResult got = run(program);
    EXPECT_STREQ(to_string(got.verdict), to_string(verdict)) << got.detail;
    if (!detail.empty()) {
      EXPECT_EQ(got.detail, detail);
    }
  }

  static std::unique_ptr<Sandbox> sandbox_;
};
std::unique_ptr<Sandbox> SandboxTest::sandbox_;

TEST(Sandbox, AMissingCgroupIsAnErrorWhereItIsNeeded) {
  const auto made =
      Sandbox::create({.python = grade_python(), .use_cgroups = false, .need_cgroup = true});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().kind, ErrorKind::environment);
  EXPECT_NE(made.error().fix.find("accept_missing: [memory_cgroup]"), std::string::npos);
}

TEST_F(SandboxTest, NobodyWaitsPastTheDeadline) {
  Program sleeps = stdin_program("import time\nprint('up')\ntime.sleep(600)\n", "", "up");
  sleeps.limits.wall_s = sleeps.limits.cpu_s = 600;
  std::atomic<bool> stop{false};
  std::jthread signal([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop = true;
  });
  const auto since = std::chrono::steady_clock::now();
  for (const Deadline& until :
       {Deadline::in(std::chrono::milliseconds(300)), Deadline().or_stop(&stop)}) {
    const auto ran = sandbox_->run(sleeps, until);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().kind, ErrorKind::interrupted);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::seconds(20));
  expect(stdin_program("print(int(input()) + 1)", "41\n", "42\n"), ProgramVerdict::passed);
}

// "name: numbers" of a status file of /proc; empty when the process is gone.
std::vector<long> status_numbers(long pid, const std::string& name) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  std::vector<long> out;
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name + ":")) continue;
    std::istringstream numbers(line.substr(name.size() + 1));
    for (long number = 0; numbers >> number;) out.push_back(number);
  }
  return out;
}

bool is_below_us(long pid) {
  for (int up = 0; up < 8 && pid > 1; ++up) {
    const std::vector<long> parent = status_numbers(pid, "PPid");
    if (parent.empty()) return false;
    pid = parent.front();
    if (pid == ::getpid()) return true;
  }
  return false;
}

// Ticks of CPU time.
long ticks_of(long pid) {
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string text(std::istreambuf_iterator<char>(stat), {});
  const std::size_t at = text.rfind(')');
  if (at == std::string::npos) return 0;
  std::istringstream rest(text.substr(at + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;
  long user = 0;
  long system = 0;
  rest >> user >> system;
  return user + system;
}

// Computes for long enough to be met by a signal, then is right.
Program computing_program() {
  return stdin_program(
      "import time\nwhile time.process_time() < 1.5: pass\nprint(int(input()) + 1)", "41\n", "42");
}

// Sends a signal to programs of ours that have computed for a while, `times` times; SIGKILL as the
// machine's out-of-memory killer would. Such a program is process 2 of a pid namespace in the
// zygote's.
void signal_running_programs(const std::atomic<bool>& stop, int times, int number) {
  while (!stop && times > 0) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
      const long pid = std::atol(entry.path().filename().c_str());
      if (pid <= 1 || times == 0) continue;
      const std::vector<long> inside = status_numbers(pid, "NSpid");
      if (inside.size() < 3 || inside.back() != 2 || ticks_of(pid) < 20) continue;
      if (is_below_us(pid) && ::kill(static_cast<pid_t>(pid), number) == 0) --times;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

TEST_F(SandboxTest, AProgramKilledFromOutsideIsRunAgainAndNeverWrong) {
  const Program computes = computing_program();
  std::atomic<bool> stop{false};
  {
    std::jthread killer([&] { signal_running_programs(stop, 1, SIGKILL); });
    expect(computes, ProgramVerdict::passed);
    stop = true;
  }
  stop = false;
  std::jthread killer([&] { signal_running_programs(stop, 1000, SIGKILL); });
  expect(computes, ProgramVerdict::sandbox_fault,
         "something outside the sandbox killed the program");
  stop = true;
}

// The signals of the attacks kill_itself_… end their program, twice where they are SIGKILL.
TEST_F(SandboxTest, ASignalThatAProgramSendsItselfEndsItAsOutside) {
  const auto sends = [](const std::string& how) {
    return stdin_program("import os, signal\n" + how + "\nprint(1)", "", "1");
  };
  expect(sends("os.kill(os.getpid(), signal.SIGTERM)"), ProgramVerdict::runtime_error,
         "ended by SIGTERM");
  expect(sends("signal.raise_signal(signal.SIGKILL)"), ProgramVerdict::runtime_error,
         "ended by SIGKILL");
  expect(sends("os.abort()"), ProgramVerdict::runtime_error, "ended by SIGABRT");
  expect(sends("signal.raise_signal(signal.SIGINT)"), ProgramVerdict::runtime_error,
         "program line 2: KeyboardInterrupt");
  expect(sends("signal.raise_signal(signal.SIGCHLD)"), ProgramVerdict::passed);
}

// What asyncio, multiprocessing and subprocess need of sockets, pipes and processes.
TEST_F(SandboxTest, RightProgramsMayUseSocketsPipesAndChildren) {
  expect(stdin_program("import asyncio\n"
                       "async def one(n):\n    await asyncio.sleep(0.001)\n    return n\n"
                       "async def main():\n"
                       "    return sum(await asyncio.gather(*[one(n) for n in range(100)]))\n"
                       "print(asyncio.run(main()))",
                       "", "4950"),
         ProgramVerdict::passed);
  expect(stdin_program(
             "import multiprocessing as mp\n"
             "def work(n, pipe):\n    pipe.send(n * n)\n"
             "ends = []\n"
             "for n in range(4):\n"
             "    ours, theirs = mp.Pipe()\n"
             "    p = mp.get_context('fork').Process(target=work, args=(n, theirs))\n"
             "    p.start()\n    ends.append((p, ours))\n"
             "print(sum(e.recv() for _, e in ends))\n"
             "for p, _ in ends: p.join()\n"
             "p = mp.get_context('fork').Process(target=__import__('time').sleep, args=(60,))\n"
             "p.start(); p.kill(); p.join(); print(p.exitcode)",
             "", "14\n-9"),
         ProgramVerdict::passed);
  expect(stdin_program("import socket\n"
                       "pairs = [socket.socketpair() for _ in range(40)]\n"
                       "for a, b in pairs: a.sendall(b'x' * 1000)\n"
                       "__import__('time').sleep(0.2)\n"  // so that it is measured
                       "print(sum(len(b.recv(2000)) for _, b in pairs))",
                       "", "40000"),
         ProgramVerdict::passed);
}

// SIGINT becomes an exception, as the program's own would be: what a second run gives counts.
TEST_F(SandboxTest, AProgramInterruptedFromOutsideIsRunAgain) {
  const Program computes = computing_program();
  std::atomic<bool> stop{false};
  std::jthread killer([&] { signal_running_programs(stop, 1, SIGINT); });
  expect(computes, ProgramVerdict::passed);
  stop = true;
  expect(stdin_program("raise KeyboardInterrupt", "", ""), ProgramVerdict::runtime_error);
}

TEST_F(SandboxTest, InterruptsBetweenProgramsSpoilNone) {
  const Program adds = stdin_program("print(int(input()) + 1)", "41\n", "42\n");
  expect(adds, ProgramVerdict::passed);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const long pid = std::atol(entry.path().filename().c_str());
    const bool inside = pid > 1 && status_numbers(pid, "NSpid").size() > 1;
    const auto command = read_file(entry.path() / "cmdline");
    const bool is_python = command && command->contains("zygote");
    if (inside && is_python && is_below_us(pid)) ::kill(static_cast<pid_t>(pid), SIGINT);
  }
  for (int i = 0; i < 3; ++i) expect(adds, ProgramVerdict::passed);
}

// Kills the first bubblewrap below us: the sandbox in it is not ready yet.
void kill_first_bubblewrap(const std::atomic<bool>& stop) {
  while (!stop) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
      const long pid = std::atol(entry.path().filename().c_str());
      if (pid <= 1 || read_file(entry.path() / "comm").value_or("") != "bwrap\n") continue;
      if (is_below_us(pid) && ::kill(static_cast<pid_t>(pid), SIGKILL) == 0) return;
    }
  }
}

TEST(Sandbox, OneThatIsKilledWhileItStartsIsStartedAgain) {
  auto made = Sandbox::create({.python = grade_python(), .need_cgroup = false});
  ASSERT_TRUE(made) << made.error().to_string();
  std::atomic<bool> stop{false};
  std::jthread killer([&] { kill_first_bubblewrap(stop); });
  const auto ran = made->run(stdin_program("print(int(input()) + 1)", "41\n", "42\n"), {});
  stop = true;
  ASSERT_TRUE(ran) << ran.error().to_string();
  EXPECT_STREQ(to_string(ran->verdict), "passed") << ran->detail;
}

// Their CPU time is in no process's own figures: they end between two looks at /proc, and the
// kernel adds it to nobody's as their parent ignores SIGCHLD.
TEST_F(SandboxTest, ChildrenThatNobodyWaitsForCountTheirTime) {
  if (!CpuAccount::create(12345, nullptr)) GTEST_SKIP() << "no control group can be written here";
  const auto source = read_file(ASSAY_SOURCE_DIR "/tests/programs/spinning_short_children.py");
  ASSERT_TRUE(source) << source.error().to_string();
  Program program = stdin_program(*source);
  program.limits.cpu_s = 1;
  program.limits.wall_s = 60;
  expect(program, ProgramVerdict::time_limit, "more than 1 s of CPU time");
}

TEST_F(SandboxTest, ProgramsThatNameNumpyFindItImported) {
  const std::string look = "import sys\nprint('num' + 'py' in sys.modules)\n";
  expect(stdin_program("# numpy\n" + look, "", "True"), ProgramVerdict::passed);
  expect(stdin_program(look, "", "False"), ProgramVerdict::passed);
}

TEST_F(SandboxTest, StreamsAreAsInAScript) {
  expect(stdin_program("import os, sys\n"
                       "print(sys.stdin.fileno(), sys.stdout.fileno(), sys.stderr.fileno())\n"
                       "print(sys.stdin.seekable(), sys.stdout.seekable(), sys.stdout.isatty())\n"
                       "print(sys.stdin.read(2), sys.stdin.buffer.tell() >= 0, sys.stdin.read())\n"
                       "print(sys.stdout.encoding, sys.stdin.encoding)\n",
                       "abcd", "0 1 2\nTrue False False\nab True cd\nutf-8 utf-8"),
         ProgramVerdict::passed);
}

TEST_F(SandboxTest, ProgramsThatPrint) {
  expect(stdin_program("print(int(input()) + 1)", "41\n", "42\n"), ProgramVerdict::passed);
  expect(stdin_program("print(int(input()))", "41\n", "42\n"), ProgramVerdict::wrong_answer,
         "line 1: got 41, expected 42");
  expect(stdin_program("import sys\nfor line in sys.stdin: print(line.strip()[::-1])", "ab\ncd\n",
                       "ba\ndc"),
         ProgramVerdict::passed);
  expect(stdin_program("if __name__ == '__main__':\n    print(open(0).read().split())", "a b",
                       "['a', 'b']"),
         ProgramVerdict::passed);
  expect(stdin_program("import sys\nprint(1)\nsys.exit(3)", "", "1"), ProgramVerdict::passed);
  expect(stdin_program("print(1); exit()", "", "1"), ProgramVerdict::passed);
  expect(stdin_program("print(open('/dev/stdin').read())", "5", "5"), ProgramVerdict::passed);
}

TEST_F(SandboxTest, WhatAScriptDoesAfterItsLastLineCounts) {
  expect(stdin_program("import threading, time\n"
                       "def main():\n    time.sleep(0.1)\n    print(7)\n"
                       "threading.Thread(target=main).start()",
                       "", "7"),
         ProgramVerdict::passed);
  expect(stdin_program("import atexit, os\natexit.register(lambda: os.write(1, b'7'))", "", "7"),
         ProgramVerdict::passed);
}

TEST_F(SandboxTest, ErrorsNameTypeAndLine) {
  expect(stdin_program("x = 1\nprint(x / 0)"), ProgramVerdict::runtime_error,
         "program line 2: ZeroDivisionError: division by zero");
  expect(stdin_program("x = (1\n"), ProgramVerdict::runtime_error,
         "program line 1: SyntaxError: '(' was never closed (<program>, line 1)");
  expect(stdin_program("input()"), ProgramVerdict::runtime_error,
         "program line 1: EOFError: EOF when reading a line");
  Program program = stdin_program("print(x)");
  program.preamble = "import math\n\nx = math.pi / zero\n";
  EXPECT_EQ(run(program).verdict, ProgramVerdict::runtime_error);
  program.preamble = "from math import *\nx = floor(pi)\n";
  program.tests = {{"", "3"}};
  EXPECT_EQ(run(program).verdict, ProgramVerdict::passed);
}

TEST_F(SandboxTest, FunctionsGetOneArgumentALine) {
  expect(function_program("def add(a, b):\n    return a + b", "add", "[1, 2]\n[3]", "[1, 2, 3]"),
         ProgramVerdict::passed);
  expect(function_program("class Solution:\n    def add(self, a, b):\n        return a + b", "add",
                          "1\n2", "3"),
         ProgramVerdict::passed);
  expect(function_program("def add(a, b):\n    return a - b", "add", "1\n2", "3"),
         ProgramVerdict::wrong_answer, "got -1, expected 3");
  expect(function_program("def sub(a, b):\n    return 0", "add", "1\n2", "3"),
         ProgramVerdict::runtime_error);
  expect(
      function_program("if __name__ == '__main__':\n    1 / 0\ndef f(x): return x", "f", "1", "1"),
      ProgramVerdict::passed);
  expect(function_program("def f(x):\n    print('noise')\n    return x", "f", "1", "1"),
         ProgramVerdict::passed);
}

// LiveCodeBench's `prediction == expected`, after it has converted an outermost tuple to a list.
TEST_F(SandboxTest, ReturnedValuesCompareAsInPython) {
  const auto returns = [](const std::string& value, const std::string& expected) {
    return function_program(
        "from collections import *\nfrom fractions import Fraction\n"
        "def f():\n    return " +
            value,
        "f", "", expected);
  };
  expect(returns("(1, 2)", "[1, 2]"), ProgramVerdict::passed);
  expect(returns("[(1, 2)]", "[[1, 2]]"), ProgramVerdict::wrong_answer,
         "returned a value of type tuple");
  expect(returns("{1: 2}", "{\"1\": 2}"), ProgramVerdict::wrong_answer);
  expect(returns("{'a': deque([1])}", "{\"a\": [1]}"), ProgramVerdict::wrong_answer);
  expect(returns("defaultdict(int, a=1)", "{\"a\": 1}"), ProgramVerdict::passed);
  expect(returns("Fraction(1, 2)", "0.5"), ProgramVerdict::passed);
  expect(returns("Fraction(1, 3)", "0.3333333333333333"), ProgramVerdict::wrong_answer);
  expect(returns("0.1 + 0.2", "0.3"), ProgramVerdict::wrong_answer);
  expect(returns("float('nan')", "NaN"), ProgramVerdict::wrong_answer);
  expect(returns("10 ** 5000", "1" + std::string(5000, '0')), ProgramVerdict::passed);
  expect(returns("10 ** 5000 + 1", "1" + std::string(5000, '0')), ProgramVerdict::wrong_answer);
  expect(returns("'\\ud800'", "\"\\ud800\""), ProgramVerdict::passed);
  expect(returns("None", "null"), ProgramVerdict::passed);
  expect(returns("True", "1"), ProgramVerdict::passed);
}

// Python itself refuses texts of whole numbers beyond 4,300 digits; LiveCodeBench's official runner
// sets 50,000 (lcb_runner/evaluation/testing_util.py).
TEST_F(SandboxTest, WholeNumbersHaveAsManyDigitsAsTheProgramMay) {
  const std::string big = "1" + std::string(5000, '0');
  Program prints = stdin_program("print(int(input()) * 10)", big, big + "0");
  EXPECT_THAT(run(prints).detail, testing::HasSubstr("Exceeds the limit (4300 digits)"));
  prints.integer_digits = 50'000;
  expect(prints, ProgramVerdict::passed);
  const std::string beyond = std::string(50'001, '1');
  prints.tests = {{.input = beyond, .expected = beyond + "0"}};
  EXPECT_THAT(run(prints).detail, testing::HasSubstr("Exceeds the limit (50000 digits)"));
  Program calls = function_program("def f(x):\n    return int(str(x)) + 1", "f", big,
                                   "1" + std::string(4999, '0') + "1");
  EXPECT_THAT(run(calls).detail, testing::HasSubstr("Exceeds the limit (4300 digits)"));
  calls.integer_digits = 50'000;
  expect(calls, ProgramVerdict::passed);
}

// The official runner takes what is printed when the main thread returns; a script's threads are
// awaited. The lock is never free before that.
TEST_F(SandboxTest, ThreadsAreAwaitedUnlessTheMainThreadCountsAlone) {
  const std::string later =
      "import threading, atexit\n"
      "def main(text=input()):\n"
      "    threading.main_thread().join()\n"
      "    print(text)\n"
      "threading.Thread(target=main).start()\n"
      "print('main')\n";
  Program program = stdin_program(later, "thread", "main\nthread");
  expect(program, ProgramVerdict::passed);
  program.main_thread_alone = true;
  expect(program, ProgramVerdict::wrong_answer, "1 lines, expected 2");
  program.tests[0].expected = "main";
  expect(program, ProgramVerdict::passed);
  // Awaited by the program itself, so that both readings are the same.
  program = stdin_program(
      "import sys, threading\n"
      "t = threading.Thread(target=lambda: print(sys.stdin.buffer.readline().decode().strip()))\n"
      "t.start()\nt.join()\n",
      "7", "7");
  expect(program, ProgramVerdict::passed);
  program.main_thread_alone = true;
  expect(program, ProgramVerdict::passed);
  program.source = "import atexit\natexit.register(print, 7)\n";
  expect(program, ProgramVerdict::wrong_answer);
  program.main_thread_alone = false;
  expect(program, ProgramVerdict::passed);
}

TEST_F(SandboxTest, ScriptsPassByReachingTheEnd) {
  expect(script_program("def f(x):\n    return x * 2\n", "assert f(2) == 4\n"),
         ProgramVerdict::passed);
  expect(script_program("def f(x):\n    return x\n", "\nassert f(2) == 4, 'not four'\n"),
         ProgramVerdict::wrong_answer, "test line 2: AssertionError: not four");
  expect(script_program("def f(x):\n    assert False\n", "f(2)\n"), ProgramVerdict::runtime_error,
         "program line 2: AssertionError");
  expect(script_program("if __name__ == '__main__':\n    1 / 0\n", "pass"), ProgramVerdict::passed);
  Program main = script_program("if __name__ == '__main__':\n    x = 1\n", "assert x == 1");
  main.run_as_main = true;
  expect(main, ProgramVerdict::passed);
  expect(script_program("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n",
                        "assert P(1) == P(1)"),
         ProgramVerdict::passed);
}

TEST_F(SandboxTest, LimitsHaveTheirVerdicts) {
  Program program = stdin_program("while True: pass");
  program.limits.cpu_s = 0.5;
  expect(program, ProgramVerdict::time_limit, "more than 0.5 s of CPU time");
  program.source = "import time; time.sleep(100)";
  program.limits.wall_s = 1;
  expect(program, ProgramVerdict::time_limit, "more than 1 s of waiting");
  program = stdin_program("x = bytearray(1 << 30)");
  expect(program, ProgramVerdict::memory_limit);
  program = stdin_program("while True: print('x' * 1000)");
  program.limits.output_bytes = 100'000;
  expect(program, ProgramVerdict::output_limit, "more than 100000 bytes of output");
  program = stdin_program("import os\nwhile True: os.fork()");
  program.limits.processes = 8;
  expect(program, ProgramVerdict::process_limit);
  program = stdin_program("import socket; socket.create_connection(('127.0.0.1', 80))");
  expect(program, ProgramVerdict::forbidden_call);
  expect(stdin_program(" \n\t"), ProgramVerdict::no_code);
}

// The program works longer than its time limit between allocating the two halves of its memory.
TEST_F(SandboxTest, WhatGrowsMeetsItsMemoryLimitHoweverSlowTheMachine) {
  const std::string burn = "import time\ndef burn(s):\n    while time.process_time() < s: pass\n";
  const std::string half = "a = b'x' * (150 << 20)\n";  // of 256 MiB
  Program program = stdin_program(burn + half + "burn(1)\nb = b'x' * (150 << 20)\nburn(9)\n");
  program.limits.cpu_s = 0.6;
  expect(program, ProgramVerdict::memory_limit);
  program.source = burn + half + "burn(9)\n";
  expect(program, ProgramVerdict::time_limit, "more than 0.6 s of CPU time");
  program.source = burn + half + "burn(1)\nprint(1)\n";  // ends with twice the time
  program.tests[0].expected = "1";
  expect(program, ProgramVerdict::time_limit, "more than 0.6 s of CPU time");
}

Program burning(double cpu_s) {
  return stdin_program(
      fmt::format("import time\nwhile time.process_time() < {}: pass\nprint(1)\n", cpu_s), "", "1");
}

// Seven programs share one core, so that the one with a short wall limit is beyond it when a third
// of its work is done; alone it has time enough.
TEST(Sandbox, ATimeLimitMetWhileWaitingForACoreIsConfirmedAlone) {
  cpu_set_t before;
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  int core = 0;
  while (!CPU_ISSET(core, &before)) ++core;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  auto sandbox = Sandbox::create({.python = grade_python(), .runners = 7});
  ::sched_setaffinity(0, sizeof before, &before);
  ASSERT_TRUE(sandbox) << sandbox.error().to_string();
  std::vector<std::jthread> others;
  others.reserve(6);
  for (int i = 0; i < 6; ++i) {
    others.emplace_back([&] {
      const auto ran = sandbox->run(burning(1.2));
      EXPECT_TRUE(ran && ran->verdict == ProgramVerdict::passed);
    });
  }
  Program hurried = burning(0.4);
  hurried.limits.wall_s = 2;  // alone it has time enough on a core that others want, too
  const auto ran = sandbox->run(hurried);
  ASSERT_TRUE(ran) << ran.error().to_string();
  EXPECT_STREQ(to_string(ran->verdict), "passed") << ran->detail;
}

TEST_F(SandboxTest, BigInputsAndOutputsPass) {
  const std::string big(8 << 20, '7');
  expect(stdin_program("import sys\nsys.stdout.write(sys.stdin.read())", big, big),
         ProgramVerdict::passed);
  expect(function_program("def f(x):\n    return x", "f", "\"" + big + "\"", "\"" + big + "\""),
         ProgramVerdict::passed);
}

TEST_F(SandboxTest, TestsStopAtTheFirstFailure) {
  Program program = stdin_program("print(input())");
  program.tests = {{"1", "1"}, {"2", "3"}, {"4", "4"}};
  EXPECT_EQ(run(program).tests.size(), 2U);
  program.run_all_tests = true;
  const ProgramResult all = run(program);
  ASSERT_EQ(all.tests.size(), 3U);
  EXPECT_EQ(all.verdict, ProgramVerdict::wrong_answer);
  EXPECT_EQ(all.detail, "line 1: got 2, expected 3");
  EXPECT_EQ(all.tests[2].verdict, ProgramVerdict::passed);
  EXPECT_GT(all.tests[2].cpu_s, 0);
}

TEST_F(SandboxTest, ABrokenExpectedValueIsNotTheProgramsFault) {
  expect(function_program("def f(x): return x", "f", "1", "[1"), ProgramVerdict::sandbox_fault);
  Program program = stdin_program("print(1)");
  program.tests.clear();
  expect(program, ProgramVerdict::sandbox_fault);
}

TEST_F(SandboxTest, TheSameProgramGetsTheSameRandomNumbers) {
  Program program =
      stdin_program("import random\nprint(random.random(), hash('x'), {'a', 'b', 'c'})");
  const std::string first = run(program).detail;
  EXPECT_NE(first, "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(program).detail, first);
}

TEST_F(SandboxTest, OrdinaryLibrariesWork) {
  expect(stdin_program("import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 1\n"
                       "print(asyncio.run(f()))",
                       "", "1"),
         ProgramVerdict::passed);
  expect(stdin_program("from concurrent.futures import ThreadPoolExecutor as T\n"
                       "print(list(T(4).map(str, range(3))))",
                       "", "['0', '1', '2']"),
         ProgramVerdict::passed);
  expect(stdin_program("import multiprocessing as m\nif __name__ == '__main__':\n"
                       "    with m.get_context('fork').Pool(2) as p: print(p.map(abs, [-1, 2]))",
                       "", "[1, 2]"),
         ProgramVerdict::passed);
  expect(stdin_program("import subprocess, sys\n"
                       "print(subprocess.run([sys.executable, '-c', 'print(5)'],"
                       " capture_output=True, text=True).stdout)",
                       "", "5"),
         ProgramVerdict::passed);
  expect(stdin_program("import tempfile\nwith tempfile.TemporaryFile() as f:\n"
                       "    f.write(b'x'); f.seek(0); print(f.read())",
                       "", "b'x'"),
         ProgramVerdict::passed);
}

TEST_F(SandboxTest, ManyThreadsMayGradeAtOnce) {
  std::atomic<int> passed = 0;
  std::vector<std::thread> threads;
  threads.reserve(6);
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&passed, t] {
      for (int i = 0; i < 8; ++i) {
        const bool right = (i + t) % 2 == 0;
        const auto got = run(stdin_program("print(input())", "5", right ? "5" : "6"));
        passed += got.verdict == (right ? ProgramVerdict::passed : ProgramVerdict::wrong_answer);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 48);
}

TEST_F(SandboxTest, OutlivesTheThreadThatStartedIt) {
  auto sandbox = Sandbox::create({.python = grade_python()});
  ASSERT_TRUE(sandbox) << sandbox.error().to_string();
  const Program program = stdin_program("import os; print(os.getpid())", "", "2");
  for (int i = 0; i < 2; ++i) {
    std::thread([&] {
      const auto ran = sandbox->run(program);
      EXPECT_TRUE(ran && ran->verdict == ProgramVerdict::passed);
    }).join();
  }
}

TEST_F(SandboxTest, ScientificProgramsReadTheirDataFile) {
  const auto path = std::filesystem::path(testing::TempDir()) /
                    ("assay-data-" + std::to_string(::getpid()) + ".h5");
  std::ofstream(path) << "data";
  Program program = script_program("import numpy as np, scipy.linalg, sympy, h5py\n",
                                   "assert np.linalg.det(np.eye(3)) == 1\n"
                                   "assert open('/data/test_data.h5').read() == 'data'\n"
                                   "try:\n    open('/data/test_data.h5', 'a')\n"
                                   "except OSError: pass\nelse: assert False\n");
  program.needs_scientific = true;
  program.read_only_file = path;
  program.limits.memory_bytes = 1UL << 30;
  expect(program, ProgramVerdict::passed);
  std::filesystem::remove(path);
}

TEST_F(SandboxTest, MissingPartsAreEnvironmentErrors) {
  const auto python = Sandbox::create({.python = "/nonexistent/python3"});
  ASSERT_FALSE(python);
  EXPECT_EQ(python.error().kind, ErrorKind::environment);
  EXPECT_NE(python.error().fix, "");
  const auto no_python = Sandbox::create({.python = "/bin/true"});
  EXPECT_FALSE(no_python);
  EXPECT_FALSE(Sandbox::create({.python = grade_python(), .runners = 0}));
  Program program = stdin_program("print(1)");
  program.read_only_file = "/nonexistent/file.h5";
  const auto ran = sandbox_->run(program);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().kind, ErrorKind::usage);
}

TEST_F(SandboxTest, CheckSaysWhatTheMachineProvides) {
  const auto findings = check_sandbox(grade_python());
  EXPECT_GE(findings.size(), 7U);
  for (const SandboxFinding& finding : findings) {
    EXPECT_TRUE(finding.ok || !finding.required) << finding.name.en << ": " << finding.detail.en;
    EXPECT_EQ(finding.fix.empty(), finding.ok) << finding.name.en;
  }
  bool named = false;
  for (const SandboxFinding& finding : check_sandbox("/nonexistent/python3")) {
    named = named || (finding.name.en == "interpreter" && !finding.ok && !finding.fix.empty());
  }
  EXPECT_TRUE(named);
}

}  // namespace
}  // namespace assay

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/files.h"
#include "sandbox/attack_suite.h"
#include "sandbox/memory_cgroup.h"
#include "support/sandbox_programs.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Parent process id of each process on this machine.
std::vector<std::pair<pid_t, pid_t>> process_parents() {
  std::vector<std::pair<pid_t, pid_t>> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    std::string text;
    if (!std::getline(file, text)) continue;
    const std::size_t at = text.rfind(')');
    if (at == std::string::npos) continue;
    std::istringstream rest(text.substr(at + 1));
    char state = 0;
    pid_t parent = 0;
    rest >> state >> parent;
    out.emplace_back(std::stoi(name), parent);
  }
  return out;
}

std::vector<pid_t> descendants() {
  const auto parents = process_parents();
  std::vector<pid_t> out = {::getpid()};
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (const auto& [pid, parent] : parents) {
      if (parent == out[i]) out.push_back(pid);
    }
  }
  out.erase(out.begin());
  return out;
}

// Waits up to 2 s, because the kernel needs some time to remove a killed process.
bool gone_soon(pid_t pid) {
  for (int i = 0; i < 200; ++i) {
    if (::kill(pid, 0) != 0) return true;
    ::usleep(10'000);
  }
  return false;
}

std::vector<AttackProgram> all_attacks() {
  auto attacks = built_in_attacks();
  if (!attacks) {
    ADD_FAILURE() << attacks.error().to_string();
    return {};
  }
  return *std::move(attacks);
}

TEST(AttackSuite, HasAtLeastSixtyPrograms) {
  EXPECT_GE(all_attacks().size(), 60U);
}

// Skipped under the thread sanitizer: the suite is slow and does not test threads.
#if defined(__SANITIZE_THREAD__)
constexpr bool kUnderThreadSanitizer = true;
#else
constexpr bool kUnderThreadSanitizer = false;
#endif
TEST(AttackSuite, EveryAttackIsHeldAndLeavesNothing) {
  if (kUnderThreadSanitizer) GTEST_SKIP() << "run by the other presets";
  // A file that a program which escaped could change.
  const fs::path canary =
      fs::path(testing::TempDir()) / ("assay-canary-" + std::to_string(::getpid()));
  std::ofstream(canary) << "untouched";
  ::setenv("ASSAY_ATTACK", "secret", 1);
  std::vector<pid_t> running;
  {
    auto sandbox = Sandbox::create({.python = grade_python()});
    ASSERT_TRUE(sandbox) << sandbox.error().to_string();
    auto results = run_attack_suite(*sandbox, all_attacks());
    ASSERT_TRUE(results) << results.error().to_string();
    for (const AttackResult& result : *results) {
      EXPECT_TRUE(result.held) << result.name << ": expected " << result.expected << ", got "
                               << to_string(result.verdict) << " (" << result.detail << ")";
    }
    running = descendants();
    EXPECT_FALSE(running.empty());
  }
  EXPECT_TRUE(descendants().empty());
  for (const pid_t pid : running) EXPECT_TRUE(gone_soon(pid)) << "process " << pid << " is left";
  EXPECT_EQ(read_file(canary).value_or("gone"), "untouched");
  fs::remove(canary);
}

// Runs in a separate process, which the test kills.
[[noreturn]] void grade_forever() {
  auto sandbox = Sandbox::create({.python = grade_python()});
  Program program = stdin_program(
      "import os, time\nos.fork()\nos.setsid() if os.getpid() != 2 else 0\ntime.sleep(600)");
  program.limits.wall_s = 600;
  if (sandbox) [[maybe_unused]]
    const auto ran = sandbox->run(program);
  ::_exit(1);
}

std::size_t count_below(pid_t root) {
  std::vector<pid_t> found = {root};
  const auto parents = process_parents();
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const auto& [pid, parent] : parents) {
      if (parent == found[i]) found.push_back(pid);
    }
  }
  return found.size() - 1;
}

TEST(AttackSuite, NothingSurvivesAKilledGrader) {
  const pid_t grader = ::fork();
  if (grader == 0) grade_forever();
  ASSERT_GT(grader, 0);
  // The keeper, bubblewrap, its process 1, the zygote, the program's process 1, the program, its
  // child.
  for (int i = 0; i < 1000 && count_below(grader) < 7; ++i) ::usleep(20'000);
  ASSERT_GE(count_below(grader), 7U);
  const std::vector<pid_t> running = descendants();
  ::kill(grader, SIGKILL);
  ::waitpid(grader, nullptr, 0);
  MemoryCgroup::remove_stale();  // as the next start of assay does
  for (const pid_t pid : running) EXPECT_TRUE(gone_soon(pid)) << "process " << pid << " is left";
}

// The zygote is the child of bubblewrap's process 1.
pid_t zygote_below(pid_t self_pid) {
  const auto parents = process_parents();
  const auto child_of = [&](pid_t wanted) {
    for (const auto& [pid, parent] : parents) {
      if (parent == wanted) return pid;
    }
    return pid_t{0};
  };
  return child_of(child_of(child_of(self_pid)));
}

TEST(AttackSuite, AFaultOfTheSandboxIsRetried) {
  auto sandbox = Sandbox::create({.python = grade_python()});
  ASSERT_TRUE(sandbox) << sandbox.error().to_string();
  Program program = stdin_program("import time\ntime.sleep(1)\nprint(1)", "", "1");
  ASSERT_EQ(sandbox->run(program)->verdict, ProgramVerdict::passed);
  const pid_t zygote = zygote_below(::getpid());
  ASSERT_GT(zygote, 1);
  std::thread killer([zygote] {
    ::usleep(300'000);
    ::kill(zygote, SIGKILL);
  });
  const auto ran = sandbox->run(program);
  killer.join();
  ASSERT_TRUE(ran) << ran.error().to_string();
  EXPECT_STREQ(to_string(ran->verdict), "passed") << ran->detail;
  EXPECT_NE(zygote_below(::getpid()), zygote);
}

TEST(AttackSuite, HoldsWithoutCgroups) {
  std::vector<AttackProgram> attacks = all_attacks();
  std::erase_if(attacks, [](const AttackProgram& a) { return !a.name.starts_with("allocate"); });
  ASSERT_GE(attacks.size(), 6U);
  auto sandbox = Sandbox::create({.python = grade_python(), .use_cgroups = false});
  ASSERT_TRUE(sandbox) << sandbox.error().to_string();
  auto results = run_attack_suite(*sandbox, attacks);
  ASSERT_TRUE(results) << results.error().to_string();
  for (const AttackResult& result : *results) {
    EXPECT_TRUE(result.held) << result.name << ": expected " << result.expected << ", got "
                             << to_string(result.verdict) << " (" << result.detail << ")";
  }
}

}  // namespace
}  // namespace assay

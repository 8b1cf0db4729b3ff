#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/files.h"
#include "base/subprocess.h"
#include "sandbox/attack_suite.h"
#include "sandbox/test_support.h"

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


// The kernel may still be taking a killed process apart.
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

TEST(AttackSuite, HasAtLeastSixtyPrograms) { EXPECT_GE(all_attacks().size(), 60U); }

TEST(AttackSuite, EveryAttackIsHeldAndLeavesNothing) {
  // What a program that got out could change.
  const fs::path canary = fs::path(testing::TempDir()) / "assay-canary";
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
    for (const AttackResult& r : *results) if (r.wall_s > 0.4) printf("TIME %.2f %s %s\n", r.wall_s, r.name.c_str(), to_string(r.verdict));
    running = descendants();
    EXPECT_FALSE(running.empty());
  }
  EXPECT_TRUE(descendants().empty());
  for (const pid_t pid : running) EXPECT_TRUE(gone_soon(pid)) << "process " << pid << " is left";
  EXPECT_EQ(read_file(canary).value_or("gone"), "untouched");
  fs::remove(canary);
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

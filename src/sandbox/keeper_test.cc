#include "sandbox/keeper.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "base/files.h"

namespace assay {
namespace {

class Keeper : public testing::Test {
 protected:
  void SetUp() override {
    pid_file_ = testing::TempDir() + "keeper_" + std::to_string(::getpid());
    std::filesystem::remove(pid_file_);
  }
  void TearDown() override { std::filesystem::remove(pid_file_); }

  // A shell that leaves a process behind, in a session of its own, and then does `last`.
  [[nodiscard]] SpawnOptions leaves_one_behind(const std::string& last) const {
    SpawnOptions options;
    options.argv = {"/bin/sh", "-c",
                    "setsid sh -c 'echo $$ > " + pid_file_ + ".new; mv " + pid_file_ + ".new " +
                        pid_file_ + "; exec sleep 600' & while ! [ -e " + pid_file_ +
                        " ]; do sleep 0.01; done; " + last};
    return options;
  }
  [[nodiscard]] pid_t left_behind() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      if (const auto text = read_file(pid_file_)) return std::atoi(text->c_str());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return 0;
  }

  std::string pid_file_;
};

bool is_gone(pid_t pid) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (::kill(pid, 0) == 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

TEST_F(Keeper, EndsWhatTheCommandLeavesBehind) {
  auto child = spawn_kept(leaves_one_behind("exit 3"));
  ASSERT_TRUE(child) << child.error().to_string();
  const int status = child->wait();
  EXPECT_EQ(WEXITSTATUS(status), 3);
  ASSERT_GT(left_behind(), 0);
  EXPECT_TRUE(is_gone(left_behind()));
}

TEST_F(Keeper, TellsTheSignalThatEndedTheCommand) {
  SpawnOptions options;
  options.argv = {"/bin/sh", "-c", "kill -TERM $$"};
  auto child = spawn_kept(options);
  ASSERT_TRUE(child);
  EXPECT_EQ(WEXITSTATUS(child->wait()), 128 + SIGTERM);
}

TEST_F(Keeper, EndsAllWhenWeAreKilled) {
  const pid_t us = ::fork();
  if (us == 0) {
    const auto child = spawn_kept(leaves_one_behind("sleep 600"));
    ::pause();
    ::_exit(child ? 0 : 1);
  }
  const pid_t left = left_behind();
  ASSERT_GT(left, 0);
  ::kill(us, SIGKILL);
  ::waitpid(us, nullptr, 0);
  EXPECT_TRUE(is_gone(left));
}

TEST_F(Keeper, HoldsNoneOfOurDescriptors) {
  auto pipe = make_pipe();
  ASSERT_TRUE(pipe);
  SpawnOptions options;
  options.argv = {"/bin/sleep", "600"};
  auto child = spawn_kept(options);
  ASSERT_TRUE(child);
  pipe->write_end.reset();
  char byte = 0;
  EXPECT_EQ(::read(pipe->read_end.get(), &byte, 1), 0);  // it would wait for ever
}

}  // namespace
}  // namespace assay

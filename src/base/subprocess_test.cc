#include "base/subprocess.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <thread>

namespace assay {
namespace {

using std::chrono::milliseconds;

TEST(Subprocess, InputOutputAndExitCode) {
  const auto r = run_command({.argv = {"sh", "-c", "cat; echo bad >&2; exit 7"}}, "hello",
                             milliseconds(20000));
  ASSERT_TRUE(r);
  EXPECT_EQ(r->out, "hello");
  EXPECT_EQ(r->err, "bad\n");
  EXPECT_EQ(r->exit_code, 7);
  EXPECT_FALSE(r->timed_out);
}

TEST(Subprocess, LargeInputDoesNotBlockAndOutputIsCut) {
  const std::string big(3 << 20, 'x');
  const auto r = run_command({.argv = {"cat"}}, big, milliseconds(20000), 1000);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->out.size(), 1000U);
  EXPECT_EQ(r->exit_code, 0);
}

TEST(Subprocess, TimeLimitKills) {
  const auto r = run_command({.argv = {"sleep", "60"}}, "", milliseconds(100));
  ASSERT_TRUE(r);
  EXPECT_TRUE(r->timed_out);
  EXPECT_EQ(r->exit_code, 128 + SIGKILL);
}

TEST(Subprocess, ASignalsFlagEndsItAtOnce) {
  std::atomic<bool> stop{false};
  const auto since = std::chrono::steady_clock::now();
  std::jthread signal([&] {
    std::this_thread::sleep_for(milliseconds(100));
    stop = true;
  });
  const auto r = run_command({.argv = {"sleep", "60"}}, "", Deadline().or_stop(&stop));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind, ErrorKind::interrupted);
  EXPECT_LT(std::chrono::steady_clock::now() - since, std::chrono::seconds(5));
}

// A download of hours must not go on when the run was killed.
TEST(Subprocess, ACommandDiesWithWhoRunsIt) {
  Pipe pipe = make_pipe().value();
  const pid_t runner = ::fork();
  if (runner == 0) {
    SpawnOptions options{.argv = {"sh", "-c", "echo $$ >&9; exec sleep 60"}};
    options.keep_fds = {{pipe.write_end.get(), 9}};
    (void)run_command(options, "", milliseconds(60000));
    ::_exit(0);
  }
  char buffer[16] = {};
  ASSERT_GT(::read(pipe.read_end.get(), buffer, sizeof buffer - 1), 0);
  const pid_t command = std::atoi(buffer);
  ::kill(runner, SIGKILL);
  ::waitpid(runner, nullptr, 0);
  const Deadline until = Deadline::in(std::chrono::seconds(10));
  const auto alive = [command] {
    std::ifstream file("/proc/" + std::to_string(command) + "/stat");
    std::string pid, name, state;
    return static_cast<bool>(file >> pid >> name >> state) && state != "Z";
  };
  while (alive() && !until.over()) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_FALSE(alive());
}

TEST(DeadlineTest, TheEarlierEndHolds) {
  EXPECT_FALSE(Deadline().over());
  EXPECT_FALSE(Deadline::in(std::chrono::hours(1)).over());
  EXPECT_TRUE(Deadline::in(std::chrono::seconds(-3)).passed());
  EXPECT_TRUE(Deadline::in(std::chrono::hours(1)).at_most(milliseconds(0)).passed());
  EXPECT_TRUE(Deadline::in(milliseconds(0)).at_most(std::chrono::hours(1)).passed());
  EXPECT_EQ(Deadline::in(std::chrono::hours(1)).left(), milliseconds(200));
  EXPECT_EQ(Deadline().left(milliseconds(70)), milliseconds(70));
  EXPECT_EQ(Deadline::in(Deadline::Seconds(std::numeric_limits<double>::infinity())).at(),
            Deadline().at());
  std::atomic<bool> stop{true};
  EXPECT_TRUE(Deadline().or_stop(&stop).stopped());
  const Deadline late = Deadline::in(milliseconds(0)).or_stop(&stop).flag_alone();
  EXPECT_TRUE(late.stopped());
  EXPECT_FALSE(late.passed());
}

TEST(Subprocess, MissingProgramIsAnError) {
  const auto child = spawn({.argv = {"/no/such/program"}});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().why, "No such file or directory");
}

TEST(Subprocess, EnvironmentAndDescriptors) {
  Pipe pipe = make_pipe().value();
  SpawnOptions options{.argv = {"sh", "-c", "echo $A-$HOME >&9"}, .env = {{"A", "1"}}};
  options.clear_env = true;
  options.keep_fds = {{pipe.write_end.get(), 9}};
  Child child = spawn(options).value();
  EXPECT_EQ(child.wait(), 0);
  char buffer[16] = {};
  EXPECT_EQ(::read(pipe.read_end.get(), buffer, sizeof buffer), 3);
  EXPECT_STREQ(buffer, "1-\n");
}

TEST(Subprocess, DestroyedChildIsGone) {
  pid_t pid = 0;
  {
    Child child = spawn({.argv = {"sleep", "60"}}).value();
    pid = child.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

}  // namespace
}  // namespace assay

#include "base/subprocess.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

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

#include "sandbox/keeper.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include "base/files.h"
#include "base/text.h"

namespace assay {
namespace {

constexpr int kNotStarted = 127;

int open_pidfd(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

void close_all_but(int one, int other) {
  const auto [low, high] = std::minmax(one, other);
  if (low > 0) ::syscall(SYS_close_range, 0U, static_cast<unsigned>(low) - 1, 0U);
  if (high > low + 1) ::syscall(SYS_close_range, low + 1, high - 1, 0U);
  ::syscall(SYS_close_range, high + 1, ~0U, 0U);
}

void kill_children() {
  const auto listed = read_file(fmt::format("/proc/self/task/{}/children", ::getpid()));
  if (!listed) return;
  for (const std::string& word : split(*listed, ' ')) {
    pid_t pid = 0;
    std::from_chars(word.data(), word.data() + word.size(), pid);
    if (pid > 0) ::kill(pid, SIGKILL);
  }
}

// Until no child is left; what a child leaves behind is ours by then. The command's wait status.
int end_all(pid_t command) {
  int status_of_command = SIGKILL;
  while (true) {
    kill_children();
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == command) status_of_command = status;
    if (ended < 0 && errno != EINTR) return status_of_command;
  }
}

// The keeper's life. It is the only thread left after the fork, and starts no other.
[[noreturn]] void keep(const SpawnOptions& options, pid_t parent) {
  ::setsid();  // a signal to our group must not meet it
  ::prctl(PR_SET_NAME, "assay-keeper");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int above = open_pidfd(parent);
  if (::getppid() != parent) ::_exit(kNotStarted);
  SpawnOptions kept = options;
  kept.die_with_parent = true;
  Result<Child> command = spawn(kept);
  if (!command) ::_exit(kNotStarted);
  // What came with the fork would end it by itself, or a while after.
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_IGN);
  const pid_t pid = command->pid();
  const int below = open_pidfd(pid);
  close_all_but(above, below);
  // A kernel without these has no close_range() either, and no sandbox is set up on it.
  if (above < 0 || below < 0) {
    end_all(pid);
    ::_exit(kNotStarted);
  }
  std::array<pollfd, 2> ends = {pollfd{above, POLLIN, 0}, pollfd{below, POLLIN, 0}};
  while (::poll(ends.data(), ends.size(), -1) < 0 && errno == EINTR) {
  }
  const int status = end_all(pid);
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

}  // namespace

Result<Child> spawn_kept(const SpawnOptions& options) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) {
    return errno_error("cannot start " + options.argv.front(),
                       "free memory or raise the limit of processes");
  }
  if (pid == 0) keep(options, parent);
  return Child(pid);
}

}  // namespace assay

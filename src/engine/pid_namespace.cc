#include "engine/pid_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "base/subprocess.h"
#include "base/unique_fd.h"

namespace assay {
namespace {

// A /proc that shows the new namespace; the mount is seen by this tree alone.
bool mount_own_proc() {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) return false;
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return false;
  return ::access("/proc/self/stat", R_OK) == 0;
}

[[noreturn]] void run_first_process(Pipe& report, const std::function<int()>& inside) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  report.read_end.reset();
  const char ready = mount_own_proc() ? 1 : 0;
  // Should the parent have died before the prctl, nobody reads: the write fails.
  if (::write(report.write_end.get(), &ready, 1) != 1 || ready == 0) ::_exit(1);
  report.write_end.reset();
  const int code = inside();
  std::fflush(nullptr);
  ::_exit(code);
}

int wait_for(pid_t child, const sigset_t& watched) {
  while (true) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) return status;
    siginfo_t info{};
    const int number = ::sigwaitinfo(&watched, &info);
    if (number == SIGTERM || number == SIGINT) ::kill(child, SIGTERM);
  }
}

}  // namespace

std::optional<int> run_in_pid_namespace(const std::function<int()>& inside) {
  const UniqueFd own_namespace(::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC));
  Result<Pipe> report = make_pipe();
  if (!own_namespace.valid() || !report || ::unshare(CLONE_NEWPID) != 0) return std::nullopt;

  sigset_t watched;
  sigset_t before;
  ::sigemptyset(&watched);
  for (int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&watched, number);
  ::sigprocmask(SIG_BLOCK, &watched, &before);
  const pid_t child = ::fork();
  if (child == 0) run_first_process(*report, inside);
  ::setns(own_namespace.get(), CLONE_NEWPID);  // later children belong to us again
  report->write_end.reset();
  char ready = 0;
  ssize_t n = child < 0 ? 0 : 1;
  while (n > 0 && (n = ::read(report->read_end.get(), &ready, 1)) < 0 && errno == EINTR) {
    n = 1;
  }
  if (n != 1 || ready != 1) {
    if (child > 0) ::waitpid(child, nullptr, 0);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return std::nullopt;
  }
  report->read_end.reset();
  ::syscall(SYS_close_range, 3U, ~0U, 0);
  return wait_for(child, watched);
}

}  // namespace assay

// Process 1 of a program's pid namespace: starts the program as process 2, collects orphans, and
// ends with the program, so that the kernel ends whatever it has left. Without it the program would
// be process 1, for which the kernel ignores what would end any other: its own SIGTERM, SIGKILL,
// abort().
//
// It is a thin process: it shares the zygote's memory (CLONE_VM), so there is nothing to copy, and
// runs on a stack of its own. It also shares the zygote's thread-local memory, errno included, and
// runs at the same time; so it makes system calls by itself and calls nothing of the C library.
//
// A program cannot harm it: signals are blocked here, the kernel lets nobody in the namespace kill
// or stop process 1, its memory is the zygote's (not dumpable, another user namespace), and the
// filter holds what would limit it (prlimit64).
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

#include "server.h"

namespace assay::box {
namespace {

constexpr std::size_t kInitStackBytes = 64UL << 10;
constexpr unsigned kSignalSetBytes = 8;  // of the kernel's sigset_t
constexpr pid_t kProgram = 2;            // the first process that process 1 starts

alignas(64) char init_stack[kInitStackBytes];

// A system call that leaves errno alone: gives a negative errno.
long call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0) {
#if defined(__x86_64__)
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = 0;
  long result = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = 0;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
#else
#error "system calls of this processor are not known here"
#endif
}

template <typename T>
long address(T* pointer) {
  return reinterpret_cast<long>(pointer);
}

constexpr std::uint64_t bit(int signal) {
  return 1ULL << static_cast<unsigned>(signal - 1);
}
constexpr std::uint64_t kHeard = bit(SIGCHLD) | bit(kProgramRuns);

// The time that the program was ready and had no core, while it is a zombie. This process sees the
// sandbox's /proc, in which the program has another number.
std::uint64_t read_run_delay(pid_t outer_pid) {
  char path[40] = "/proc/";
  char digits[12];
  int count = 0;
  for (pid_t left = outer_pid; left > 0; left /= 10) {
    digits[count++] = static_cast<char>('0' + left % 10);
  }
  int at = 6;
  while (count > 0) path[at++] = digits[--count];
  for (const char* tail = "/schedstat"; *tail != '\0'; ++tail) path[at++] = *tail;
  path[at] = '\0';
  const long fd = call(SYS_openat, AT_FDCWD, address(path), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[128];
  const long size = call(SYS_read, fd, address(text), sizeof text);
  call(SYS_close, fd);
  long i = 0;
  while (i < size && text[i] != ' ') ++i;  // behind the time it ran
  std::uint64_t waited = 0;
  for (++i; i < size && text[i] >= '0' && text[i] <= '9'; ++i) {
    waited = waited * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  return waited;
}

// As wait() would have it.
int wait_status(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
}

// Collects who has ended; true when the program is among them.
bool collect(Shared* shared) {
  for (;;) {
    siginfo_t info{};
    const long found =
        call(SYS_waitid, P_ALL, 0, address(&info), WEXITED | WNOHANG | WNOWAIT | __WALL);
    if (found != 0 || info.si_pid == 0) return false;
    const bool program = info.si_pid == kProgram;
    if (program) {
      shared->run_delay_ns = read_run_delay(shared->program_pid);
      shared->wait_status = wait_status(info);
    }
    call(SYS_waitid, P_PID, info.si_pid, address(&info), WEXITED | __WALL);
    if (program) {
      __atomic_store_n(&shared->ended, 1, __ATOMIC_RELEASE);
      return true;
    }
  }
}

// A call that may end in a SIGKILL of the tree's own is noted and goes on.
void note_kill(Shared* shared, int listener) {
  seccomp_notif asked{};
  if (call(SYS_ioctl, listener, static_cast<long>(SECCOMP_IOCTL_NOTIF_RECV), address(&asked)) !=
      0) {
    return;  // who asked is gone
  }
  shared->asked_for_kill = 1;
  seccomp_notif_resp answer{};
  answer.id = asked.id;
  answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  call(SYS_ioctl, listener, static_cast<long>(SECCOMP_IOCTL_NOTIF_SEND), address(&answer));
}

void wait_for_end(Shared* shared) {
  const std::uint64_t heard = kHeard;
  while (__atomic_load_n(&shared->listener, __ATOMIC_ACQUIRE) < 0) {
    call(SYS_rt_sigtimedwait, address(&heard), 0, 0, kSignalSetBytes);
    if (collect(shared)) return;
  }
  // The program has its own table of descriptors by now; this one still holds its streams.
  int listener = shared->listener;
  call(SYS_close_range, 0, kJobFdCount - 1);
  const auto signals = static_cast<int>(
      call(SYS_signalfd4, -1, address(&heard), kSignalSetBytes, SFD_NONBLOCK | SFD_CLOEXEC));
  while (!collect(shared)) {
    pollfd fds[2] = {{signals, POLLIN, 0}, {listener, POLLIN, 0}};
    call(SYS_ppoll, address(fds), 2);
    if ((fds[0].revents & POLLIN) != 0) {
      char events[sizeof(signalfd_siginfo) * 4];
      call(SYS_read, signals, address(events), sizeof events);
    }
    if ((fds[1].revents & POLLIN) != 0) note_kill(shared, listener);
    // Nobody is left who could call; the program's end, which takes a while, is still to come.
    if ((fds[1].revents & (POLLHUP | POLLERR)) != 0) listener = -1;
  }
}

int init_main(void* argument) {
  Server& server = *static_cast<Server*>(argument);
  Shared* shared = server.shared;
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  clone_args args{};
  // Descriptors are shared until the program runs, so that the filter's listener gets here.
  args.flags = CLONE_NEWNS | CLONE_FILES;
  args.exit_signal = SIGCHLD;
  if (server.tid_address != nullptr) {
    args.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    args.child_tid = reinterpret_cast<std::uint64_t>(server.tid_address);
  }
  const long child = call(SYS_clone3, address(&args), sizeof args);
  // The program goes on where the zygote stood when it called, on a copy of the zygote's stack.
  if (child == 0) __builtin_longjmp(server.program_starts, 1);
  if (child < 0) shared->error = static_cast<int>(-child);
  __atomic_store_n(&shared->copied, 1, __ATOMIC_RELEASE);
  call(SYS_futex, address(&shared->copied), FUTEX_WAKE, 1);
  if (child > 0) wait_for_end(shared);
  call(SYS_exit_group, 0);
  return 0;
}

// The zygote's stack must stay as it is until the program has its copy.
void wait_for_copy(Shared* shared, int pidfd) {
  const timespec pause{0, 100'000'000};
  while (__atomic_load_n(&shared->copied, __ATOMIC_ACQUIRE) == 0) {
    syscall(SYS_futex, &shared->copied, FUTEX_WAIT, 0, &pause, nullptr, 0);
    pollfd gone{pidfd, POLLIN, 0};
    if (poll(&gone, 1, 0) > 0) return;
  }
}

}  // namespace

[[gnu::noinline]] pid_t clone_tree(Server& server, int* pidfd) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &server.signals);
  if (__builtin_setjmp(server.program_starts) != 0) {
    sigprocmask(SIG_SETMASK, &server.signals, nullptr);
    return 0;
  }
  constexpr int kFlags = CLONE_VM | CLONE_NEWUSER | CLONE_NEWPID | CLONE_PIDFD | SIGCHLD;
  const pid_t init =
      clone(init_main, init_stack + sizeof init_stack, kFlags, &server, pidfd, nullptr, nullptr);
  const int error = errno;
  if (init > 0) wait_for_copy(server.shared, *pidfd);
  sigprocmask(SIG_SETMASK, &server.signals, nullptr);
  errno = error;
  return init;
}

}  // namespace assay::box

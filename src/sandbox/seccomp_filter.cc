#include "sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/unique_fd.h"

namespace assay {
namespace {

constexpr const char* kAllowed[] = {
    // files
    "access", "chdir", "chmod", "close", "close_range", "copy_file_range", "creat", "dup", "dup2",
    "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat",
    "fchown", "fchownat", "chown", "lchown", "fcntl", "fdatasync", "fgetxattr", "flistxattr",
    "flock", "fstat", "fstatfs", "fsync", "ftruncate", "futimesat", "getcwd", "getdents",
    "getdents64", "getxattr", "lgetxattr", "link", "linkat", "listxattr", "llistxattr", "lseek",
    "lstat", "mkdir", "mkdirat", "mknod", "mknodat", "newfstatat", "open", "openat", "openat2",
    "pipe", "pipe2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read",
    "readahead", "readlink", "readlinkat", "readv", "rename", "renameat", "renameat2", "rmdir",
    "sendfile", "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync_file_range",
    "tee", "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimes", "write",
    "writev",
    // memory
    "brk", "get_mempolicy", "madvise", "mbind", "membarrier", "mincore", "mlock", "mlock2",
    "mlockall", "mmap", "mprotect", "mremap", "msync", "munlock", "munlockall", "munmap",
    "pkey_alloc", "pkey_free", "pkey_mprotect", "set_mempolicy",
    // processes and threads
    "arch_prctl", "capget", "execve", "execveat", "exit", "exit_group", "fork", "futex",
    "futex_waitv", "get_robust_list", "get_thread_area", "getcpu", "getegid", "geteuid", "getgid",
    "getgroups", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getresgid", "getresuid",
    "getrlimit", "getrusage", "getsid", "gettid", "getuid", "kill", "pidfd_open",
    "pidfd_send_signal", "prctl", "prlimit64", "restart_syscall", "rseq", "sched_get_priority_max",
    "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
    "sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity", "sched_yield",
    "set_robust_list", "set_thread_area", "set_tid_address", "setpgid", "setpriority", "setrlimit",
    "setsid", "sysinfo", "tgkill", "times", "tkill", "uname", "vfork", "wait4", "waitid",
    // signals and time
    "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer", "gettimeofday",
    "nanosleep", "pause", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
    "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "setitimer",
    "sigaltstack", "signalfd", "signalfd4", "time", "timer_create", "timer_delete",
    "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime",
    "timerfd_settime",
    // waiting, and sockets between own processes
    "accept", "accept4", "bind", "connect", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "getpeername", "getrandom",
    "getsockname", "getsockopt", "inotify_add_watch", "inotify_init", "inotify_init1",
    "inotify_rm_watch", "listen", "poll", "ppoll", "pselect6", "recvfrom", "recvmmsg", "recvmsg",
    "select", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socketpair"};

constexpr const char* kDeadly[] = {"_sysctl",
                                   "acct",
                                   "add_key",
                                   "adjtimex",
                                   "bpf",
                                   "chroot",
                                   "clock_adjtime",
                                   "clock_settime",
                                   "create_module",
                                   "delete_module",
                                   "fanotify_init",
                                   "finit_module",
                                   "fsconfig",
                                   "fsmount",
                                   "fsopen",
                                   "fspick",
                                   "init_module",
                                   "io_uring_enter",
                                   "io_uring_register",
                                   "io_uring_setup",
                                   "ioperm",
                                   "iopl",
                                   "kcmp",
                                   "kexec_file_load",
                                   "kexec_load",
                                   "keyctl",
                                   "landlock_add_rule",
                                   "lookup_dcookie",
                                   "mount",
                                   "mount_setattr",
                                   "move_mount",
                                   "name_to_handle_at",
                                   "nfsservctl",
                                   "open_by_handle_at",
                                   "open_tree",
                                   "perf_event_open",
                                   "pidfd_getfd",
                                   "pivot_root",
                                   "process_madvise",
                                   "process_vm_readv",
                                   "process_vm_writev",
                                   "ptrace",
                                   "quotactl",
                                   "quotactl_fd",
                                   "reboot",
                                   "request_key",
                                   "seccomp",
                                   "setdomainname",
                                   "setfsgid",
                                   "setfsuid",
                                   "setgid",
                                   "setgroups",
                                   "sethostname",
                                   "setns",
                                   "setregid",
                                   "setresgid",
                                   "setresuid",
                                   "setreuid",
                                   "settimeofday",
                                   "setuid",
                                   "swapoff",
                                   "swapon",
                                   "syslog",
                                   "umount",
                                   "umount2",
                                   "unshare",
                                   "uselib",
                                   "userfaultfd",
                                   "vhangup",
                                   "vm86"};

constexpr unsigned kNewNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

// Names this libseccomp or this processor does not know are skipped: ENOSYS covers them.
int add(const Context& context, std::uint32_t action, const char* name) {
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR || number < 0) return 0;
  return seccomp_rule_add_array(context.get(), action, number, 0, nullptr);
}

int add_when(const Context& context, std::uint32_t action, int number, scmp_arg_cmp condition) {
  return seccomp_rule_add_array(context.get(), action, number, 1, &condition);
}

// clone, socket, ioctl and personality are allowed by argument.
int add_conditional_rules(const Context& context) {
#ifdef __s390__
  constexpr unsigned kFlagsAt = 1;
#else
  constexpr unsigned kFlagsAt = 0;
#endif
  const int clone_number = SCMP_SYS(clone);
  const int bits[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                      CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
  int error = add_when(context, SCMP_ACT_ALLOW, clone_number,
                       SCMP_CMP(kFlagsAt, SCMP_CMP_MASKED_EQ, kNewNamespaces, 0));
  for (const int bit : bits) {
    const auto flag = static_cast<scmp_datum_t>(static_cast<unsigned>(bit));
    if (error == 0) {
      error = add_when(context, SCMP_ACT_KILL_PROCESS, clone_number,
                       SCMP_CMP(kFlagsAt, SCMP_CMP_MASKED_EQ, flag, flag));
    }
  }
  if (error == 0) {
    error = add_when(context, SCMP_ACT_ALLOW, SCMP_SYS(socket), SCMP_CMP(0, SCMP_CMP_EQ, AF_UNIX));
  }
  if (error == 0) {
    error = add_when(context, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket),
                     SCMP_CMP(0, SCMP_CMP_NE, AF_UNIX));
  }
  // Typing into a terminal's input queue; the rest of ioctl is harmless on what can be opened.
  if (error == 0) {
    error = add_when(context, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), SCMP_CMP(1, SCMP_CMP_NE, TIOCSTI));
  }
  // personality(0xffffffff) only asks.
  if (error == 0) {
    error = add_when(context, SCMP_ACT_ALLOW, SCMP_SYS(personality),
                     SCMP_CMP(0, SCMP_CMP_EQ, 0xffffffffU));
  }
  return error;
}

Result<std::string> export_filter(const Context& context) {
  const UniqueFd file(::memfd_create("filter", MFD_CLOEXEC));
  if (!file.valid()) return errno_error("cannot make a memory file", "use Linux 3.17 or newer");
  const int error = seccomp_export_bpf(context.get(), file.get());
  if (error != 0) {
    return environment_error("cannot write the seccomp filter", std::strerror(-error),
                             "update libseccomp");
  }
  std::string out;
  std::array<char, 4096> buffer{};
  ssize_t n = 0;
  ::lseek(file.get(), 0, SEEK_SET);
  while ((n = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return out;
}

}  // namespace

Result<std::string> make_seccomp_filter() {
  const Context context(seccomp_init(SCMP_ACT_ERRNO(ENOSYS)));
  int error = context == nullptr ? -ENOMEM : 0;
  if (error == 0) {
    // A binary search over call numbers instead of a chain; old versions lack it, which is fine.
    seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    error = seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  }
  for (const char* name : kAllowed) {
    if (error == 0) error = add(context, SCMP_ACT_ALLOW, name);
  }
  for (const char* name : kDeadly) {
    if (error == 0) error = add(context, SCMP_ACT_KILL_PROCESS, name);
  }
  if (error == 0) error = add_conditional_rules(context);
  if (error != 0) {
    return environment_error("cannot build the seccomp filter", std::strerror(-error),
                             "update libseccomp (2.4 or newer)");
  }
  return export_filter(context);
}

}  // namespace assay

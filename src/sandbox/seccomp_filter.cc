#include "sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <csignal>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace assay {
namespace {

constexpr const char* kAllowed[] = {
    // files
    "access", "chdir", "chmod", "close", "close_range", "copy_file_range", "creat", "dup", "dup2",
    "dup3", "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat",
    "fchown", "fchownat", "chown", "lchown", "fdatasync", "fgetxattr", "flistxattr", "flock",
    "fstat", "fstatfs", "fsync", "ftruncate", "futimesat", "getcwd", "getdents", "getdents64",
    "getxattr", "lgetxattr", "link", "linkat", "listxattr", "llistxattr", "lseek", "lstat", "mkdir",
    "mkdirat", "mknod", "mknodat", "newfstatat", "open", "openat", "openat2", "pipe", "pipe2",
    "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead",
    "readlink", "readlinkat", "readv", "rename", "renameat", "renameat2", "rmdir", "sendfile",
    "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync_file_range", "tee",
    "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimes", "write", "writev",
    // memory
    "brk", "get_mempolicy", "madvise", "mbind", "membarrier", "mincore", "mlock", "mlock2",
    "mlockall", "mmap", "mprotect", "mremap", "msync", "munlock", "munlockall", "munmap",
    "pkey_alloc", "pkey_free", "pkey_mprotect", "set_mempolicy",
    // processes and threads
    "arch_prctl", "capget", "execve", "execveat", "exit", "exit_group", "fork", "futex",
    "futex_waitv", "get_robust_list", "get_thread_area", "getcpu", "getegid", "geteuid", "getgid",
    "getgroups", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getresgid", "getresuid",
    "getrlimit", "getrusage", "getsid", "gettid", "getuid", "pidfd_open", "prctl",
    "restart_syscall", "rseq", "sched_get_priority_max", "sched_get_priority_min",
    "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
    "sched_rr_get_interval", "sched_setaffinity", "sched_yield", "set_robust_list",
    "set_thread_area", "set_tid_address", "setpgid", "setpriority", "setsid", "sysinfo", "times",
    "uname", "vfork", "wait4", "waitid",
    // signals and time
    "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer", "gettimeofday",
    "nanosleep", "pause", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigsuspend", "rt_sigtimedwait", "setitimer", "sigaltstack", "signalfd", "signalfd4", "time",
    "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create",
    "timerfd_gettime", "timerfd_settime",
    // waiting, and sockets between own processes
    "accept", "accept4", "bind", "connect", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "getpeername", "getrandom",
    "getsockname", "getsockopt", "inotify_add_watch", "inotify_init", "inotify_init1",
    "inotify_rm_watch", "listen", "poll", "ppoll", "pselect6", "recvfrom", "recvmmsg", "recvmsg",
    "select", "sendmmsg", "sendmsg", "sendto", "shutdown", "socketpair"};

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

// How the filter answers a call. `noted` ones go on, after process 1 has learned that a SIGKILL may
// be the program's own doing. From `clone` on it depends on an argument.
enum class Fate {
  allowed,
  deadly,
  absent,
  no_family,
  noted,
  unchanged,  // says that it was done
  clone,
  socket,
  ioctl,
  personality,
  fcntl,
  signal_second,  // the signal is the second argument
  signal_third,
  limit,           // setrlimit
  limit_of,        // prlimit64, of a process
  limit_of_other,  // the same, not of process 1
  socket_option,
};
constexpr std::size_t kFates = 17;

#ifdef __s390__
constexpr int kCloneFlagsAt = 1;
#else
constexpr int kCloneFlagsAt = 0;
#endif

// Skips names that this libseccomp or this processor does not know; such calls are `absent`.
template <std::size_t N>
void add(std::map<std::uint32_t, Fate>& fates, const char* const (&names)[N], Fate fate) {
  for (const char* name : names) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number >= 0) fates[static_cast<std::uint32_t>(number)] = fate;
  }
}

// Consecutive call numbers of one fate, from `first` to the `first` of the next range.
struct Range {
  std::uint32_t first;
  Fate fate;
};

std::vector<Range> ranges_of(const std::map<std::uint32_t, Fate>& fates) {
  std::vector<Range> out = {{0, Fate::absent}};
  const auto begin_at = [&out](std::uint32_t first, Fate fate) {
    if (out.back().first == first) out.pop_back();
    if (out.empty() || out.back().fate != fate) out.push_back({first, fate});
  };
  for (const auto& [number, fate] : fates) {
    begin_at(number, fate);
    begin_at(number + 1, Fate::absent);
  }
  return out;
}

// Classic BPF: jumps go forward only, over at most 255 instructions.
class Assembler {
 public:
  explicit Assembler(std::vector<Range> ranges) : ranges_(std::move(ranges)) {}

  std::optional<std::vector<sock_filter>> assemble() {
    load(offsetof(seccomp_data, arch));
    jump(BPF_JEQ, seccomp_arch_native(), std::nullopt, Fate::deadly);
    load(offsetof(seccomp_data, nr));
#ifdef __x86_64__
    constexpr std::uint32_t kX32 = 0x40000000;  // the numbers of the x32 call table
    jump(BPF_JGE, kX32, Fate::deadly, std::nullopt);
#endif
    search(0, ranges_.size());
    by_argument(Fate::clone, kCloneFlagsAt, BPF_JSET, kNewNamespaces, Fate::deadly, Fate::allowed);
    by_argument(Fate::socket, 0, BPF_JEQ, AF_UNIX, Fate::allowed, Fate::no_family);
    // TIOCSTI types into a terminal's input. The other ioctls are harmless on the files a program
    // can open.
    by_argument(Fate::ioctl, 1, BPF_JEQ, TIOCSTI, Fate::absent, Fate::allowed);
    // personality(0xffffffff) only asks for the current value.
    by_argument(Fate::personality, 0, BPF_JEQ, 0xffffffffU, Fate::allowed, Fate::absent);
    // What sends SIGKILL, at once or later: F_SETSIG for a descriptor's events, the CPU limit.
    by_argument(Fate::fcntl, 1, BPF_JEQ, F_SETSIG, Fate::noted, Fate::allowed);
    by_argument(Fate::signal_second, 1, BPF_JEQ, SIGKILL, Fate::noted, Fate::allowed);
    by_argument(Fate::signal_third, 2, BPF_JEQ, SIGKILL, Fate::noted, Fate::allowed);
    by_argument(Fate::limit, 0, BPF_JEQ, RLIMIT_CPU, Fate::noted, Fate::allowed);
    // A CPU limit would be the one way to have process 1 killed.
    by_argument(Fate::limit_of, 0, BPF_JEQ, 1, Fate::deadly, Fate::limit_of_other);
    by_argument(Fate::limit_of_other, 1, BPF_JEQ, RLIMIT_CPU, Fate::noted, Fate::allowed);
    // A socket's buffer keeps its size, by which sockets are counted as memory (box/measure.cc).
    // The kernel, too, takes a size that is too large and does what it may. Local sockets have
    // options of one level alone, so the level need not be looked at.
    by_argument(Fate::socket_option, 2, BPF_JEQ, SO_SNDBUF, Fate::unchanged, Fate::allowed);
    answer(Fate::unchanged, SECCOMP_RET_ERRNO);
    answer(Fate::noted, SECCOMP_RET_USER_NOTIF);
    answer(Fate::allowed, SECCOMP_RET_ALLOW);
    answer(Fate::deadly, SECCOMP_RET_KILL_PROCESS);
    answer(Fate::absent, SECCOMP_RET_ERRNO | ENOSYS);
    answer(Fate::no_family, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    for (const Jump& jump : jumps_) {
      const std::size_t distance = places_[static_cast<std::size_t>(jump.to)] - jump.at - 1;
      if (distance > 255) return std::nullopt;
      (jump.when_true ? code_[jump.at].jt : code_[jump.at].jf) =
          static_cast<std::uint8_t>(distance);
    }
    if (too_far_) return std::nullopt;
    return code_;
  }

 private:
  struct Jump {
    std::size_t at;
    bool when_true;
    Fate to;
  };

  void load(std::size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  // nullopt: continue with the next instruction.
  void jump(unsigned test, std::uint32_t value, std::optional<Fate> yes, std::optional<Fate> no) {
    if (yes) jumps_.push_back({code_.size(), true, *yes});
    if (no) jumps_.push_back({code_.size(), false, *no});
    code_.push_back(BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | test | BPF_K), value, 0, 0));
  }
  // A binary search in ranges [from, to).
  void search(std::size_t from, std::size_t to) {
    const std::size_t middle = (from + to) / 2;
    const std::size_t at = code_.size();
    const auto only = [&](std::size_t a, std::size_t b) {
      return b - a == 1 ? std::optional(ranges_[a].fate) : std::nullopt;
    };
    jump(BPF_JGE, ranges_[middle].first, only(middle, to), only(from, middle));
    if (middle - from > 1) search(from, middle);
    if (to - middle > 1) {
      const std::size_t distance = code_.size() - at - 1;
      too_far_ = too_far_ || distance > 255;
      code_[at].jt = static_cast<std::uint8_t>(distance);
      search(middle, to);
    }
  }
  // The kernel uses only the lower 32 bits of these arguments, so only they are compared.
  void by_argument(Fate of, int index, unsigned test, std::uint32_t value, Fate yes, Fate no) {
    places_[static_cast<std::size_t>(of)] = code_.size();
    const std::size_t low = std::endian::native == std::endian::little ? 0 : 4;
    load(offsetof(seccomp_data, args) + static_cast<std::size_t>(index) * 8 + low);
    jump(test, value, yes, no);
  }
  void answer(Fate fate, std::uint32_t action) {
    places_[static_cast<std::size_t>(fate)] = code_.size();
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, action));
  }

  std::vector<Range> ranges_;
  std::vector<sock_filter> code_;
  std::vector<Jump> jumps_;
  std::array<std::size_t, kFates> places_{};
  bool too_far_ = false;
};

}  // namespace

Result<std::string> make_seccomp_filter() {
  std::map<std::uint32_t, Fate> fates;
  add(fates, kAllowed, Fate::allowed);
  add(fates, kDeadly, Fate::deadly);
  add(fates, {"clone"}, Fate::clone);
  add(fates, {"socket"}, Fate::socket);
  add(fates, {"ioctl"}, Fate::ioctl);
  add(fates, {"personality"}, Fate::personality);
  add(fates, {"fcntl"}, Fate::fcntl);
  add(fates, {"timer_create"}, Fate::noted);
  add(fates, {"kill", "tkill", "rt_sigqueueinfo", "pidfd_send_signal"}, Fate::signal_second);
  add(fates, {"tgkill", "rt_tgsigqueueinfo"}, Fate::signal_third);
  add(fates, {"setrlimit"}, Fate::limit);
  add(fates, {"setsockopt"}, Fate::socket_option);
  add(fates, {"prlimit64"}, Fate::limit_of);
  const auto code = Assembler(ranges_of(fates)).assemble();
  if (!code) {
    return environment_error("cannot build the seccomp filter",
                             "this processor's call numbers lie too far apart",
                             "tell the authors which processor it is");
  }
  return std::string(reinterpret_cast<const char*>(code->data()),
                     code->size() * sizeof(sock_filter));
}

}  // namespace assay

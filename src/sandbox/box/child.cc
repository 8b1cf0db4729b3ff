// The child's side: from the clone to the point where the program's own code may run.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "server.h"

// Of glibc 2.35 and later. Weak, because graders' Python may run with an older one.
extern "C" {
[[gnu::weak]] extern const unsigned int __rseq_size;  // NOLINT
[[gnu::weak]] extern const ptrdiff_t __rseq_offset;   // NOLINT
}

namespace assay::box {
namespace {

constexpr rlim_t kStackBytes = 64UL << 20;
constexpr rlim_t kOpenFiles = 128;

bool write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t n = static_cast<ssize_t>(strlen(text));
  const bool ok = write(fd, text, static_cast<size_t>(n)) == n;
  close(fd);
  return ok;
}

// The C library's area of restartable sequences, which process 1 did not have and so could not pass
// on. Where there is none, nothing is missing.
void renew_rseq() {
  if (&__rseq_size == nullptr || __rseq_size == 0) return;
  constexpr unsigned kAreaBytes = 32;
#if defined(__x86_64__)
  constexpr unsigned kSignature = 0x53053053;  // RSEQ_SIG of <sys/rseq.h>
#else
  constexpr unsigned kSignature = 0xd428bc00;
#endif
  syscall(SYS_rseq, static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset, kAreaBytes, 0,
          kSignature);
}

// The program's number in the zygote's namespace.
pid_t outer_pid() {
  char text[16];
  const ssize_t size = readlink("/proc/self", text, sizeof text - 1);
  text[size > 0 ? size : 0] = '\0';
  return static_cast<pid_t>(atoi(text));
}

bool take_identity(const Server& server) {
  if (prctl(PR_SET_DUMPABLE, 1) != 0) return false;
  server.shared->program_pid = outer_pid();
  // The kernel's out-of-memory killer should take the program before the zygote.
  if (!write_file("/proc/self/oom_score_adj", "1000")) return false;
  char text[64];
  if (!write_file("/proc/self/setgroups", "deny")) return false;
  snprintf(text, sizeof text, "65534 %u 1", server.uid);
  if (!write_file("/proc/self/uid_map", text)) return false;
  snprintf(text, sizeof text, "65534 %u 1", server.gid);
  return write_file("/proc/self/gid_map", text);
}

bool make_mounts() {
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", "/tmp", "tmpfs", kFlags, "size=64m,nr_inodes=4096,mode=1777") == 0 &&
         mount("tmpfs", "/dev/shm", "tmpfs", kFlags, "size=64m,nr_inodes=256,mode=1777") == 0 &&
         // A fresh proc cannot be mounted here; an empty one hides the zygote and its siblings.
         mount("tmpfs", "/proc", "tmpfs", kFlags, "size=4k,nr_inodes=3,mode=0555") == 0 &&
         // Where /dev/stdin points; the runner puts a copy there for programs that open it by name.
         symlink("/tmp/.stdio", "/proc/self") == 0;
}

bool drop_capabilities() {
  for (int cap = 0; cap <= CAP_LAST_CAP; ++cap) {
    if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0 && errno != EINVAL) return false;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (syscall(SYS_capset, &header, none) != 0) return false;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

bool receive_job(JobMessage& job, int (&fds)[kJobFdCount]) {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)];
  iovec io{&job, sizeof job};
  msghdr message{};
  message.msg_iov = &io;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  while ((n = recvmsg(kJobFd, &message, 0)) < 0 && errno == EINTR) {
  }
  if (n == 0) _exit(0);  // assay is gone, or wants no more
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (n != sizeof job || header == nullptr || header->cmsg_type != SCM_RIGHTS ||
      header->cmsg_len != CMSG_LEN(sizeof fds)) {
    errno = EPROTO;
    return false;
  }
  memcpy(fds, CMSG_DATA(header), sizeof fds);
  return true;
}

bool place_descriptors(int (&fds)[kJobFdCount]) {
  constexpr int kClear = 64;  // above all descriptors in use
  for (int& fd : fds) {
    fd = fcntl(fd, F_DUPFD, kClear);
    if (fd < 0) return false;
  }
  for (int i = 0; i < kJobFdCount; ++i) {
    if (dup2(fds[i], i) < 0) return false;
  }
  if (syscall(SYS_close_range, kJobFdCount, ~0U, 0) != 0) {
    for (int fd = kJobFdCount; fd < 1024; ++fd) close(fd);
  }
  return setsid() >= 0 && chdir("/tmp") == 0;
}

bool limit(int what, rlim_t soft, rlim_t hard) {
  const rlimit both{soft, hard};
  return setrlimit(static_cast<__rlimit_resource_t>(what), &both) == 0;
}

bool limit(int what, rlim_t value) {
  return limit(what, value, value);
}

bool set_limits(const Server& server, const JobMessage& job) {
  return limit(RLIMIT_AS, server.base_virtual_bytes + job.memory_bytes) &&
         limit(RLIMIT_CPU, job.cpu_limit_s, job.cpu_limit_s + 1) &&
         limit(RLIMIT_FSIZE, job.file_bytes) && limit(RLIMIT_NOFILE, kOpenFiles) &&
         limit(RLIMIT_CORE, 0) && limit(RLIMIT_STACK, kStackBytes) && limit(RLIMIT_MEMLOCK, 0) &&
         // Counted inside this user namespace alone, because it is set after the namespace is made.
         // Process 1 is one of them.
         limit(RLIMIT_NPROC, job.processes + 1);
}

// Process 1 hears of the calls that the filter wants noted, and gets the listener because it shares
// the table of descriptors. Where somebody outside listens already, such calls just go on, and
// every SIGKILL may be the program's own.
bool install_filter(const Server& server) {
  Shared* shared = server.shared;
  long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                          &server.filter);
  if (listener < 0 && errno == EBUSY) {
    for (unsigned i = 0; i < server.filter.len; ++i) {
      sock_filter& code = server.filter.filter[i];
      if (code.code == (BPF_RET | BPF_K) && code.k == SECCOMP_RET_USER_NOTIF) {
        code.k = SECCOMP_RET_ALLOW;
      }
    }
    shared->asked_for_kill = 1;
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &server.filter) != 0) return false;
  } else if (listener < 0) {
    return false;
  }
  // From here on with a table of its own.
  if (syscall(SYS_close_range, kJobFdCount, ~0U, CLOSE_RANGE_UNSHARE) != 0) return false;
  __atomic_store_n(&shared->listener, static_cast<int>(listener), __ATOMIC_RELEASE);
  return kill(1, kProgramRuns) == 0;
}

[[noreturn]] void give_up(Shared* shared) {
  shared->error = errno;
  _exit(125);
}

}  // namespace

void become_program(const Server& server) {
  Shared* shared = server.shared;
  const auto reached = [shared](Stage stage) { shared->stage = stage; };
  JobMessage job;
  int fds[kJobFdCount];
  renew_rseq();
  reached(Stage::identity);
  if (!take_identity(server)) give_up(shared);
  reached(Stage::mounts);
  if (!make_mounts()) give_up(shared);
  reached(Stage::capabilities);
  if (!drop_capabilities()) give_up(shared);
  reached(Stage::job);
  if (!receive_job(job, fds)) give_up(shared);
  reached(Stage::descriptors);
  if (!place_descriptors(fds)) give_up(shared);
  reached(Stage::limits);
  if (!set_limits(server, job)) give_up(shared);
  reached(Stage::filter);
  if (!install_filter(server)) give_up(shared);
  reached(Stage::running);
  munmap(shared, sizeof *shared);
}

}  // namespace assay::box

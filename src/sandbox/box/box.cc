// Loaded by the zygote's Python inside the sandbox. box_serve() makes one child after the other,
// each in its own user, pid and mount namespace with a single clone: the child is process 1 of its
// pid namespace, so its end is the end of everything it started. In a child box_serve() returns
// once the job is there and every limit is in place; in the zygote it never returns.
//
// Plain C-like code on system calls: it runs between clone and Python, with no heap of its own.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "protocol.h"

namespace {

using namespace assay::box;

constexpr std::uint64_t kNsPerS = 1'000'000'000;
constexpr std::uint64_t kCheckNs = 25'000'000;  // how often a running tree is measured
constexpr rlim_t kStackBytes = 64UL << 20;
constexpr rlim_t kOpenFiles = 128;
constexpr int kMaxFilter = 4096;

struct Shared {
  Stage stage;
  int error;
};

struct Server {
  Shared* shared = nullptr;
  sock_fprog filter{};
  void* tid_address = nullptr;
  std::uint64_t base_virtual_bytes = 0;
  std::uint64_t base_resident_bytes = 0;
  pid_t self = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  void (*before_fork)() = nullptr;
  void (*after_fork_parent)() = nullptr;
  void (*after_fork_child)() = nullptr;
};

sock_filter filter_code[kMaxFilter];

std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * kNsPerS + static_cast<std::uint64_t>(t.tv_nsec);
}

bool write_file(const char* path, const char* text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t n = static_cast<ssize_t>(strlen(text));
  const bool ok = write(fd, text, static_cast<size_t>(n)) == n;
  close(fd);
  return ok;
}

ssize_t read_small(const char* path, char* buffer, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t n = read(fd, buffer, size - 1);
  close(fd);
  buffer[n > 0 ? n : 0] = '\0';
  return n;
}

// ---- in the child -------------------------------------------------------------------------

bool take_identity(const Server& server) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_DUMPABLE, 1) != 0) return false;
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
  constexpr int kClear = 64;  // above every number that is in use
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

bool limit(int what, rlim_t value) {
  const rlimit both{value, value};
  return setrlimit(static_cast<__rlimit_resource_t>(what), &both) == 0;
}

bool set_limits(const Server& server, const JobMessage& job) {
  return limit(RLIMIT_AS, server.base_virtual_bytes + job.memory_bytes) &&
         limit(RLIMIT_CPU, job.cpu_limit_s) && limit(RLIMIT_FSIZE, job.file_bytes) &&
         limit(RLIMIT_NOFILE, kOpenFiles) && limit(RLIMIT_CORE, 0) &&
         limit(RLIMIT_STACK, kStackBytes) && limit(RLIMIT_MEMLOCK, 0) &&
         // Counted inside this user namespace alone, because it is set after the namespace is made.
         limit(RLIMIT_NPROC, job.processes);
}

[[noreturn]] void give_up(Shared* shared) {
  shared->error = errno;
  _exit(125);
}

void become_program(const Server& server) {
  Shared* shared = server.shared;
  const auto reached = [shared](Stage stage) { shared->stage = stage; };
  JobMessage job;
  int fds[kJobFdCount];
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
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &server.filter) != 0) give_up(shared);
  reached(Stage::running);
  munmap(shared, sizeof *shared);
}

// ---- in the zygote ------------------------------------------------------------------------

// With raw clone glibc does not learn the child's thread id by itself; recursive locks need it.
// Without this (a kernel built without checkpoint support) only a program whose threads share such
// a lock with the interpreter's main thread would notice.
void* find_tid_address() {
  int* address = nullptr;
  if (prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) != 0) return nullptr;
  return address;
}

pid_t clone_child(const Server& server, int* pidfd) {
  clone_args args{};
  args.flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
  args.exit_signal = SIGCHLD;
  if (server.tid_address != nullptr) {
    args.flags |= CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
    args.child_tid = reinterpret_cast<std::uint64_t>(server.tid_address);
  }
  return static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof args));
}

struct Usage {
  std::uint64_t cpu_ns = 0;
  std::uint64_t memory_bytes = 0;
};

// Adds one process to the sum. Memory it only shares with the zygote does not count.
void add_process(const Server& server, long pid, Usage& sum) {
  char path[64];
  char text[1024];
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  if (read_small(path, text, sizeof text) <= 0) return;
  const char* rest = strrchr(text, ')');
  if (rest == nullptr) return;
  unsigned long user = 0;
  unsigned long system = 0;
  long child_user = 0;
  long child_system = 0;
  long resident_pages = 0;
  if (sscanf(rest + 2,
             "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld %*d %*d %*d %*d %*u %*u "
             "%ld",
             &user, &system, &child_user, &child_system, &resident_pages) != 5) {
    return;
  }
  static const std::uint64_t tick_ns = kNsPerS / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
  static const std::uint64_t page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  sum.cpu_ns += (user + system + static_cast<unsigned long>(child_user + child_system)) * tick_ns;
  const std::uint64_t resident = static_cast<std::uint64_t>(resident_pages) * page_bytes;
  if (resident > server.base_resident_bytes) {
    sum.memory_bytes += resident - server.base_resident_bytes;
  }
}

// Everything in the sandbox's pid namespace but its process 1 and the zygote is the program's.
Usage measure_tree(const Server& server) {
  Usage sum;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return sum;
  while (const dirent* entry = readdir(folder)) {
    const long pid = strtol(entry->d_name, nullptr, 10);
    if (pid > 1 && pid != server.self) add_process(server, pid, sum);
  }
  closedir(folder);
  return sum;
}

std::uint64_t run_delay_ns(pid_t pid) {
  char path[64];
  char text[128];
  snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
  if (read_small(path, text, sizeof text) <= 0) return 0;
  unsigned long long running = 0;
  unsigned long long waiting = 0;
  if (sscanf(text, "%llu %llu", &running, &waiting) != 2) return 0;
  return waiting;
}

struct Watch {
  StartMessage limits;
  bool started = false;
  std::uint64_t started_ns = 0;
  EndedMessage report;
};

void kill_tree(Watch& watch, pid_t child, KilledFor why) {
  if (watch.report.killed_for != KilledFor::nothing) return;
  watch.report.killed_for = why;
  kill(child, SIGKILL);
}

void check_limits(const Server& server, Watch& watch, pid_t child) {
  const std::uint64_t wall = now_ns() - watch.started_ns;
  if (wall >= watch.limits.wall_ns) return kill_tree(watch, child, KilledFor::wall);
  const Usage usage = measure_tree(server);
  if (usage.memory_bytes > watch.report.peak_memory_bytes) {
    watch.report.peak_memory_bytes = usage.memory_bytes;
  }
  if (usage.cpu_ns > watch.report.cpu_ns) watch.report.cpu_ns = usage.cpu_ns;
  if (usage.cpu_ns >= watch.limits.cpu_ns) return kill_tree(watch, child, KilledFor::cpu);
  if (usage.memory_bytes > watch.limits.memory_bytes) kill_tree(watch, child, KilledFor::memory);
}

void receive_control(Watch& watch, pid_t child) {
  StartMessage message;
  const ssize_t n = recv(kControlFd, &message, sizeof message, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) _exit(0);  // assay is gone
  if (n == sizeof(StartMessage) && message.kind == MessageKind::start) {
    watch.limits = message;
    watch.started = true;
    watch.started_ns = now_ns();
  } else if (n == sizeof(KillMessage) && message.kind == MessageKind::kill) {
    kill_tree(watch, child, KilledFor::asked);
  }
}

// Milliseconds until the next look at the tree; CPU time can be used up by several cores at once,
// so the pause is short whatever is left.
int pause_ms(const Watch& watch) {
  if (!watch.started || watch.report.killed_for != KilledFor::nothing) return -1;
  const std::uint64_t wall = now_ns() - watch.started_ns;
  if (wall >= watch.limits.wall_ns) return 0;
  std::uint64_t pause = kCheckNs;
  if (watch.limits.wall_ns - wall < pause) pause = watch.limits.wall_ns - wall;
  return static_cast<int>(pause / 1'000'000) + 1;
}

void watch_child(const Server& server, Watch& watch, pid_t child, int pidfd) {
  for (;;) {
    pollfd fds[2] = {{pidfd, POLLIN, 0}, {kControlFd, POLLIN, 0}};
    const int ready = poll(fds, 2, pause_ms(watch));
    if (ready < 0 && errno != EINTR) _exit(1);
    if (ready > 0 && fds[1].revents != 0) receive_control(watch, child);
    if (ready > 0 && fds[0].revents != 0) return;
    if (ready == 0) check_limits(server, watch, child);
  }
}

void report_end(const Server& server, Watch& watch, pid_t child) {
  EndedMessage& report = watch.report;
  report.run_delay_ns = run_delay_ns(child);
  rusage usage{};
  while (wait4(child, &report.wait_status, 0, &usage) < 0 && errno == EINTR) {
  }
  const auto ns = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * kNsPerS +
           static_cast<std::uint64_t>(t.tv_usec) * 1000;
  };
  const std::uint64_t cpu = ns(usage.ru_utime) + ns(usage.ru_stime);
  if (cpu > report.cpu_ns) report.cpu_ns = cpu;
  if (watch.started) report.wall_ns = now_ns() - watch.started_ns;
  report.stage = server.shared->stage;
  report.setup_errno = server.shared->error;
  if (send(kControlFd, &report, sizeof report, MSG_NOSIGNAL) != sizeof report) _exit(0);
  if (report.stage != Stage::running) _exit(1);  // ours is broken: assay starts another
}

bool load_filter(Server& server) {
  const ssize_t bytes = pread(kFilterFd, filter_code, sizeof filter_code, 0);
  close(kFilterFd);
  if (bytes <= 0 || bytes % static_cast<ssize_t>(sizeof(sock_filter)) != 0) return false;
  server.filter.len = static_cast<unsigned short>(bytes / static_cast<ssize_t>(sizeof(sock_filter)));
  server.filter.filter = filter_code;
  return true;
}

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

// Every child gets a copy of the page tables and tears it down again; with the warm heap in huge
// pages there are 500 times fewer entries to copy. Where the kernel can't, it only costs time.
void use_huge_pages() {
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == nullptr) return;
  constexpr unsigned long kHuge = 2UL << 20;
  char line[512];
  while (fgets(line, sizeof line, maps) != nullptr) {
    unsigned long begin = 0;
    unsigned long end = 0;
    unsigned long inode = 0;
    char access[5];
    if (sscanf(line, "%lx-%lx %4s %*x %*s %lu", &begin, &end, access, &inode) != 4) continue;
    if (inode != 0 || strcmp(access, "rw-p") != 0 || strstr(line, "[stack]") != nullptr) continue;
    begin = (begin + kHuge - 1) & ~(kHuge - 1);
    end &= ~(kHuge - 1);
    if (begin >= end) continue;
    void* memory = reinterpret_cast<void*>(begin);
    madvise(memory, end - begin, MADV_HUGEPAGE);
    madvise(memory, end - begin, MADV_COLLAPSE);
  }
  fclose(maps);
}

bool prepare_server(Server& server) {
  if (!load_filter(server)) return false;
  use_huge_pages();
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  server.shared = static_cast<Shared*>(memory);
  server.tid_address = find_tid_address();
  server.self = getpid();
  server.uid = getuid();
  server.gid = getgid();
  const auto symbol = [](const char* name) {
    return reinterpret_cast<void (*)()>(dlsym(RTLD_DEFAULT, name));
  };
  server.before_fork = symbol("PyOS_BeforeFork");
  server.after_fork_parent = symbol("PyOS_AfterFork_Parent");
  server.after_fork_child = symbol("PyOS_AfterFork_Child");
  char text[128];
  unsigned long virtual_pages = 0;
  unsigned long resident_pages = 0;
  if (read_small("/proc/self/statm", text, sizeof text) <= 0 ||
      sscanf(text, "%lu %lu", &virtual_pages, &resident_pages) != 2) {
    return false;
  }
  const auto page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  server.base_virtual_bytes = virtual_pages * page_bytes;
  server.base_resident_bytes = resident_pages * page_bytes;
  prctl(PR_SET_DUMPABLE, 0);  // no program may trace the zygote or read its memory
  return server.before_fork != nullptr && server.after_fork_parent != nullptr &&
         server.after_fork_child != nullptr;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

// Returns 0 in every child, ready to run its program; -1 in the zygote when it cannot serve.
int box_serve() {
  Server server;
  if (!prepare_server(server)) return -1;
  const ReadyMessage ready;
  if (send(kControlFd, &ready, sizeof ready, MSG_NOSIGNAL) != sizeof ready) return -1;
  for (;;) {
    *server.shared = Shared{Stage::cloned, 0};
    int pidfd = -1;
    server.before_fork();
    const pid_t child = clone_child(server, &pidfd);
    if (child == 0) {
      become_program(server);
      server.after_fork_child();
      return 0;
    }
    const int error = errno;
    server.after_fork_parent();
    Watch watch;
    if (child < 0) {
      watch.report.setup_errno = error;
      send(kControlFd, &watch.report, sizeof watch.report, MSG_NOSIGNAL);
      return -1;
    }
    watch_child(server, watch, child, pidfd);
    close(pidfd);
    report_end(server, watch, child);
  }
}

// One descriptor sent over the result socket; -1 when none came.
int box_receive_fd() {
  char byte = 0;
  int fd = -1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)];
  iovec io{&byte, 1};
  msghdr message{};
  message.msg_iov = &io;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n = 0;
  while ((n = recvmsg(kResultFd, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (n != 1 || header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}
}
#pragma GCC visibility pop

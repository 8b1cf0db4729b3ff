// Loaded by the zygote's Python inside the sandbox. box_serve() makes one program after the other,
// each in its own user, pid and mount namespace, below a thin process 1 (init.cc) that ends with
// the program, and with it everything the program started. In a program box_serve() returns when
// the job has come and all limits are set; in the zygote it never returns.
//
// Python's own steps around a fork are left out. They are not needed: this process has one thread,
// which always holds the interpreter's lock and no other lock, and the functions that modules
// register for a fork only renew locks that are free and seeds that the runner sets.
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "server.h"

namespace {

using namespace assay::box;

constexpr std::uint64_t kCheckNs = 25'000'000;  // how often a running tree is measured

std::uint64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * kNsPerS + static_cast<std::uint64_t>(t.tv_nsec);
}

struct Watch {
  StartMessage limits;
  bool started = false;
  std::uint64_t started_ns = 0;
  EndedMessage report;
};

void kill_tree(const Server& server, Watch& watch, pid_t child, KilledFor why) {
  if (watch.report.killed_for != KilledFor::nothing) return;
  watch.report.killed_for = why;
  watch.report.run_delay_ns = run_delay_ns(server.shared->program_pid);  // process 1 can't say it
  kill(child, SIGKILL);
}

void check_limits(const Server& server, Watch& watch, pid_t child) {
  const std::uint64_t wall = now_ns() - watch.started_ns;
  if (wall >= watch.limits.wall_ns) return kill_tree(server, watch, child, KilledFor::wall);
  const Usage usage = measure_tree(server, child);
  if (usage.memory_bytes > watch.report.peak_memory_bytes) {
    watch.report.peak_memory_bytes = usage.memory_bytes;
  }
  if (usage.cpu_ns > watch.report.cpu_ns) watch.report.cpu_ns = usage.cpu_ns;
  if (usage.cpu_ns >= watch.limits.cpu_ns) return kill_tree(server, watch, child, KilledFor::cpu);
  if (usage.memory_bytes > watch.limits.memory_bytes)
    kill_tree(server, watch, child, KilledFor::memory);
}

void receive_control(const Server& server, Watch& watch, pid_t child) {
  StartMessage message;
  const ssize_t n = recv(kControlFd, &message, sizeof message, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) _exit(0);  // assay is gone
  if (n == sizeof(StartMessage) && message.kind == MessageKind::start) {
    watch.limits = message;
    watch.started = true;
    watch.started_ns = now_ns();
  } else if (n == sizeof(KillMessage) && message.kind == MessageKind::kill) {
    kill_tree(server, watch, child, KilledFor::asked);
  }
}

// Milliseconds until the tree is measured again. The pause is always short, because a program may
// use CPU time on several cores at once.
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
    if (ready > 0 && fds[1].revents != 0) receive_control(server, watch, child);
    if (ready > 0 && fds[0].revents != 0) return;
    if (ready == 0) check_limits(server, watch, child);
  }
}

void report_end(const Server& server, Watch& watch, pid_t child) {
  EndedMessage& report = watch.report;
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
  const Shared& shared = *server.shared;
  if (shared.ended != 0) report.wait_status = shared.wait_status;
  report.own_kill = shared.ended != 0 && shared.asked_for_kill != 0 ? 1 : 0;
  if (shared.ended != 0) report.run_delay_ns = shared.run_delay_ns;
  report.stage = shared.stage;
  report.setup_errno = shared.error;
  if (send(kControlFd, &report, sizeof report, MSG_NOSIGNAL) != sizeof report) _exit(0);
  if (report.stage != Stage::running) _exit(1);  // the zygote is broken; assay starts another
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
  GoMessage go;
  if (recv(kControlFd, &go, sizeof go, 0) != sizeof go) return -1;
  for (;;) {
    *server.shared = Shared{};
    int pidfd = -1;
    const pid_t child = clone_tree(server, &pidfd);
    if (child == 0) {
      become_program(server);
      return 0;
    }
    const int error = errno;
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

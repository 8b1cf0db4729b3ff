// Shared by the parts of box.so. Plain C-like code on system calls: it runs between clone and
// Python, and has no heap of its own.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>
#include <csignal>

#include <cstdint>

#include "protocol.h"

namespace assay::box {

constexpr std::uint64_t kNsPerS = 1'000'000'000;

// Process 1 is told by it that the filter is in place, and has its listener.
constexpr int kProgramRuns = SIGUSR1;

// A page of memory that the zygote, process 1 and the program share until the program's first line.
struct Shared {
  Stage stage = Stage::cloned;
  int error = 0;
  int copied = 0;          // the program has its copy of the zygote, or there will be none
  pid_t program_pid = 0;   // in the zygote's namespace
  int listener = -1;       // of the filter, in process 1; -1: there is none (yet)
  int asked_for_kill = 0;  // the tree made a call that may have ended it by SIGKILL
  int ended = 0;           // the program has, before process 1, and this is how:
  int wait_status = 0;
  std::uint64_t run_delay_ns = 0;
};

struct Server {
  Shared* shared = nullptr;
  sock_fprog filter{};
  void* tid_address = nullptr;
  std::uint64_t base_virtual_bytes = 0;
  std::uint64_t base_resident_bytes = 0;
  pid_t self = 0;
  std::uint64_t socket_bytes = 0;  // that the buffers of one socket can hold
  sigset_t signals{};              // blocked in the zygote
  void* program_starts[5]{};       // where a program goes on after its clone
  uid_t uid = 0;
  gid_t gid = 0;
};

// Of a whole process tree.
struct Usage {
  std::uint64_t cpu_ns = 0;
  std::uint64_t memory_bytes = 0;
};

// Once, before the first child: the filter, huge pages, what the interpreter itself takes.
[[nodiscard]] bool prepare_server(Server& server);
// Makes process 1 of new user and pid namespaces, and that the program; gives the zygote process
// 1's id and a descriptor of it, and 0 to the program. -1: errno says why.
[[nodiscard]] pid_t clone_tree(Server& server, int* pidfd);
// In a fresh child: namespaces' contents, job, limits and filter; returns when Python may go on.
void become_program(const Server& server);
// Everything below this sandbox's process 1 but the zygote; of `init`, which shares the zygote's
// memory, the CPU time alone.
[[nodiscard]] Usage measure_tree(const Server& server, pid_t init);
// How long a process was ready to run and had no core.
[[nodiscard]] std::uint64_t run_delay_ns(pid_t pid);
// Reads the beginning of a small file as text; -1 when it cannot be opened.
ssize_t read_small(const char* path, char* buffer, size_t size);

}  // namespace assay::box

// Shared by the parts of box.so. Plain C-like code on system calls: it runs between clone and
// Python, and has no heap of its own.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>

#include "protocol.h"

namespace assay::box {

constexpr std::uint64_t kNsPerS = 1'000'000'000;

// A page of memory that the zygote and its child share until the program's first line.
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
};

// Of a whole process tree.
struct Usage {
  std::uint64_t cpu_ns = 0;
  std::uint64_t memory_bytes = 0;
};

// Once, before the first child: the filter, huge pages, what the interpreter itself takes.
[[nodiscard]] bool prepare_server(Server& server);
// In a fresh child: namespaces' contents, job, limits and filter; returns when Python may go on.
void become_program(const Server& server);
// Everything below this sandbox's process 1 but the zygote.
[[nodiscard]] Usage measure_tree(const Server& server);
// How long a process was ready to run and had no core.
[[nodiscard]] std::uint64_t run_delay_ns(pid_t pid);
// Reads the beginning of a small file as text; -1 when it cannot be opened.
ssize_t read_small(const char* path, char* buffer, size_t size);

}  // namespace assay::box

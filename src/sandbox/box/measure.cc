// Measures what a running program and its children use, from the sandbox's own /proc.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "server.h"

namespace assay::box {

ssize_t read_small(const char* path, char* buffer, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t n = read(fd, buffer, size - 1);
  close(fd);
  buffer[n > 0 ? n : 0] = '\0';
  return n;
}

namespace {

// Adds one process to the sum. Memory it only shares with the zygote does not count.
void add_process(const Server& server, long pid, bool with_memory, Usage& sum) {
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
  if (!with_memory) return;
  const std::uint64_t resident = static_cast<std::uint64_t>(resident_pages) * page_bytes;
  if (resident > server.base_resident_bytes) {
    sum.memory_bytes += resident - server.base_resident_bytes;
  }
}

// Sockets of the sandbox's network namespace, in which the program alone makes any. No process's
// memory has what their buffers hold.
std::uint64_t sockets_in_use() {
  char text[256];
  if (read_small("/proc/net/sockstat", text, sizeof text) <= 0) return 0;
  unsigned long count = 0;
  return sscanf(text, "sockets: used %lu", &count) == 1 ? count : 0;
}

}  // namespace

// Everything in the sandbox's pid namespace but its process 1 and the zygote is the program's.
Usage measure_tree(const Server& server, pid_t init) {
  Usage sum;
  sum.memory_bytes = sockets_in_use() * server.socket_bytes;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return sum;
  while (const dirent* entry = readdir(folder)) {
    const long pid = strtol(entry->d_name, nullptr, 10);
    if (pid > 1 && pid != server.self) add_process(server, pid, pid != init, sum);
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

}  // namespace assay::box

// Prepares a zygote, once, after its interpreter is warm.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>

#include "server.h"

namespace assay::box {
namespace {

constexpr int kMaxFilter = 4096;

sock_filter filter_code[kMaxFilter];

// With raw clone glibc does not learn the child's thread id by itself; recursive locks need it.
// Without this (a kernel built without checkpoint support) only a program whose threads share such
// a lock with the interpreter's main thread would notice.
void* find_tid_address() {
  int* address = nullptr;
  if (prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) != 0) return nullptr;
  return address;
}

bool load_filter(Server& server) {
  const ssize_t bytes = pread(kFilterFd, filter_code, sizeof filter_code, 0);
  close(kFilterFd);
  if (bytes <= 0 || bytes % static_cast<ssize_t>(sizeof(sock_filter)) != 0) return false;
  server.filter.len =
      static_cast<unsigned short>(bytes / static_cast<ssize_t>(sizeof(sock_filter)));
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
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address as the kernel prints it
    void* memory = reinterpret_cast<void*>(begin);
    madvise(memory, end - begin, MADV_HUGEPAGE);
    madvise(memory, end - begin, MADV_COLLAPSE);
  }
  fclose(maps);
}

// The most that one local socket can hold, whose buffer's size the filter keeps: a sender that is
// below its limit may put one more message in, of up to half of it. 0 where there are no sockets.
std::uint64_t most_in_a_socket() {
  const int one = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (one < 0) return 0;
  int limit = 0;
  socklen_t size = sizeof limit;
  const bool known = getsockopt(one, SOL_SOCKET, SO_SNDBUF, &limit, &size) == 0;
  close(one);
  return known && limit > 0 ? static_cast<std::uint64_t>(limit) * 3 / 2 : 0;
}

}  // namespace

bool prepare_server(Server& server) {
  if (!load_filter(server)) return false;
  use_huge_pages();
  void* memory =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  server.shared = static_cast<Shared*>(memory);
  server.tid_address = find_tid_address();
  server.socket_bytes = most_in_a_socket();
  server.self = getpid();
  server.uid = getuid();
  server.gid = getgid();
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
  return true;
}

}  // namespace assay::box

// Loaded before the C library (LD_PRELOAD), notes what a process does to a store's files, so that
// tests/crash can tell what a disk may hold after the power failed: what was synced, and of the rest
// any part. The calls themselves are passed on.
//
// UNSYNCED_LOG names the file for the notes. Each is a struct Note, little-endian, and `length` bytes
// after it. A write, a truncation and a removal are noted before they happen, a sync after it.
// UNSYNCED_CHECKPOINT=N has SQLite copy its log into the store every N pages, in place of 1000.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct Note {
  char kind;  // W write, T truncation to `offset`, S sync, U removal, D sync of the folder
  char file;  // s store.sqlite, w its -wal, j its -journal, f the folder
  uint16_t zero;
  uint32_t length;
  uint64_t offset;
};

static char file_of_path(const char* path) {
  const char* name = strrchr(path, '/');
  name = name ? name + 1 : path;
  if (strcmp(name, "store.sqlite") == 0) return 's';
  if (strcmp(name, "store.sqlite-wal") == 0) return 'w';
  if (strcmp(name, "store.sqlite-journal") == 0) return 'j';
  return 0;
}

static char file_of(int fd) {
  char link[64], path[PATH_MAX + 1];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, PATH_MAX);
  if (n <= 0) return 0;
  path[n] = 0;
  const char known = file_of_path(path);
  struct stat info;
  if (!known && fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) return 'f';
  return known;
}

// A note that cannot be written would make every later finding wrong.
static void note(char kind, char file, uint64_t offset, const void* data, size_t length) {
  const int before = errno;
  const char* log = getenv("UNSYNCED_LOG");
  if (!log) return;
  static int fd = -1;
  if (fd < 0) fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const struct Note head = {kind, file, 0, (uint32_t)length, offset};
  const struct iovec parts[2] = {{(void*)&head, sizeof head}, {(void*)data, length}};
  if (writev(fd, parts, 2) != (ssize_t)(sizeof head + length)) abort();
  errno = before;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static ssize_t write_at(ssize_t (*next)(int, const void*, size_t, off64_t), int fd,
                        const void* data, size_t length, off64_t offset) {
  const char file = file_of(fd);
  if (file && file != 'f') note('W', file, (uint64_t)offset, data, length);
  return next(fd, data, length, offset);
}

ssize_t pwrite64(int fd, const void* data, size_t length, off64_t offset) {
  return write_at(NEXT(pwrite64), fd, data, length, offset);
}

ssize_t pwrite(int fd, const void* data, size_t length, off_t offset) {
  return write_at(NEXT(pwrite), fd, data, length, offset);
}

// SQLite has other ways to write; none of them may go by unseen.
ssize_t write(int fd, const void* data, size_t length) {
  if (fd > 2) {
    const char file = file_of(fd);
    if (file && file != 'f') abort();
  }
  return NEXT(write)(fd, data, length);
}

int ftruncate64(int fd, off64_t length) {
  const char file = file_of(fd);
  if (file && file != 'f') note('T', file, (uint64_t)length, "", 0);
  return NEXT(ftruncate64)(fd, length);
}

int ftruncate(int fd, off_t length) {
  return ftruncate64(fd, length);
}

static int synced(int fd, int result) {
  const char file = result == 0 ? file_of(fd) : 0;
  if (file) note(file == 'f' ? 'D' : 'S', file, 0, "", 0);
  return result;
}

int fsync(int fd) {
  return synced(fd, NEXT(fsync)(fd));
}

int fdatasync(int fd) {
  return synced(fd, NEXT(fdatasync)(fd));
}

int unlink(const char* path) {
  const char file = file_of_path(path);
  if (file && access(path, F_OK) == 0) note('U', file, 0, "", 0);
  return NEXT(unlink)(path);
}

int sqlite3_open_v2(const char* name, void** database, int flags, const char* vfs) {
  int (*next)(const char*, void**, int, const char*) = dlsym(RTLD_NEXT, "sqlite3_open_v2");
  int (*every)(void*, int) = dlsym(RTLD_NEXT, "sqlite3_wal_autocheckpoint");
  const int result = next(name, database, flags, vfs);
  const char* pages = getenv("UNSYNCED_CHECKPOINT");
  if (result == 0 && every && pages) every(*database, atoi(pages));
  return result;
}

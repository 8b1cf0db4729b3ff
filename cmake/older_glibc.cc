// What g++ 12's libraries and ours take from glibc 2.29 to 2.36, for a program that is linked with
// an older one (tools/portable) and is to run with 2.28. Only what is missing there: all else comes
// from the C library of the machine it runs on. Compiled with -fno-builtin.
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

struct Search {
  std::uintptr_t pc;
  dl_find_object* result;
};

// 1 ends the iteration: the object holds `pc` and says how to unwind.
int take_if_it_holds(dl_phdr_info* info, std::size_t /*size*/, void* data) {
  const auto& search = *static_cast<Search*>(data);
  const ElfW(Phdr)* unwinding = nullptr;
  std::uintptr_t begin = UINTPTR_MAX;
  std::uintptr_t end = 0;
  bool holds = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    const std::uintptr_t from = info->dlpi_addr + part.p_vaddr;
    const std::uintptr_t to = from + part.p_memsz;
    if (part.p_type == PT_GNU_EH_FRAME) unwinding = &part;
    if (part.p_type != PT_LOAD) continue;
    begin = from < begin ? from : begin;
    end = to > end ? to : end;
    holds = holds || (from <= search.pc && search.pc < to);
  }
  if (!holds || unwinding == nullptr) return 0;
  *search.result = {};
  search.result->dlfo_map_start = reinterpret_cast<void*>(begin);
  search.result->dlfo_map_end = reinterpret_cast<void*>(end);
  search.result->dlfo_eh_frame = reinterpret_cast<void*>(info->dlpi_addr + unwinding->p_vaddr);
  return 1;
}

// What is left of `until`, as a time of the clock that a condition variable goes by.
timespec on_wall_clock(clockid_t clock, const timespec& until) {
  constexpr long kNanoseconds = 1'000'000'000;
  timespec now{};
  timespec wall{};
  clock_gettime(clock, &now);
  clock_gettime(CLOCK_REALTIME, &wall);
  timespec out{wall.tv_sec + until.tv_sec - now.tv_sec, wall.tv_nsec + until.tv_nsec - now.tv_nsec};
  if (out.tv_nsec < 0) {
    --out.tv_sec;
    out.tv_nsec += kNanoseconds;
  }
  if (out.tv_nsec >= kNanoseconds) {
    ++out.tv_sec;
    out.tv_nsec -= kNanoseconds;
  }
  return out;
}

}  // namespace

extern "C" {

#ifdef __x86_64__
// 2.29 has them without the old way of telling errors; the figures are the same.
double exp_of_2_2_5(double x);
double exp2_of_2_2_5(double x);
double log_of_2_2_5(double x);
double pow_of_2_2_5(double x, double y);
__asm__(".symver exp_of_2_2_5, exp@GLIBC_2.2.5");
__asm__(".symver exp2_of_2_2_5, exp2@GLIBC_2.2.5");
__asm__(".symver log_of_2_2_5, log@GLIBC_2.2.5");
__asm__(".symver pow_of_2_2_5, pow@GLIBC_2.2.5");
double exp(double x) noexcept {
  return exp_of_2_2_5(x);
}
double exp2(double x) noexcept {
  return exp2_of_2_2_5(x);
}
double log(double x) noexcept {
  return log_of_2_2_5(x);
}
double pow(double x, double y) noexcept {
  return pow_of_2_2_5(x, y);
}
#endif

// 2.30. By it libstdc++ waits on the steady clock; where there is none, as it did before.
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
  using Wait = int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
  static const Wait real = reinterpret_cast<Wait>(dlsym(RTLD_DEFAULT, "pthread_cond_clockwait"));
  if (real != nullptr) return real(condition, mutex, clock, until);
  const timespec wall = on_wall_clock(clock, *until);
  return pthread_cond_timedwait(condition, mutex, &wall);
}

// 2.32. libstdc++ leaves out atomics while it is true; false is always right.
char __libc_single_threaded = 0;

// 2.32. Names of Linux's standard signals by their numbers, on x86-64 and ARM alike.
const char* sigabbrev_np(int number) noexcept {
  static const char* const kNames[] = {
      nullptr, "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
      "SEGV",  "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
      "TTOU",  "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "POLL", "PWR",  "SYS"};
  const bool known = number > 0 && number < static_cast<int>(sizeof kNames / sizeof *kNames);
  return known ? kNames[number] : nullptr;
}

// 2.35. By it libgcc finds an exception's frames.
int _dl_find_object(void* pc, dl_find_object* result) noexcept {
  Search search{reinterpret_cast<std::uintptr_t>(pc), result};
  return dl_iterate_phdr(take_if_it_holds, &search) == 1 ? 0 : -1;
}

// 2.36. The kernel's random bytes, as that one's; it, too, ends the process where there are none.
void arc4random_buf(void* to, std::size_t size) noexcept {
  auto* at = static_cast<unsigned char*>(to);
  while (size > 0) {
    const ssize_t got = getrandom(at, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) std::abort();
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

std::uint32_t arc4random() noexcept {
  std::uint32_t value = 0;
  arc4random_buf(&value, sizeof value);
  return value;
}

}  // extern "C"

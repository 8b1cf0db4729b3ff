#include "sandbox/seccomp_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <vector>

#ifdef __x86_64__

namespace assay {
namespace {

constexpr std::uint32_t kKill = SECCOMP_RET_KILL_PROCESS;
constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | ENOSYS;

// Runs the filter as the kernel would; it consists of five kinds of instructions
// (Documentation/networking/filter.rst).
std::uint32_t judge(const seccomp_data& data) {
  static const std::string bytes = make_seccomp_filter().value();
  std::vector<sock_filter> code(bytes.size() / sizeof(sock_filter));
  std::memcpy(code.data(), bytes.data(), bytes.size());
  std::uint32_t word = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const sock_filter& now = code[at];
    const auto go = [&](bool yes) { at += yes ? now.jt : now.jf; };
    switch (now.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&word, reinterpret_cast<const char*>(&data) + now.k, sizeof word);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        go(word == now.k);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        go(word >= now.k);
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        go((word & now.k) != 0);
        break;
      case BPF_RET | BPF_K:
        return now.k;
      default:
        ADD_FAILURE() << "an instruction that was not expected: " << now.code;
        return 0;
    }
  }
  ADD_FAILURE() << "no answer";
  return 0;
}

std::uint32_t judge(long number, std::uint64_t first = 0, std::uint64_t second = 0,
                    std::uint64_t third = 0) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = AUDIT_ARCH_X86_64;
  data.args[0] = first;
  data.args[1] = second;
  data.args[2] = third;
  return judge(data);
}

TEST(SeccompFilter, CallsHaveThreeFates) {
  for (const long number : {SYS_read, SYS_mmap, SYS_exit_group, SYS_execve, SYS_openat, SYS_futex,
                            SYS_getrandom, SYS_pidfd_open}) {
    EXPECT_EQ(judge(number), SECCOMP_RET_ALLOW) << number;
  }
  for (const long number :
       {SYS_ptrace, SYS_mount, SYS_unshare, SYS_setns, SYS_bpf, SYS_keyctl, SYS_io_uring_setup,
        SYS_perf_event_open, SYS_process_vm_writev, SYS_chroot, SYS_reboot, SYS_userfaultfd}) {
    EXPECT_EQ(judge(number), kKill) << number;
  }
  for (const long number :
       {static_cast<long>(SYS_clone3), static_cast<long>(SYS_memfd_create),
        static_cast<long>(SYS_shmget), static_cast<long>(SYS_msgget), 5000L, 0x3fffffffL}) {
    EXPECT_EQ(judge(number), kAbsent) << number;
  }
}

TEST(SeccompFilter, ArgumentsDecide) {
  EXPECT_EQ(judge(SYS_clone, CLONE_VM | CLONE_THREAD), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(SYS_clone, CLONE_NEWUSER), kKill);
  EXPECT_EQ(judge(SYS_clone, CLONE_VM | CLONE_NEWNET), kKill);
  EXPECT_EQ(judge(SYS_socket, AF_UNIX), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(SYS_socket, AF_INET), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
  EXPECT_EQ(judge(SYS_ioctl, 0, TCGETS), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(SYS_ioctl, 0, TIOCSTI), kAbsent);
  // The kernel reads 32 bits, so set bits above them must not hide the call (CVE-2019-10063).
  EXPECT_EQ(judge(SYS_ioctl, 0, TIOCSTI | (1UL << 32)), kAbsent);
  EXPECT_EQ(judge(SYS_personality, 0xffffffff), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(SYS_personality, 0), kAbsent);
}

// Process 1 hears of them and lets them go on.
TEST(SeccompFilter, WhatMayEndInASigkillIsNoted) {
  constexpr std::uint32_t kNoted = SECCOMP_RET_USER_NOTIF;
  for (const long number : {SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_pidfd_send_signal}) {
    EXPECT_EQ(judge(number, 2, SIGKILL), kNoted) << number;
    EXPECT_EQ(judge(number, SIGKILL, SIGTERM), SECCOMP_RET_ALLOW) << number;
  }
  for (const long number : {SYS_tgkill, SYS_rt_tgsigqueueinfo}) {
    EXPECT_EQ(judge(number, 2, 2, SIGKILL), kNoted) << number;
    EXPECT_EQ(judge(number, SIGKILL, SIGKILL, SIGINT), SECCOMP_RET_ALLOW) << number;
  }
  EXPECT_EQ(judge(SYS_timer_create), kNoted);
  EXPECT_EQ(judge(SYS_fcntl, 3, F_SETSIG), kNoted);
  EXPECT_EQ(judge(SYS_fcntl, 3, F_GETFL), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(SYS_setrlimit, RLIMIT_CPU), kNoted);
  EXPECT_EQ(judge(SYS_setrlimit, RLIMIT_NOFILE), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(SYS_prlimit64, 0, RLIMIT_CPU), kNoted);
  EXPECT_EQ(judge(SYS_prlimit64, 0, RLIMIT_AS), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(SYS_prlimit64, 1, RLIMIT_AS), kKill);  // of process 1
}

TEST(SeccompFilter, ASocketsBufferKeepsItsSize) {
  EXPECT_EQ(judge(SYS_setsockopt, 3, SOL_SOCKET, SO_SNDBUF), SECCOMP_RET_ERRNO);  // and no error
  EXPECT_EQ(judge(SYS_setsockopt, 3, SOL_SOCKET, SO_PASSCRED), SECCOMP_RET_ALLOW);
  EXPECT_EQ(judge(SYS_setsockopt, SO_SNDBUF, SO_SNDBUF, SO_RCVTIMEO), SECCOMP_RET_ALLOW);
}

TEST(SeccompFilter, OtherCallTablesAreDeadly) {
  EXPECT_EQ(judge(0x40000000L | SYS_read), kKill);  // x32
  seccomp_data data{};
  data.nr = SYS_read;
  data.arch = AUDIT_ARCH_I386;
  EXPECT_EQ(judge(data), kKill);
}

}  // namespace
}  // namespace assay

#endif

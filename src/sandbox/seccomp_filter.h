// The system calls a graded program may make.
#pragma once

#include <string>

#include "base/result.h"

namespace assay {

// The filter as the bytes of an array of sock_filter, for the machine this runs on. Three classes:
// - allowed: what Python, numpy and ordinary programs use;
// - ends the process (SIGSYS, verdict forbidden_call): calls no graded program has a reason for,
//   each a way out or a way at the kernel (ptrace, mount, unshare, bpf, keyctl, io_uring...);
// - everything else answers ENOSYS, as an older kernel would, and sockets other than AF_UNIX
//   EAFNOSUPPORT, so that libraries fall back.
// Every program loads it once, so it is kept short: a binary search over ranges of call numbers
// (libseccomp, which knows the numbers, writes a comparison for each call).
[[nodiscard]] Result<std::string> make_seccomp_filter();

}  // namespace assay

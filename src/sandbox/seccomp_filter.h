// The system calls a graded program may make.
#pragma once

#include <string>

#include "base/result.h"

namespace assay {

// The filter as the bytes of an array of sock_filter, for the machine this runs on. Three classes:
// - allowed: what Python, numpy and ordinary programs use;
// - ends the process (SIGSYS, verdict forbidden_call): calls that no graded program needs and that
//   could help it to escape or to attack the kernel (ptrace, mount, unshare, bpf, keyctl,
//   io_uring...);
// - refused: all other calls fail with ENOSYS, as on an older kernel, and sockets other than local
//   ones with EAFNOSUPPORT, so that libraries fall back.
// Every program loads the filter before it starts, so it is kept short: a binary search over ranges
// of call numbers, 131 instructions. libseccomp resolves the names; its own filter for the same
// rules (SCMP_FLTATR_CTL_OPTIMIZE 2, a binary tree over single calls) gives the same verdicts, but
// has 621 instructions and takes 0.12 ms longer to load (docs/sandbox.md).
[[nodiscard]] Result<std::string> make_seccomp_filter();

}  // namespace assay

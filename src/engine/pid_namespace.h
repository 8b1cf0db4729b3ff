// A PID namespace for the worker's tree, where the system allows one.
#pragma once

#include <functional>
#include <optional>

namespace assay {

// Runs `inside` as the first process of a new PID namespace that sees a /proc of its own, and waits
// for it. When it ends, or this process does, the kernel ends everything in the namespace at once.
// SIGTERM and SIGINT are passed on to it. Gives its wait status, or nothing when the system does
// not allow it (no CAP_SYS_ADMIN, as a rule): nothing has run then. For programs of one thread.
// After `inside` has begun all descriptors from 3 on are closed here.
[[nodiscard]] std::optional<int> run_in_pid_namespace(const std::function<int()>& inside);

}  // namespace assay

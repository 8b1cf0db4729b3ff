// The guardian: a small process between assay and the worker that ends the worker's whole tree when
// assay is gone, however it went (docs/guardian.md).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// main() of a program that can be the guardian calls guardian_main when argv[1] is this.
inline constexpr std::string_view kGuardianArgument = "__guardian";

// "off" in the environment: no PID namespace, only the subreaper and the token. For systems where a
// namespace is allowed but something in the engine does not bear it.
inline constexpr std::string_view kNamespaceVariable = "ASSAY_PID_NAMESPACE";

struct GuardianOptions {
  int alive_fd = -1;      // assay alone holds the other end; its end of file means assay is gone
  int worker_in_fd = -1;  // become 3 and 4 in the worker
  int worker_out_fd = -1;
  int parent_pid = 0;                    // assay; 0: not watched
  std::chrono::milliseconds grace{500};  // between SIGTERM and SIGKILL
  std::vector<std::string> command;      // the worker
};

// The worker's own numbers for its two pipes.
inline constexpr int kWorkerInFd = 3;
inline constexpr int kWorkerOutFd = 4;

[[nodiscard]] std::vector<std::string> to_arguments(const GuardianOptions& options);

// `<program> __guardian <arguments of to_arguments>`. Returns when nothing of the tree is left:
// the worker's exit code, 128 + signal when a signal ended it, kGuardianFailed when the guardian
// itself could not start it.
[[nodiscard]] int guardian_main(int argc, char** argv);

inline constexpr int kGuardianFailed = 125;

}  // namespace assay

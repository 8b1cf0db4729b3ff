// Which processes belong to a run, and ending them. Linux /proc; needs no privilege for processes
// of one's own user.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace assay {

// In the environment of the guardian, the worker and everything below it. The value is the run's
// token, a dot, and what tells this engine from others of the run.
inline constexpr std::string_view kRunTokenVariable = "ASSAY_RUN_TOKEN";

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';               // as in /proc/PID/stat; 'Z' is a zombie
  std::uint64_t start_ticks = 0;  // with the pid it names a process for good
};

// All processes this one can see; some may be gone by the time it returns.
[[nodiscard]] std::vector<ProcessInfo> list_processes();

// Children, their children and so on; zombies too.
[[nodiscard]] std::vector<ProcessInfo> descendants_of(pid_t root,
                                                      const std::vector<ProcessInfo>& all);

// Those of `all` whose environment holds the token, or the token, a dot and more; never this
// process, never a zombie.
[[nodiscard]] std::vector<ProcessInfo> with_run_token(std::string_view token,
                                                      const std::vector<ProcessInfo>& all);

// Sends the signal unless the process is gone or its number has gone to another one.
void signal_process(const ProcessInfo& process, int signal_number);

// The words of /proc/PID/cmdline with blanks between; empty when the process is gone.
[[nodiscard]] std::string command_line_of(pid_t pid);

// Readable once the process has ended; invalid when there is no such process or the kernel is older
// than 5.3.
[[nodiscard]] UniqueFd open_pidfd(pid_t pid);

// --- leftovers of a dead run ---

// Living processes of the run, this one and its ancestors left out.
[[nodiscard]] std::vector<pid_t> find_processes_of_run(std::string_view token);

// SIGKILL to all of them and what is below them, again and again until none is left. Gives how many
// processes there were; an environment error when some still live after `timeout` (as a process
// does that hangs in a driver). Call it before an engine loads.
[[nodiscard]] Result<int> kill_leftovers(std::string_view token, std::chrono::milliseconds timeout);

}  // namespace assay

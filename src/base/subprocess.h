// Child processes without a shell. Descriptors are close-on-exec everywhere.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace assay {

[[nodiscard]] Result<Pipe> make_pipe();  // both ends close-on-exec

struct SpawnOptions {
  std::vector<std::string> argv;              // argv[0] is looked up in PATH when it has no slash
  std::map<std::string, std::string> env;     // added to (or replacing) our own environment
  bool clear_env = false;                     // start from an empty environment
  std::string working_dir;                    // empty: ours
  int stdin_fd = -1;                          // -1: /dev/null
  int stdout_fd = -1;                         // -1: inherited
  int stderr_fd = -1;                         // -1: inherited
  std::vector<std::pair<int, int>> keep_fds;  // (ours, number in the child)
  bool new_session = false;                   // setsid in the child
  bool die_with_parent = false;               // PR_SET_PDEATHSIG SIGKILL
};

// A started child. Destroying a running child kills (SIGKILL) and reaps it.
class Child {
 public:
  Child() = default;
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running() const { return pid_ > 0; }
  // The raw wait status once the child has ended, nothing while it runs.
  [[nodiscard]] std::optional<int> try_wait();
  int wait();
  void kill(int signal_number) const;

 private:
  pid_t pid_ = -1;
};

[[nodiscard]] Result<Child> spawn(const SpawnOptions& options);

struct CommandResult {
  int exit_code = 0;  // 128 + signal when killed by one
  std::string out;
  std::string err;
  bool timed_out = false;  // killed because `until` was over
};

// All that a command has written to its standard output so far; called when more has come.
using OnOutput = std::function<void(std::string_view so_far)>;

// Runs a trusted command to its end; output of each stream is cut at max_output_bytes. It is killed
// when `until` is over, and by the kernel when we end, SIGKILL included. Error (interrupted): the
// signal's flag in `until` was set.
[[nodiscard]] Result<CommandResult> run_command(SpawnOptions options, std::string_view input,
                                                const Deadline& until,
                                                std::size_t max_output_bytes = 64UL << 20,
                                                const OnOutput& on_output = nullptr);
// The same with a limit alone.
[[nodiscard]] Result<CommandResult> run_command(SpawnOptions options, std::string_view input,
                                                std::chrono::milliseconds timeout,
                                                std::size_t max_output_bytes = 64UL << 20);

}  // namespace assay

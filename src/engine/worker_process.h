// The worker's process below its guardian: pipes, log file, end. Knows nothing of frames' meaning.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"

namespace assay {

struct WorkerOptions {
  std::vector<std::string> command;  // {python, "-m", "assay_worker"}; the descriptors are added
  std::map<std::string, std::string> env;  // added to our own environment
  std::filesystem::path log_file;          // gets everything the engine prints; appended to
  std::string run_token;                   // names the run for kill_leftovers; empty: a random one
  std::chrono::milliseconds silence_limit{60'000};  // no byte for so long: taken for dead
  std::chrono::milliseconds hang_limit{600'000};    // no step for so long while requests wait: dead
  std::chrono::milliseconds hello_timeout{60'000};
  std::chrono::milliseconds call_timeout{300'000};  // open, render
  std::chrono::milliseconds stats_timeout{3'000};
  // Greeting, open, render and load end by it, whatever their own limits; once its flag is set (a
  // signal handler's doing), with ErrorKind::interrupted within a second, as stats does.
  Deadline until;
  // Called about once a second while one of these waits.
  std::function<void()> while_waiting;
  bool will_load = false;  // load() follows open(): the worker may import its engine meanwhile
  // Called with the engine's own lines while load() blocks. Without it they become Progressed
  // events.
  std::function<void(std::string_view)> on_progress;
  // The program that is the guardian, with its first argument.
  std::vector<std::string> guardian = {"/proc/self/exe", "__guardian"};
  std::chrono::milliseconds kill_grace{500};  // between SIGTERM and SIGKILL when it has to end
};

class WorkerProcess {
 public:
  [[nodiscard]] static Result<WorkerProcess> start(const WorkerOptions& options);
  WorkerProcess(WorkerProcess&&) noexcept = default;
  WorkerProcess& operator=(WorkerProcess&&) noexcept = default;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess();  // as end() with five seconds

  [[nodiscard]] int write_fd() const { return to_worker_.get(); }   // non-blocking
  [[nodiscard]] int read_fd() const { return from_worker_.get(); }  // non-blocking
  // Becomes readable when the guardian has ended, so when nothing is left below it; -1 on kernels
  // before 5.3.
  [[nodiscard]] int ended_fd() const { return ended_.get(); }
  [[nodiscard]] pid_t guardian_pid() const { return guardian_.pid(); }
  // The run's token and this engine's own part of it.
  [[nodiscard]] const std::string& token() const { return token_; }

  // True once the guardian has ended.
  [[nodiscard]] bool has_ended();
  // Waits for the guardian to end by itself.
  bool wait_ended(std::chrono::milliseconds timeout);
  // Tells the guardian to end the tree, waits at most `timeout`, then kills guardian and tree.
  void end(std::chrono::milliseconds timeout);

  // "exit code 3", "killed by signal 9 (Killed)", "still running".
  [[nodiscard]] std::string how_it_ended() const;
  // The last lines that are not blank of what this process printed, as one line.
  [[nodiscard]] std::string log_tail() const;
  [[nodiscard]] const std::filesystem::path& log_file() const { return log_file_; }

 private:
  WorkerProcess() = default;

  Child guardian_;
  UniqueFd alive_;  // its close is the guardian's word to end
  UniqueFd to_worker_;
  UniqueFd from_worker_;
  UniqueFd ended_;
  std::optional<int> status_;  // the guardian's wait status
  bool started_ = false;       // and end() has not yet made sure that nothing is left
  std::string token_;
  std::filesystem::path log_file_;
  std::uintmax_t log_start_ = 0;  // size of the log before this process
};

}  // namespace assay

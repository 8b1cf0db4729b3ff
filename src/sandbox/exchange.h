// The communication with one running test: reads its output and frames, within limits, until the
// zygote reports that the test and everything it started are gone.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "sandbox/cpu_account.h"
#include "sandbox/runner.h"

namespace assay {

class Exchange {
 public:
  [[nodiscard]] static Result<Exchange> make(const TestJob& job);

  // The descriptors that become 0, 1, 2, kResultFd and kSourceFd in the child.
  [[nodiscard]] std::array<int, box::kJobFdCount> their_fds() const;
  // After the descriptors were sent. `control` is the runner's control socket; `cpu` (may be
  // nullptr) counts what the test uses from now on.
  [[nodiscard]] Outcome run(int control, const CpuAccount* cpu);

 private:
  explicit Exchange(const TestJob& job) : job_(&job) {}
  void poll_once(int control, int timeout_ms);
  void read_control(int control);
  // Reads what is there, at most a few buffers; closes the descriptor at its end.
  void drain(UniqueFd& fd, std::string* keep);
  void drain_all();
  void overflow(int control);
  void kill_program(int control);
  void check_cpu(int control);
  void take_frames(bool reply);
  void send_test();

  const TestJob* job_;
  UniqueFd input_;  // the program's standard input
  UniqueFd test_;   // a script's test text, nonce first
  Pipe out_;
  Pipe err_;
  UniqueFd result_;
  UniqueFd their_result_;
  std::string frame_bytes_;
  std::uint64_t total_bytes_ = 0;
  bool ended_ = false;
  bool asked_to_kill_ = false;
  const CpuAccount* cpu_ = nullptr;
  std::uint64_t cpu_before_ns_ = 0;
  std::string nonce_;
  Outcome outcome_;
};

}  // namespace assay

// One bubblewrap with one zygote in it, which runs one test after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/subprocess.h"
#include "sandbox/box/protocol.h"
#include "sandbox/launch.h"
#include "sandbox/memory_cgroup.h"
#include "values/program.h"

namespace assay {

struct RunnerSpec {
  std::string bwrap;
  Interpreter interpreter;
  ZygoteKind kind;
  std::string filter;  // seccomp program
  bool as_root = false;
  bool use_cgroup = true;
  int index = 0;
};

struct TestJob {
  int source_fd = -1;      // sealed job description (see runner.py); shared by a program's tests
  std::string_view input;  // on standard input; for a script the test text, sent later
  TestKind kind = TestKind::stdin_stdout;
  ProgramLimits limits;
};

struct Frame {
  box::FrameKind kind;
  std::string payload;
};

// What happened, not yet judged.
struct Outcome {
  std::string fault;  // not empty: the sandbox failed, nothing below counts
  box::EndedMessage ended;
  std::string output;            // standard output, at most limits.output_bytes
  bool output_overflow = false;  // of standard output, standard error and frames together
  std::uint64_t oom_kills = 0;
  std::vector<Frame> frames;
  bool bad_frames = false;  // something else than frames was written to the result socket
  std::string nonce;        // sent with a script's test text; empty when it was never asked for
};

class Runner {
 public:
  // Starts and waits until the interpreter is warm. Environment errors name what is missing.
  // Call it from a thread that outlives the runner: bubblewrap dies with the thread that started
  // it.
  [[nodiscard]] static Result<std::unique_ptr<Runner>> start(const RunnerSpec& spec);

  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner();  // ends the zygote and waits until it and everything below it are gone

  // One test. After an Outcome with a fault the runner must be thrown away.
  [[nodiscard]] Outcome run(const TestJob& job);

  [[nodiscard]] const ZygoteKind& kind() const { return kind_; }
  // Process id of the zygote as seen by us; for tests.
  [[nodiscard]] pid_t zygote_pid() const { return zygote_pid_; }

 private:
  Runner() = default;
  [[nodiscard]] Status wait_ready(const std::string& what, int log_fd);

  ZygoteKind kind_;
  std::optional<MemoryCgroup> cgroup_;  // outlives the child: it can be removed only when empty
  Child bwrap_;
  UniqueFd control_;
  UniqueFd jobs_;
  pid_t zygote_pid_ = -1;
};

}  // namespace assay

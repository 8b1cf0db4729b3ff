// One bubblewrap with one zygote in it, which runs one test after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "base/subprocess.h"
#include "sandbox/box/protocol.h"
#include "sandbox/cpu_account.h"
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
  bool need_cgroup = false;
  int index = 0;
};

struct TestJob {
  int source_fd = -1;      // sealed job description (see runner.py); shared by a program's tests
  std::string_view input;  // on standard input; for a script the test text, sent later
  TestKind kind = TestKind::stdin_stdout;
  ProgramLimits limits;
  Deadline until{};  // nobody waits for it any longer: it ends in a fault
};

struct Frame {
  box::FrameKind kind;
  std::string payload;
};

// What happened in one test; judge() turns it into a verdict.
struct Outcome {
  std::string fault;          // not empty: the sandbox failed, nothing below counts
  bool setup_failed = false;  // the fault is that a child could not be isolated
  bool own_kill = false;      // the fault is a SIGKILL, which may be the program's own doing
  box::EndedMessage ended;
  std::string output;            // standard output, at most limits.output_bytes
  bool output_overflow = false;  // of standard output, standard error and frames together
  std::uint64_t oom_kills = 0;
  bool cpu_exceeded = false;  // by the account of all its processes
  std::vector<Frame> frames;
  bool bad_frames = false;  // something else than frames was written to the result socket
  std::string nonce;        // sent with a script's test text; empty when it was never asked for
};

class Runner {
 public:
  // Starts bubblewrap, below a keeper (keeper.h).
  [[nodiscard]] static Result<std::unique_ptr<Runner>> start(const RunnerSpec& spec);

  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  ~Runner();  // ends the zygote and waits until it and everything below it are gone

  // Waits until the interpreter is warm; once, before the first run(). What keeps it from starting
  // is an environment error in its own words.
  [[nodiscard]] Status wait_ready(const Deadline& until);
  // Tells the zygote to end, without waiting for it.
  void let_end();
  // One test. After an Outcome with a fault the runner must be thrown away.
  [[nodiscard]] Outcome run(const TestJob& job);

  [[nodiscard]] const ZygoteKind& kind() const { return kind_; }

 private:
  Runner() = default;

  ZygoteKind kind_;
  bool need_cgroup_ = false;
  std::optional<MemoryCgroup> cgroup_;  // outlives the child: it can be removed only when empty
  std::uint64_t oom_kills_ = 0;         // counted at the end of the last program
  std::optional<CpuAccount> cpu_;       // as cgroup_
  Child bwrap_;
  UniqueFd control_;
  UniqueFd jobs_;
  UniqueFd log_;  // what bubblewrap and the zygote wrote until they were ready
};

}  // namespace assay

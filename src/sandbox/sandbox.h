// Runs untrusted Python programs and says what became of them. The threat model, the mechanism and
// what is not promised: docs/sandbox.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "values/program.h"

namespace assay {

struct SandboxOptions {
  std::string python;       // interpreter for graded programs, e.g. .venv-grade/bin/python3
  int runners = 1;          // programs at the same time
  bool use_cgroups = true;  // false: as on a machine where none can be written
  // A memory cgroup that cannot be made is an error; else the sum of memory is measured instead.
  bool need_cgroup = false;
};

// Thread-safe: any number of threads may call run(); at most `runners` programs run at a time, each
// in a sandbox of its own. Everything started dies with the object, or with the process.
class Sandbox {
 public:
  // Finds bubblewrap, probes the interpreter and builds the system-call filter; starts no sandbox
  // yet. What is missing is an environment error that names its fix.
  [[nodiscard]] static Result<Sandbox> create(const SandboxOptions& options);

  Sandbox(Sandbox&&) noexcept;
  Sandbox& operator=(Sandbox&&) noexcept;
  ~Sandbox();

  // Runs the tests in order, up to the first that does not pass unless run_all_tests is set.
  // A sandbox fault is retried once in a fresh sandbox. A time limit reached while the program had
  // to wait for a core, or held more than half its memory, is confirmed by one run with nothing
  // else of ours running; in the second case with twice the CPU time, so that a program that grows
  // for ever meets its memory limit on a slow machine too. Errors are the environment's (a sandbox
  // cannot be started at all), never the program's; when `until` is over before the verdict is
  // there, the program is killed, and the error is of kind interrupted.
  [[nodiscard]] Result<ProgramResult> run(const Program& program, const Deadline& until = {});

 private:
  class Impl;
  explicit Sandbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay

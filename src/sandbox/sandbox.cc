#include "sandbox/sandbox.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "sandbox/compare.h"
#include "sandbox/fds.h"
#include "sandbox/judge.h"
#include "sandbox/runner_pool.h"
#include "sandbox/seccomp_filter.h"

namespace assay {
namespace {

// A run is contended when it waited for a core longer than this part of its wall time.
constexpr double kContendedShare = 0.1;

std::string kind_name(TestKind kind) {
  switch (kind) {
    case TestKind::stdin_stdout:
      return "stdin_stdout";
    case TestKind::function:
      return "function";
    case TestKind::script:
      return "script";
  }
  return "";
}

Result<UniqueFd> describe(const Program& program) {
  const Json job = {{"kind", kind_name(program.kind)},
                    {"source", program.source},
                    {"preamble", program.preamble},
                    {"function", program.function_name},
                    {"as_main", program.run_as_main},
                    {"integer_digits", program.integer_digits},
                    {"main_thread_alone", program.main_thread_alone}};
  return sealed_file("job", dump_json(job));
}

bool was_contended(const Outcome& outcome) {
  return static_cast<double>(outcome.ended.run_delay_ns) >
         kContendedShare * static_cast<double>(outcome.ended.wall_ns);
}

// True when the program ended by a signal that somebody outside may have sent (Python turns SIGINT
// into an exception). One that it sent itself looks the same, so what comes of a second run counts.
bool may_be_interrupted(const Outcome& outcome) {
  const int status = outcome.ended.wait_status;
  const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (number == SIGINT || number == SIGTERM || number == SIGHUP) return true;
  return std::ranges::any_of(outcome.frames, [](const Frame& frame) {
    return frame.kind == box::FrameKind::exception && frame.payload.contains("KeyboardInterrupt");
  });
}

// True when the program was near its memory limit when its time was up. Which limit such a program
// meets first depends on the speed of the machine.
bool was_growing(const Outcome& outcome, const ProgramLimits& limits) {
  return outcome.ended.peak_memory_bytes > limits.memory_bytes / 2;
}

Status check_data_file(const std::string& path, bool as_root) {
  if (path.empty()) return {};
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return usage_error(fmt::format("cannot find {}", path), "graded programs need this file",
                       "correct the path");
  }
  // Inside the sandbox no process is root, so other users must be able to read the file.
  if (as_root && (info.st_mode & S_IROTH) == 0) {
    return usage_error(fmt::format("graded programs cannot read {}", path),
                       "they run as an unprivileged user", fmt::format("chmod o+r {}", path));
  }
  return {};
}

// Chosen by the program's text, so that one program always finds the same modules. Importing numpy
// takes longer than everything else a small program does.
Warmth warmth_of(const Program& program, bool have_numpy) {
  if (program.needs_scientific) return Warmth::scientific;
  const bool named = program.source.contains("numpy") || program.preamble.contains("numpy");
  return named && have_numpy ? Warmth::numpy : Warmth::plain;
}

bool has_numpy(const Interpreter& interpreter) {
  const auto& packages = interpreter.packages;
  return std::find(packages.begin(), packages.end(), "numpy") != packages.end();
}

}  // namespace

class Sandbox::Impl {
 public:
  Impl(RunnerSpec spec, int runners)
      : as_root_(spec.as_root),
        have_numpy_(has_numpy(spec.interpreter)),
        pool_(std::move(spec), runners) {}

  Result<ProgramResult> run(const Program& program, const Deadline& until);

 private:
  Result<TestResult> run_test(const ZygoteKind& kind, const Program& program,
                              const ProgramTest& test, int source_fd, const Deadline& until);
  Result<Outcome> run_once(const ZygoteKind& kind, const TestJob& job, bool alone);

  bool as_root_;
  bool have_numpy_;
  RunnerPool pool_;
};

// What came after the deadline is no outcome: a kill of ours may have made it.
Result<Outcome> Sandbox::Impl::run_once(const ZygoteKind& kind, const TestJob& job, bool alone) {
  auto outcome = pool_.run(kind, job, alone);
  if (job.until.over()) return std::unexpected(interrupted_error());
  return outcome;
}

Result<TestResult> Sandbox::Impl::run_test(const ZygoteKind& kind, const Program& program,
                                           const ProgramTest& test, int source_fd,
                                           const Deadline& until) {
  TestJob job{source_fd, test.input, program.kind, program.limits, until};
  // Once more where not the program failed: its sandbox ended, or did not even start, or a signal
  // came.
  Result<Outcome> first = run_once(kind, job, false);
  const bool again = first ? !first->fault.empty() || may_be_interrupted(*first)
                           : first.error().kind != ErrorKind::interrupted;
  const bool own_kill = first && first->own_kill;
  Outcome outcome = TRY(again ? run_once(kind, job, false) : std::move(first));
  if (own_kill && outcome.own_kill) outcome.fault.clear();  // both times: it was the program
  if (outcome.setup_failed) {
    return environment_error("programs cannot be isolated on this machine", outcome.fault,
                             "allow user namespaces inside bubblewrap (`assay sandbox check`)");
  }
  TestResult result = judge(program, test, outcome);
  const bool growing = was_growing(outcome, program.limits);
  if (result.verdict == ProgramVerdict::time_limit && (growing || was_contended(outcome))) {
    Program longer = program;
    if (growing) longer.limits.cpu_s *= 2;
    job.limits = longer.limits;
    const Outcome alone = TRY(run_once(kind, job, true));
    if (!alone.fault.empty()) return result;
    result = judge(longer, test, alone);
    // The extra time is meant for meeting the memory limit. It must not let the program pass.
    if (result.verdict != ProgramVerdict::memory_limit) result = judge(program, test, alone);
  }
  return result;
}

Result<ProgramResult> Sandbox::Impl::run(const Program& program, const Deadline& until) {
  ProgramResult out;
  const auto finish = [&out](ProgramVerdict verdict, std::string detail) {
    out.verdict = verdict;
    out.detail = std::move(detail);
    return out;
  };
  if (trim(program.source).empty()) return finish(ProgramVerdict::no_code, "no code to run");
  if (program.tests.empty()) {
    return finish(ProgramVerdict::sandbox_fault, "the program has no tests");
  }
  TRY(check_data_file(program.read_only_file, as_root_));
  const ZygoteKind kind{warmth_of(program, have_numpy_), program.read_only_file};
  const UniqueFd source = TRY(describe(program));
  out.verdict = ProgramVerdict::passed;
  for (const ProgramTest& test : program.tests) {
    if (program.kind == TestKind::function && program.compare == Compare::json_value &&
        !is_python_json(test.expected)) {
      out.tests.push_back({ProgramVerdict::sandbox_fault, "the expected value is no JSON", 0, 0});
    } else {
      out.tests.push_back(TRY(run_test(kind, program, test, source.get(), until)));
    }
    const TestResult& last = out.tests.back();
    if (last.verdict == ProgramVerdict::passed) continue;
    if (out.verdict == ProgramVerdict::passed) finish(last.verdict, last.detail);
    if (!program.run_all_tests) break;
  }
  return out;
}

Sandbox::Sandbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Sandbox::Sandbox(Sandbox&&) noexcept = default;
Sandbox& Sandbox::operator=(Sandbox&&) noexcept = default;
Sandbox::~Sandbox() = default;

Result<Sandbox> Sandbox::create(const SandboxOptions& options) {
  if (options.runners < 1) {
    return usage_error("a sandbox needs at least one runner", "", "set it to 1 or more");
  }
  RunnerSpec spec;
  spec.bwrap = find_program("bwrap");
  spec.as_root = ::geteuid() == 0;
  spec.use_cgroup = options.use_cgroups;
  spec.need_cgroup = options.need_cgroup;
  if (spec.bwrap.empty()) {
    return environment_error("cannot run programs safely", "bubblewrap (bwrap) is not installed",
                             "apt-get install bubblewrap");
  }
  if (spec.as_root && ::access("/usr/bin/setpriv", X_OK) != 0) {
    return environment_error("cannot run programs safely as root",
                             "setpriv, which gives root up inside the sandbox, is not installed",
                             "apt-get install util-linux, or run as an ordinary user");
  }
  spec.interpreter = TRY(probe_interpreter(options.python));
  spec.filter = TRY(make_seccomp_filter());
  if (spec.use_cgroup) {
    MemoryCgroup::remove_stale();
    CpuAccount::remove_stale();
  }
  if (spec.need_cgroup && (!spec.use_cgroup || MemoryCgroup::available_version().empty())) {
    return environment_error(
        "cannot limit the memory of a program's processes together",
        "no memory cgroup can be written here; their sum could only be measured every 25 ms",
        MemoryCgroup::kFix);
  }
  return Sandbox(std::make_unique<Impl>(std::move(spec), options.runners));
}

Result<ProgramResult> Sandbox::run(const Program& program, const Deadline& until) {
  return impl_->run(program, until);
}

}  // namespace assay

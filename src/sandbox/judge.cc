#include "sandbox/judge.h"

#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "base/json.h"
#include "sandbox/compare.h"

namespace assay {
namespace {

constexpr std::size_t kVerdictDetailBytes = 300;
constexpr std::size_t kLongestException = 64UL << 10;

struct Judged {
  ProgramVerdict verdict;
  std::string detail;
};

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", number);
}

ProgramVerdict verdict_of_errno(int number) {
  switch (number) {
    case EAGAIN:
      return ProgramVerdict::process_limit;
    case ENOMEM:
      return ProgramVerdict::memory_limit;
    case EFBIG:
    case ENOSPC:
      return ProgramVerdict::output_limit;
    case EPERM:
    case ENOSYS:
    case EROFS:
    case EAFNOSUPPORT:
      return ProgramVerdict::forbidden_call;
    default:
      return ProgramVerdict::runtime_error;
  }
}

// The program can forge this frame, because it shares the interpreter that writes it. So the frame
// only decides which kind of failure is reported.
Judged judge_exception(const std::string& payload) {
  // Ours is short; JSON that is parsed takes forty times its size.
  if (payload.size() > kLongestException) {
    return {ProgramVerdict::runtime_error, "an exception too long to read"};
  }
  const Json error = Json::parse(payload, nullptr, false);
  if (!error.is_object()) return {ProgramVerdict::runtime_error, "an unreadable exception"};
  const auto text = [&](const char* name) {
    const auto it = error.find(name);
    return it != error.end() && it->is_string() ? it->get<std::string>() : std::string();
  };
  const auto number = [&](const char* name) {
    const auto it = error.find(name);
    return it != error.end() && it->is_number_integer() ? it->get<int>() : 0;
  };
  const std::string type = text("type");
  const std::string message = text("message");
  const auto test_flag = error.find("in_test");
  const bool in_test =
      test_flag != error.end() && test_flag->is_boolean() && test_flag->get<bool>();
  std::string detail = type;
  if (!message.empty()) detail += ": " + message;
  if (const int line = number("line"); line > 0) {
    detail = fmt::format("{} line {}: {}", in_test ? "test" : "program", line, detail);
  }
  if (type == "MemoryError") return {ProgramVerdict::memory_limit, detail};
  if (type == "AssertionError" && in_test) return {ProgramVerdict::wrong_answer, detail};
  if (type == "RuntimeError" && message == "can't start new thread") {
    return {ProgramVerdict::process_limit, detail};
  }
  return {verdict_of_errno(number("errno")), detail};
}

Judged judge_signal(int number) {
  if (number == SIGSYS) return {ProgramVerdict::forbidden_call, "a forbidden system call"};
  return {ProgramVerdict::runtime_error, "ended by " + signal_name(number)};
}

Judged judge_early_end(const Outcome& outcome) {
  const int status = outcome.ended.wait_status;
  return {ProgramVerdict::runtime_error, fmt::format("ended before its end, exit code {}",
                                                     WIFEXITED(status) ? WEXITSTATUS(status) : -1)};
}

Judged from_comparison(const Difference& difference) {
  if (difference.equal) return {ProgramVerdict::passed, ""};
  return {ProgramVerdict::wrong_answer, difference.detail};
}

Judged judge_answer(const Program& program, const ProgramTest& test, const Outcome& outcome) {
  const auto frame = [&](box::FrameKind kind) {
    const auto it = std::find_if(outcome.frames.begin(), outcome.frames.end(),
                                 [kind](const Frame& f) { return f.kind == kind; });
    return it != outcome.frames.end() ? &*it : nullptr;
  };
  if (const Frame* error = frame(box::FrameKind::exception)) return judge_exception(error->payload);
  if (outcome.bad_frames) {
    return {ProgramVerdict::runtime_error, "the program wrote to its result channel"};
  }
  const Frame* end = frame(box::FrameKind::end);
  const Frame* value = frame(box::FrameKind::value);
  switch (program.kind) {
    case TestKind::stdin_stdout:
      if (end == nullptr) return judge_early_end(outcome);
      return from_comparison(compare_lines(outcome.output, test.expected));
    case TestKind::function:
      if (const Frame* unlike = frame(box::FrameKind::unlike)) {
        return {ProgramVerdict::wrong_answer, "returned a value of type " + unlike->payload};
      }
      if (value == nullptr) return judge_early_end(outcome);
      return from_comparison(program.compare == Compare::lines
                                 ? compare_lines(value->payload, test.expected)
                                 : compare_json(value->payload, test.expected));
    case TestKind::script:
      if (end == nullptr || outcome.nonce.empty() || end->payload != outcome.nonce) {
        return judge_early_end(outcome);
      }
      return {ProgramVerdict::passed, ""};
  }
  return {ProgramVerdict::sandbox_fault, "an unknown kind of test"};
}

Judged judge_end(const Program& program, const ProgramTest& test, const Outcome& outcome) {
  const ProgramLimits& limits = program.limits;
  const double cpu_s = static_cast<double>(outcome.ended.cpu_ns) * 1e-9;
  const auto time_limit = [&](std::string_view what, double limit_s) {
    return Judged{ProgramVerdict::time_limit, fmt::format("more than {:g} s of {}", limit_s, what)};
  };
  if (!outcome.fault.empty()) return {ProgramVerdict::sandbox_fault, outcome.fault};
  if (outcome.output_overflow) {
    return {ProgramVerdict::output_limit,
            fmt::format("more than {} bytes of output", limits.output_bytes)};
  }
  // The kernel may have killed only a child, and the program went on. It exceeded its limit all the
  // same.
  if (outcome.ended.killed_for == box::KilledFor::memory || outcome.oom_kills > 0) {
    return {ProgramVerdict::memory_limit,
            fmt::format("more than {} bytes in all its processes", limits.memory_bytes)};
  }
  if (outcome.ended.killed_for == box::KilledFor::wall) return time_limit("waiting", limits.wall_s);
  if (outcome.ended.killed_for == box::KilledFor::cpu || cpu_s > limits.cpu_s ||
      outcome.cpu_exceeded) {
    return time_limit("CPU time", limits.cpu_s);
  }
  const int status = outcome.ended.wait_status;
  // The kernel's own CPU limit, which acts when the zygote got no core and could not watch.
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    return time_limit("CPU time", limits.cpu_s);
  }
  if (WIFSIGNALED(status)) return judge_signal(WTERMSIG(status));
  Judged judged = judge_answer(program, test, outcome);
  if (judged.verdict == ProgramVerdict::passed &&
      (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
    return judge_early_end(outcome);
  }
  return judged;
}

}  // namespace

TestResult judge(const Program& program, const ProgramTest& test, const Outcome& outcome) {
  const Judged judged = judge_end(program, test, outcome);
  TestResult out;
  out.verdict = judged.verdict;
  out.detail = printable_detail(judged.detail, kVerdictDetailBytes);
  out.cpu_s = static_cast<double>(outcome.ended.cpu_ns) * 1e-9;
  out.wall_s = static_cast<double>(outcome.ended.wall_ns) * 1e-9;
  return out;
}

}  // namespace assay

#include "score/math_verify_client.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/json.h"
#include "base/subprocess.h"
#include "score/gold.h"

namespace assay {

namespace {
using SteadyClock = std::chrono::steady_clock;
constexpr int kMaxFailedStarts = 3;
// The first answer comes after sympy has been imported.
constexpr std::chrono::milliseconds kStartTimeout{120'000};
constexpr std::size_t kMaxAnswerBytes = 1UL << 20;

int remaining_ms(SteadyClock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
  return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}
}  // namespace

class MathVerifyClient::Helper {
 public:
  static Result<std::unique_ptr<Helper>> start(const MathVerifyOptions& options) {
    Pipe to_child = TRY(make_pipe());
    Pipe from_child = TRY(make_pipe());
    SpawnOptions spawn_options;
    spawn_options.argv = {options.python, "-m", "assay_worker.math_verify_helper",
                          std::to_string(options.memory_bytes)};
    if (!options.worker_path.empty()) spawn_options.env["PYTHONPATH"] = options.worker_path;
    spawn_options.stdin_fd = to_child.read_end.get();
    spawn_options.stdout_fd = from_child.write_end.get();
    const UniqueFd null_fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    spawn_options.stderr_fd = null_fd.get();
    spawn_options.new_session = true;  // a Ctrl-C ends the run, and the run ends the helper
    spawn_options.die_with_parent = true;
    auto helper = std::make_unique<Helper>();
    helper->child_ = TRY(spawn(spawn_options));
    helper->write_ = std::move(to_child.write_end);
    helper->read_ = std::move(from_child.read_end);
    for (const int fd : {helper->write_.get(), helper->read_.get()}) {
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    const std::string ready = TRY(helper->read_line(SteadyClock::now() + kStartTimeout));
    if (ready.find("ready") == std::string::npos) {
      return environment_error("the Math-Verify helper did not start", ready,
                               "install math-verify into the worker's Python environment");
    }
    return helper;
  }

  Result<bool> ask(const std::string& gold, const std::string& output,
                   SteadyClock::time_point deadline) {
    TRY(write_all(dump_json(Json{{"gold", delimited_gold(gold)}, {"output", output}}) + "\n",
                  deadline));
    const Json answer = TRY(parse_json(TRY(read_line(deadline)), "Math-Verify helper"));
    if (answer.contains("equal") && answer["equal"].is_boolean())
      return answer["equal"].get<bool>();
    const std::string why = answer.value("error", std::string("no answer"));
    return environment_error("Math-Verify gave no answer", why, "");
  }

 private:
  Status wait_for(int fd, short events, SteadyClock::time_point deadline) {
    pollfd polled{fd, events, 0};
    const int ready = ::poll(&polled, 1, remaining_ms(deadline));
    if (ready > 0) return {};
    if (ready < 0 && errno == EINTR) return {};
    return environment_error("the Math-Verify helper ran out of time", "", "");
  }

  Status write_all(std::string_view text, SteadyClock::time_point deadline) {
    // A dead helper must not kill us with SIGPIPE.
    sigset_t pipe_signal;
    sigset_t before;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    Status status;
    while (!text.empty()) {
      const ssize_t written = ::write(write_.get(), text.data(), text.size());
      if (written > 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno == EAGAIN || errno == EINTR) {
        status = wait_for(write_.get(), POLLOUT, deadline);
        if (!status) break;
      } else {
        status = environment_error("the Math-Verify helper is gone", std::strerror(errno), "");
        break;
      }
    }
    const timespec now{0, 0};
    while (::sigtimedwait(&pipe_signal, nullptr, &now) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return status;
  }

  Result<std::string> read_line(SteadyClock::time_point deadline) {
    while (true) {
      if (const auto end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      if (buffer_.size() > kMaxAnswerBytes) {
        return environment_error("the Math-Verify helper's answer is too long", "", "");
      }
      char chunk[4096];
      const ssize_t got = ::read(read_.get(), chunk, sizeof chunk);
      if (got > 0) {
        buffer_.append(chunk, static_cast<std::size_t>(got));
      } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        TRY(wait_for(read_.get(), POLLIN, deadline));
      } else {
        return environment_error("the Math-Verify helper ended", "out of memory, or a crash", "");
      }
    }
  }

  Child child_;
  UniqueFd write_;
  UniqueFd read_;
  std::string buffer_;
};

MathVerifyClient::MathVerifyClient(MathVerifyOptions options) : options_(std::move(options)) {}
MathVerifyClient::~MathVerifyClient() = default;

const std::string& MathVerifyClient::last_error() const {
  return last_error_;
}

std::optional<bool> MathVerifyClient::equivalent(const std::string& gold,
                                                 const std::string& output) {
  if (!helper_) {
    if (failed_starts_ >= kMaxFailedStarts) return std::nullopt;
    auto started = Helper::start(options_);
    if (!started) {
      ++failed_starts_;
      last_error_ = started.error().what + ": " + started.error().why;
      return std::nullopt;
    }
    failed_starts_ = 0;
    helper_ = *std::move(started);
  }
  const Result<bool> answer = helper_->ask(gold, output, SteadyClock::now() + options_.timeout);
  if (answer) {
    last_error_.clear();
    return *answer;
  }
  last_error_ = answer.error().what + (answer.error().why.empty() ? "" : ": ") + answer.error().why;
  // After an answer without a verdict the helper is in step; after anything else it is not.
  if (answer.error().what != "Math-Verify gave no answer") helper_.reset();
  return std::nullopt;
}

}  // namespace assay

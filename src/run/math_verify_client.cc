#include "run/math_verify_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/json.h"
#include "base/sigpipe_block.h"
#include "base/subprocess.h"
#include "base/text.h"
#include "score/gold.h"

namespace assay {

namespace {
using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kMaxFailedStarts = 3;
constexpr int kMaxLostInARow = 10;
constexpr milliseconds kStopCheck{100};  // how soon a wait sees that it is to end
constexpr milliseconds kExitTimeout{500};
constexpr std::size_t kMaxAnswerBytes = 1UL << 20;
constexpr std::size_t kLastWordsBytes = 4096;
constexpr std::size_t kQuotedBytes = 200;

milliseconds left_until(SteadyClock::time_point deadline) {
  return std::max(milliseconds(0),
                  std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now()));
}

std::string short_text(std::string_view text) {
  return sanitize_utf8(trim(text).substr(0, kQuotedBytes));
}

std::string_view last_line(std::string_view text) {
  text = trim(text);
  const auto end = text.rfind('\n');
  return end == std::string_view::npos ? text : text.substr(end + 1);
}

std::string exit_text(int status) {
  return WIFEXITED(status) ? fmt::format("exit code {}", WEXITSTATUS(status))
                           : fmt::format("signal {}", WTERMSIG(status));
}

}  // namespace

class MathVerifyClient::Helper {
 public:
  explicit Helper(const Deadline& until) : until_(until) {}

  // Starts a helper and reads its greeting.
  static Result<std::unique_ptr<Helper>> start(const MathVerifyOptions& options) {
    auto helper = std::make_unique<Helper>(options.until);
    TRY(helper->launch(options));
    const std::string line = TRY(helper->read_line(SteadyClock::now() + options.start_timeout));
    const auto greeting = parse_json(line, "Math-Verify helper");
    if (!greeting || !greeting->is_object() || !greeting->contains("ready") ||
        !greeting->at("ready").is_string()) {
      return environment_error("the Math-Verify helper did not greet", short_text(line), "");
    }
    helper->versions_["math-verify"] = greeting->at("ready").get<std::string>();
    const Json grammar = greeting->value("grammar", Json::object());
    for (const auto& [name, version] : grammar.items()) {
      if (version.is_string()) helper->versions_[name] = version.get<std::string>();
    }
    return helper;
  }

  // The helper's answer, a JSON object. After an error it must not be asked again: it has ended, or
  // may still answer the old question.
  Result<Json> ask(const Json& question, SteadyClock::time_point deadline) {
    TRY(write_all(dump_json(question) + "\n", deadline));
    const std::string line = TRY(read_line(deadline));
    Result<Json> answer = parse_json(line, "Math-Verify helper");
    if (answer && answer->is_object()) return answer;
    return environment_error("the Math-Verify helper's answer cannot be read", short_text(line),
                             "");
  }

  [[nodiscard]] const PackageVersions& versions() const { return versions_; }

 private:
  Status launch(const MathVerifyOptions& options) {
    // Our copies of the child's ends of the pipes are closed on return. While they are open, we do
    // not see the pipes close when the child ends.
    Pipe to_child = TRY(make_pipe());
    Pipe from_child = TRY(make_pipe());
    Pipe last_words = TRY(make_pipe());
    SpawnOptions spawn_options;
    spawn_options.argv = {options.python, "-m", "assay_worker.math_verify_helper",
                          std::to_string(options.memory_bytes)};
    if (!options.worker_path.empty()) spawn_options.env["PYTHONPATH"] = options.worker_path;
    spawn_options.stdin_fd = to_child.read_end.get();
    spawn_options.stdout_fd = from_child.write_end.get();
    spawn_options.stderr_fd = last_words.write_end.get();
    spawn_options.new_session = true;  // a Ctrl-C ends the run, and the run ends the helper
    spawn_options.die_with_parent = true;
    child_ = TRY(spawn(spawn_options));
    write_ = std::move(to_child.write_end);
    read_ = std::move(from_child.read_end);
    errors_ = std::move(last_words.read_end);
    for (const int fd : {write_.get(), read_.get(), errors_.get()}) {
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    return {};
  }

  Status wait_for(int fd, short events, SteadyClock::time_point deadline) {
    while (true) {
      if (until_.over()) {
        const char* why = until_.stopped() ? "a signal came" : "the time for grading is over";
        return std::unexpected(Error{ErrorKind::interrupted, "interrupted", why, ""});
      }
      const milliseconds left = left_until(deadline);
      std::array<pollfd, 2> polled = {pollfd{fd, events, 0}, pollfd{errors_.get(), POLLIN, 0}};
      const int ready = ::poll(polled.data(), polled.size(),
                               static_cast<int>(std::min(left, kStopCheck).count()));
      if (ready > 0 && polled[1].revents != 0) read_errors();
      if (ready > 0 && polled[0].revents != 0) return {};
      if (left.count() == 0) {
        return environment_error("the Math-Verify helper ran out of time", "", "");
      }
    }
  }

  // Reads what the helper writes to stderr, so that it never waits for us; the last of it is kept.
  void read_errors() {
    std::array<char, 4096> chunk{};
    const ssize_t got = ::read(errors_.get(), chunk.data(), chunk.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      errors_.reset();
      return;
    }
    last_words_.append(chunk.data(), static_cast<std::size_t>(got));
    if (last_words_.size() > kLastWordsBytes) {
      last_words_.erase(0, last_words_.size() - kLastWordsBytes);
    }
  }

  // For a helper that closed its pipes: how it ended, and the last it said.
  std::unexpected<Error> ended() {
    const auto deadline = SteadyClock::now() + kExitTimeout;
    std::string how = "it closed its output";
    while (child_.running()) {
      if (const auto status = child_.try_wait()) {
        how = exit_text(*status);
        break;
      }
      if (left_until(deadline).count() == 0) break;
      pollfd polled{errors_.get(), POLLIN, 0};
      ::poll(&polled, errors_.valid() ? 1 : 0, 10);
      if (polled.revents != 0) read_errors();
    }
    for (std::size_t i = 0; errors_.valid() && i < 32; ++i) read_errors();
    const std::string words = short_text(last_line(last_words_));
    return environment_error("the Math-Verify helper ended",
                             words.empty() ? how : how + ": " + words, "");
  }

  Status write_all(std::string_view text, SteadyClock::time_point deadline) {
    const SigpipeBlock no_sigpipe;
    while (!text.empty()) {
      const ssize_t written = ::write(write_.get(), text.data(), text.size());
      if (written > 0) {
        text.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno == EAGAIN || errno == EINTR) {
        TRY(wait_for(write_.get(), POLLOUT, deadline));
      } else {
        return ended();
      }
    }
    return {};
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
      std::array<char, 4096> chunk{};
      const ssize_t got = ::read(read_.get(), chunk.data(), chunk.size());
      if (got > 0) {
        buffer_.append(chunk.data(), static_cast<std::size_t>(got));
      } else if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        TRY(wait_for(read_.get(), POLLIN, deadline));
      } else {
        return ended();
      }
    }
  }

  const Deadline until_;
  Child child_;
  UniqueFd write_;
  UniqueFd read_;
  UniqueFd errors_;
  std::string buffer_;
  std::string last_words_;
  PackageVersions versions_;
};

namespace {

std::unexpected<NoDecision> no_decision(NoDecision::Kind kind, std::string why) {
  return std::unexpected(NoDecision{kind, std::move(why)});
}

std::string one_line(const Error& error) {
  return error.why.empty() ? error.what : error.what + ": " + error.why;
}

}  // namespace

MathVerifyClient::MathVerifyClient(MathVerifyOptions options) : options_(std::move(options)) {}
MathVerifyClient::~MathVerifyClient() = default;

Status MathVerifyClient::start() {
  if (helper_) return {};
  helper_ = TRY(Helper::start(options_));
  versions_ = helper_->versions();
  return {};
}

// Sees to it that a helper is running; the error says why none can be asked.
std::expected<void, NoDecision> MathVerifyClient::ready() {
  while (!helper_ && unavailable_.empty()) {
    const Status started = start();
    if (started) break;
    if (started.error().kind == ErrorKind::interrupted) {
      return no_decision(NoDecision::Kind::interrupted, started.error().why);
    }
    if (++failed_starts_ >= kMaxFailedStarts) unavailable_ = one_line(started.error());
  }
  if (!unavailable_.empty()) return no_decision(NoDecision::Kind::unavailable, unavailable_);
  return {};
}

std::expected<bool, NoDecision> MathVerifyClient::equivalent(const std::string& gold,
                                                             const std::string& output) {
  return ask(Json{{"gold", delimited_gold(gold)}, {"output", output}});
}

std::expected<bool, NoDecision> MathVerifyClient::equivalent_box(const std::string& gold,
                                                                 const std::string& box) {
  return ask(Json{{"gold", delimited_gold(gold)}, {"output", box}, {"box", true}});
}

std::expected<bool, NoDecision> MathVerifyClient::ask(const Json& question) {
  if (auto running = ready(); !running) return std::unexpected(std::move(running).error());
  const Result<Json> answer = helper_->ask(question, SteadyClock::now() + options_.timeout);
  if (answer) {
    lost_in_a_row_ = 0;
    const auto equal = answer->find("equal");
    if (equal != answer->end() && equal->is_boolean()) return equal->get<bool>();
    const auto error = answer->find("error");
    const bool said = error != answer->end() && error->is_string();
    return no_decision(NoDecision::Kind::undecided, said ? error->get<std::string>() : "no answer");
  }
  helper_.reset();
  if (answer.error().kind == ErrorKind::interrupted) {
    return no_decision(NoDecision::Kind::interrupted, answer.error().why);
  }
  if (++lost_in_a_row_ >= kMaxLostInARow) {
    unavailable_ = fmt::format("{} helpers in a row ended without an answer, the last: {}",
                               lost_in_a_row_, one_line(answer.error()));
  }
  return no_decision(NoDecision::Kind::undecided, one_line(answer.error()));
}

}  // namespace assay

#include "sandbox/exchange.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "base/subprocess.h"
#include "sandbox/fds.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kGrace = std::chrono::seconds(15);  // beyond the wall limit the zygote itself keeps
constexpr auto kLook = std::chrono::milliseconds(50);  // how often the CPU account is read
constexpr double kZygotesPart = 1.05;  // what the zygote itself may add to the account
constexpr double kZygotesS = 0.1;
constexpr std::size_t kReadBytes = 64UL << 10;
constexpr std::uint64_t kFrameSlackBytes = 64UL << 10;

Result<std::string> make_nonce() {
  std::array<unsigned char, box::kNonceBytes / 2> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return errno_error("cannot read random bytes", "use Linux 3.17 or newer");
  }
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

bool known_frame(char kind) {
  return std::string_view("LEVUX").contains(kind);
}

}  // namespace

Result<Exchange> Exchange::make(const TestJob& job) {
  Exchange out(job);
  if (job.kind == TestKind::script) {
    const std::string nonce = TRY(make_nonce());
    out.test_ = TRY(sealed_file("test", nonce + std::string(job.input)));
    out.input_ = TRY(sealed_file("input", ""));
    out.nonce_ = nonce;
  } else {
    out.input_ = TRY(sealed_file("input", job.input));
  }
  out.out_ = TRY(make_pipe());
  out.err_ = TRY(make_pipe());
  SocketPair result = TRY(make_socket_pair(SOCK_STREAM));
  out.result_ = std::move(result.ours);
  out.their_result_ = std::move(result.theirs);
  ::fcntl(out.out_.read_end.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(out.err_.read_end.get(), F_SETFL, O_NONBLOCK);
  return out;
}

std::array<int, box::kJobFdCount> Exchange::their_fds() const {
  return {input_.get(), out_.write_end.get(), err_.write_end.get(), their_result_.get(),
          job_->source_fd};
}

Outcome Exchange::run(int control, const CpuAccount* cpu) {
  cpu_ = cpu;
  if (cpu_ != nullptr) cpu_before_ns_ = cpu_->used_ns().value_or(0);
  input_.reset();
  out_.write_end.reset();
  err_.write_end.reset();
  their_result_.reset();
  const auto deadline = Clock::now() + kGrace +
                        std::chrono::milliseconds(static_cast<long>(job_->limits.wall_s * 1e3));
  while (!ended_ && outcome_.fault.empty()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      outcome_.fault = "the zygote did not end the program in time";
      break;
    }
    if (job_->until.over()) {
      outcome_.fault = "nobody waits for it";
      break;
    }
    poll_once(control,
              static_cast<int>(std::min<long long>(left, job_->until.left(kLook).count())));
    check_cpu(control);
  }
  if (outcome_.fault.empty()) drain_all();
  take_frames(false);
  outcome_.bad_frames = outcome_.bad_frames || !frame_bytes_.empty();
  return std::move(outcome_);
}

void Exchange::poll_once(int control, int timeout_ms) {
  std::array<pollfd, 4> fds{{{control, POLLIN, 0},
                             {out_.read_end.get(), POLLIN, 0},
                             {err_.read_end.get(), POLLIN, 0},
                             {result_.get(), POLLIN, 0}}};
  const int ready = ::poll(fds.data(), fds.size(), timeout_ms);
  if (ready < 0 && errno != EINTR) {
    outcome_.fault = fmt::format("poll failed: {}", std::strerror(errno));
  }
  if (ready <= 0) return;
  if (fds[1].revents != 0) drain(out_.read_end, &outcome_.output);
  if (fds[2].revents != 0) drain(err_.read_end, nullptr);
  if (fds[3].revents != 0) {
    drain(result_, &frame_bytes_);
    take_frames(true);
  }
  if (total_bytes_ > job_->limits.output_bytes + kFrameSlackBytes ||
      outcome_.output.size() > job_->limits.output_bytes) {
    overflow(control);
  }
  if (fds[0].revents != 0) read_control(control);
}

void Exchange::read_control(int control) {
  box::EndedMessage message;
  const ssize_t n = ::recv(control, &message, sizeof message, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n != sizeof message || message.kind != box::MessageKind::ended) {
    outcome_.fault = "the zygote is gone";
    return;
  }
  if (message.stage != box::Stage::running) {
    outcome_.setup_failed = true;
    outcome_.fault =
        fmt::format("a child could not be set up (step {}: {})", static_cast<int>(message.stage),
                    std::strerror(message.setup_errno));
    return;
  }
  outcome_.ended = message;
  ended_ = true;
}

void Exchange::drain(UniqueFd& fd, std::string* keep) {
  std::array<char, kReadBytes> buffer;
  const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    fd.reset();
    return;
  }
  total_bytes_ += static_cast<std::uint64_t>(n);
  if (keep != nullptr && !outcome_.output_overflow) {
    keep->append(buffer.data(), static_cast<std::size_t>(n));
  }
}

void Exchange::overflow(int control) {
  outcome_.output_overflow = true;
  kill_program(control);
}

// The zygote sums up what /proc shows every 25 ms, so it misses children that end between two looks
// and are waited for by nobody. The account misses nothing; some of it is the zygote's own looking.
void Exchange::check_cpu(int control) {
  if (cpu_ == nullptr || outcome_.cpu_exceeded) return;
  const std::uint64_t used_ns = cpu_->used_ns().value_or(0);
  const double used_s =
      used_ns > cpu_before_ns_ ? 1e-9 * static_cast<double>(used_ns - cpu_before_ns_) : 0;
  if (used_s <= job_->limits.cpu_s * kZygotesPart + kZygotesS) return;
  outcome_.cpu_exceeded = true;
  if (!ended_) kill_program(control);
}

void Exchange::kill_program(int control) {
  if (asked_to_kill_) return;
  asked_to_kill_ = true;
  const box::KillMessage kill;
  if (!send_with_fds(control, std::string_view(reinterpret_cast<const char*>(&kill), sizeof kill),
                     {})) {
    outcome_.fault = "the zygote is gone";
  }
}

// Called when the processes are gone, so at most the contents of the pipes are left to read.
void Exchange::drain_all() {
  const auto empty = [this](UniqueFd& fd, std::string* keep) {
    std::uint64_t before = 0;
    do {
      before = total_bytes_;
      if (fd.valid()) drain(fd, keep);
    } while (total_bytes_ != before &&
             total_bytes_ < job_->limits.output_bytes * 2 + kReadBytes * 64);
  };
  empty(out_.read_end, &outcome_.output);
  empty(err_.read_end, nullptr);
  empty(result_, &frame_bytes_);
  if (total_bytes_ > job_->limits.output_bytes + kFrameSlackBytes ||
      outcome_.output.size() > job_->limits.output_bytes) {
    outcome_.output_overflow = true;
  }
}

void Exchange::take_frames(bool reply) {
  std::size_t at = 0;
  while (frame_bytes_.size() - at >= box::kFrameHeaderBytes && !outcome_.bad_frames) {
    std::uint32_t length = 0;
    std::memcpy(&length, frame_bytes_.data() + at + 1, sizeof length);
    const char kind = frame_bytes_[at];
    if (!known_frame(kind) || outcome_.frames.size() >= 4) {
      outcome_.bad_frames = true;
      break;
    }
    if (frame_bytes_.size() - at - box::kFrameHeaderBytes < length) break;
    outcome_.frames.push_back({static_cast<box::FrameKind>(kind),
                               frame_bytes_.substr(at + box::kFrameHeaderBytes, length)});
    at += box::kFrameHeaderBytes + length;
    if (reply && outcome_.frames.back().kind == box::FrameKind::loaded) send_test();
  }
  frame_bytes_.erase(0, at);
}

void Exchange::send_test() {
  if (!test_.valid()) return;
  // Sending fails when the program closed its end. It then gets no test and cannot send the end
  // marker, which counts as its failure.
  [[maybe_unused]] const bool sent = send_with_fds(result_.get(), "T", std::array{test_.get()});
  test_.reset();
  outcome_.nonce = nonce_;
}

}  // namespace assay

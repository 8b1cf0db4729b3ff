#include "engine/frames.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "base/json.h"

namespace assay {
namespace {

constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kReadBytes = 256UL << 10U;
// Below this the done part of a buffer is not worth moving the rest.
constexpr std::size_t kCompactBytes = 1UL << 20U;

std::uint32_t frame_length(std::string_view bytes) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < kHeaderBytes; ++i) {
    length |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8U * i);
  }
  return length;
}

void append_length(std::string& out, std::uint32_t length) {
  for (unsigned i = 0; i < kHeaderBytes; ++i) {
    out.push_back(static_cast<char>(length >> (8U * i) & 0xffU));
  }
}

Error unreadable(std::string why) {
  return Error{ErrorKind::environment, "the engine sent a frame that cannot be read",
               std::move(why),
               "the worker and assay must be of one version; see docs/worker_protocol.md"};
}

std::string printable_start(std::string_view body) {
  std::string out;
  for (char c : body.substr(0, 40)) out.push_back(c >= ' ' && c < 0x7f ? c : '?');
  return out;
}

Result<nlohmann::json> parse_frame(std::string_view body) {
  nlohmann::json frame = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (frame.is_discarded()) {
    return std::unexpected(unreadable(
        fmt::format("{} bytes that are no JSON: \"{}\"", body.size(), printable_start(body))));
  }
  if (!frame.is_object()) return std::unexpected(unreadable("the JSON is no object"));
  const auto type = frame.find("type");
  if (type == frame.end() || !type->is_string()) {
    return std::unexpected(unreadable("the object has no text field 'type'"));
  }
  return frame;
}

void drop_done(std::string& buffer, std::size_t& start) {
  if (start == buffer.size()) {
    buffer.clear();
    if (buffer.capacity() > 4 * kCompactBytes) buffer.shrink_to_fit();
    start = 0;
  } else if (start >= kCompactBytes && start >= buffer.size() / 2) {
    buffer.erase(0, start);
    start = 0;
  }
}

// write(2) without SIGPIPE: the signal is held back in this thread and, if our write raised it,
// taken away again.
ssize_t write_without_sigpipe(int fd, const char* data, std::size_t size) {
  sigset_t pipe_set;
  sigset_t before;
  sigset_t waiting;
  ::sigemptyset(&pipe_set);
  ::sigaddset(&pipe_set, SIGPIPE);
  ::sigpending(&waiting);
  const bool was_waiting = ::sigismember(&waiting, SIGPIPE) == 1;
  ::pthread_sigmask(SIG_BLOCK, &pipe_set, &before);
  const ssize_t n = ::write(fd, data, size);
  const int error = errno;
  if (n < 0 && error == EPIPE && !was_waiting) {
    const timespec now{};
    while (::sigtimedwait(&pipe_set, nullptr, &now) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return n;
}

}  // namespace

void FrameReader::append(std::string_view bytes) {
  buffer_.append(bytes);
}

Result<std::optional<nlohmann::json>> FrameReader::next() {
  if (broken_) return std::unexpected(*broken_);
  const std::string_view rest = std::string_view(buffer_).substr(start_);
  if (rest.size() < kHeaderBytes) return std::nullopt;
  const std::uint32_t length = frame_length(rest);
  if (length > kMaxFrameBytes) {
    broken_ = unreadable(
        fmt::format("a length of {} bytes, over the limit of {}", length, kMaxFrameBytes));
    return std::unexpected(*broken_);
  }
  if (rest.size() - kHeaderBytes < length) return std::nullopt;
  Result<nlohmann::json> frame = parse_frame(rest.substr(kHeaderBytes, length));
  if (!frame) {
    broken_ = frame.error();
    return std::unexpected(*broken_);
  }
  start_ += kHeaderBytes + length;
  drop_done(buffer_, start_);
  return std::optional(*std::move(frame));
}

Result<IoState> FrameReader::read_some(int fd, std::size_t max_bytes, std::size_t* got_bytes) {
  *got_bytes = 0;
  std::string chunk;  // grown once, not per read
  chunk.resize(std::min(kReadBytes, max_bytes));
  while (*got_bytes < max_bytes) {
    const ssize_t n = ::read(fd, chunk.data(), std::min(chunk.size(), max_bytes - *got_bytes));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return IoState::open;
    if (n < 0) return errno_error("cannot read from the engine", "start the run again");
    if (n == 0) return IoState::closed;
    append(std::string_view(chunk.data(), static_cast<std::size_t>(n)));
    *got_bytes += static_cast<std::size_t>(n);
  }
  return IoState::open;
}

Status FrameWriter::push(const nlohmann::json& frame) {
  const std::string body = dump_json(frame);
  if (body.size() > max_frame_bytes_) {
    return usage_error("a request to the engine is too large",
                       fmt::format("{} bytes, over the limit of {}", body.size(), max_frame_bytes_),
                       "lower the limits or the prompt lengths of the plan");
  }
  drop_done(buffer_, start_);
  append_length(buffer_, static_cast<std::uint32_t>(body.size()));
  buffer_ += body;
  return {};
}

Result<IoState> FrameWriter::write_some(int fd) {
  while (!empty()) {
    const ssize_t n = write_without_sigpipe(fd, buffer_.data() + start_, buffer_.size() - start_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return IoState::open;
    if (n < 0 && errno == EPIPE) return IoState::closed;
    if (n < 0) return errno_error("cannot write to the engine", "start the run again");
    start_ += static_cast<std::size_t>(n);
  }
  drop_done(buffer_, start_);
  return IoState::open;
}

Status set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return errno_error("cannot set up a pipe to the engine", "start the run again");
  }
  return {};
}

}  // namespace assay

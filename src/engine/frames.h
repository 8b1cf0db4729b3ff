// Frames of docs/worker_protocol.md over non-blocking descriptors: a 4-byte little-endian length,
// then that many bytes of one JSON object with a string `type`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

inline constexpr std::uint32_t kMaxFrameBytes = 64U << 20U;

enum class IoState {
  open,    // nothing more at the moment
  closed,  // end of file, or nobody reads any more
};

// Turns a stream of bytes into frames; keeps what is not yet whole.
class FrameReader {
 public:
  void append(std::string_view bytes);
  // The next whole frame, or nothing until more bytes come. A length over kMaxFrameBytes, text that
  // is no JSON object, or an object without a string `type` is an environment error; the stream is
  // then lost and every later call gives the error again.
  [[nodiscard]] Result<std::optional<nlohmann::json>> next();
  // Bytes of a frame that is not whole yet.
  [[nodiscard]] std::size_t pending_bytes() const { return buffer_.size() - start_; }
  // Reads what is there now, at most `max_bytes`. `*got_bytes` says how many came.
  [[nodiscard]] Result<IoState> read_some(int fd, std::size_t max_bytes, std::size_t* got_bytes);

 private:
  std::string buffer_;
  std::size_t start_ = 0;  // bytes before it are done with
  std::optional<Error> broken_;
};

// Queues frames and writes as much as the descriptor takes.
class FrameWriter {
 public:
  explicit FrameWriter(std::uint32_t max_frame_bytes = kMaxFrameBytes)
      : max_frame_bytes_(max_frame_bytes) {}
  // A frame over the limit is refused (usage error) and nothing is queued.
  [[nodiscard]] Status push(const nlohmann::json& frame);
  [[nodiscard]] bool empty() const { return start_ == buffer_.size(); }
  [[nodiscard]] std::size_t queued_bytes() const { return buffer_.size() - start_; }
  // Never blocks and raises no SIGPIPE.
  [[nodiscard]] Result<IoState> write_some(int fd);

 private:
  std::uint32_t max_frame_bytes_;
  std::string buffer_;
  std::size_t start_ = 0;
};

[[nodiscard]] Status set_nonblocking(int fd);

}  // namespace assay

// Descriptors that cross into the sandbox. All are close-on-exec.
#pragma once

#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/unique_fd.h"

namespace assay {

// A memory file with this content that nobody can change any more.
[[nodiscard]] Result<UniqueFd> sealed_file(const char* name, std::string_view content);

struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};
// type: SOCK_STREAM or SOCK_SEQPACKET. Our end does not block.
[[nodiscard]] Result<SocketPair> make_socket_pair(int type);

// Sends one message, with descriptors. False when the other side is gone or would block.
[[nodiscard]] bool send_with_fds(int socket, std::string_view bytes, std::span<const int> fds);

}  // namespace assay

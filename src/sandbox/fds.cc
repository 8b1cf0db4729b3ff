#include "sandbox/fds.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace assay {

Result<UniqueFd> sealed_file(const char* name, std::string_view content) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid())
    return errno_error("cannot make a memory file", "raise the limit of open files");
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t n = ::pwrite(file.get(), content.data() + written, content.size() - written,
                               static_cast<off_t>(written));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return errno_error("cannot fill a memory file", "free memory");
    written += static_cast<std::size_t>(n);
  }
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) !=
      0) {
    return errno_error("cannot seal a memory file", "use Linux 3.17 or newer");
  }
  return file;
}

Result<SocketPair> make_socket_pair(int type) {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds.data()) != 0) {
    return errno_error("cannot make a socket pair", "raise the limit of open files (ulimit -n)");
  }
  SocketPair out{UniqueFd(fds[0]), UniqueFd(fds[1])};
  ::fcntl(out.ours.get(), F_SETFL, O_NONBLOCK);
  return out;
}

bool send_with_fds(int socket, std::string_view bytes, std::span<const int> fds) {
  constexpr std::size_t kMaxFds = 8;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxFds * sizeof(int))> control{};
  iovec io{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &io;
  message.msg_iovlen = 1;
  const std::size_t fd_bytes = fds.size() * sizeof(int);
  if (fds.size() > kMaxFds) return false;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fd_bytes);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fd_bytes);
    std::memcpy(CMSG_DATA(header), fds.data(), fd_bytes);
  }
  ssize_t n = 0;
  while ((n = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT)) < 0 && errno == EINTR) {
  }
  return n == static_cast<ssize_t>(bytes.size());
}

}  // namespace assay

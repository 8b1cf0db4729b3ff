// An OpenAI-compatible server that answers at once, always the same 32 tokens: what is measured
// beside it is its client. One thread, epoll, connections kept.
//
//     instant_server          prints its port and serves until its standard input ends
//
// GET /v1/models names the model "instant"; POST …/chat/completions and …/completions are answered
// as a stream when the body says `"stream":true`, else in one piece.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/unique_fd.h"

namespace {

using assay::UniqueFd;

constexpr int kTokens = 32;
constexpr const char* kUsage =
    R"("usage":{"prompt_tokens":1000,"completion_tokens":32,"total_tokens":1032})";

// 32 pieces, the last of which give an answer that every scorer of multiple choice finds.
std::string piece(int token) {
  if (token + 1 < kTokens) return fmt::format("step{} ", token);
  return "The answer is (A).";
}

std::string framed(std::string_view type, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n"
      "{}",
      type, body.size(), body);
}

std::string models_reply() {
  return framed("application/json",
                R"({"object":"list","data":[{"id":"instant","object":"model","owned_by":"us"}]})");
}

std::string whole_reply(bool chat) {
  std::string text;
  for (int i = 0; i < kTokens; ++i) text += piece(i);
  const std::string said =
      chat ? fmt::format(R"("message":{{"role":"assistant","content":"{}"}})", text)
           : fmt::format(R"("text":"{}")", text);
  return framed(
      "application/json",
      fmt::format(R"({{"id":"1","object":"x","model":"instant","choices":[{{"index":0,{},)"
                  R"("finish_reason":"stop"}}],{}}})",
                  said, kUsage));
}

std::string streamed_reply(bool chat) {
  std::string events;
  for (int i = 0; i < kTokens; ++i) {
    const std::string said = chat ? fmt::format(R"("delta":{{"content":"{}"}})", piece(i))
                                  : fmt::format(R"("text":"{}")", piece(i));
    events += fmt::format(R"(data: {{"id":"1","object":"x","model":"instant",)"
                          R"("choices":[{{"index":0,{},"finish_reason":{}}}]}})"
                          "\n\n",
                          said, i + 1 == kTokens ? R"("stop")" : "null");
  }
  events += fmt::format(R"(data: {{"id":"1","object":"x","model":"instant","choices":[],{}}})"
                        "\n\ndata: [DONE]\n\n",
                        kUsage);
  return framed("text/event-stream", events);
}

// What a request is answered with; made once.
struct Replies {
  std::string models = models_reply();
  std::array<std::string, 2> whole = {whole_reply(false), whole_reply(true)};
  std::array<std::string, 2> streamed = {streamed_reply(false), streamed_reply(true)};
};

struct Connection {
  UniqueFd socket;
  std::string in;
  std::string out;
};

std::size_t body_length(std::string_view head) {
  for (const std::string_view name : {"\r\nContent-Length: ", "\r\ncontent-length: "}) {
    const auto at = head.find(name);
    if (at == std::string_view::npos) continue;
    return std::strtoull(std::string(head.substr(at + name.size(), 20)).c_str(), nullptr, 10);
  }
  return 0;
}

// Takes whole requests from `in` and appends their replies to `out`.
void answer_all(Connection& connection, const Replies& replies) {
  while (true) {
    const std::string_view in = connection.in;
    const auto end = in.find("\r\n\r\n");
    if (end == std::string_view::npos) return;
    const std::string_view head = in.substr(0, end);
    const std::size_t total = end + 4 + body_length(head);
    if (in.size() < total) return;
    const std::string_view body = in.substr(end + 4, total - end - 4);
    const std::size_t chat = head.find("/chat/completions") != std::string_view::npos ? 1 : 0;
    const bool streams = body.find(R"("stream":true)") != std::string_view::npos ||
                         body.find(R"("stream": true)") != std::string_view::npos;
    connection.out += head.starts_with("GET") ? replies.models
                      : streams               ? replies.streamed[chat]
                                              : replies.whole[chat];
    connection.in.erase(0, total);
  }
}

// False: the client has gone.
bool move_bytes(Connection& connection, const Replies& replies) {
  std::array<char, 1 << 16> buffer{};
  while (true) {
    const ssize_t got = ::recv(connection.socket.get(), buffer.data(), buffer.size(), 0);
    if (got == 0) return false;
    if (got < 0) break;
    connection.in.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (errno != EAGAIN) return false;
  answer_all(connection, replies);
  while (!connection.out.empty()) {
    const ssize_t sent =
        ::send(connection.socket.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    connection.out.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

UniqueFd listen_here(int& port) {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.get(), generic, size) != 0 || ::listen(listener.get(), 1024) != 0 ||
      ::getsockname(listener.get(), generic, &size) != 0) {
    return {};
  }
  port = ntohs(address.sin_port);
  return listener;
}

void watch(int epoll, int fd, unsigned events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

void serve(int listener) {
  const Replies replies;
  std::unordered_map<int, Connection> connections;
  const UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  watch(epoll.get(), listener, EPOLLIN);
  watch(epoll.get(), STDIN_FILENO, EPOLLIN);
  std::array<epoll_event, 256> events{};
  while (true) {
    const int count = ::epoll_wait(epoll.get(), events.data(), events.size(), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == STDIN_FILENO) return;
      if (fd == listener) {
        const int client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) continue;
        const int on = 1;
        ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections[client].socket = UniqueFd(client);
        watch(epoll.get(), client, EPOLLIN | EPOLLOUT | EPOLLET);
      } else if (!move_bytes(connections[fd], replies)) {
        connections.erase(fd);
      }
    }
  }
}

}  // namespace

int main() {
  int port = 0;
  const UniqueFd listener = listen_here(port);
  if (!listener.valid()) {
    std::perror("instant_server");
    return 1;
  }
  fmt::print("{}\n", port);
  std::fflush(stdout);
  serve(listener.get());
  return 0;
}

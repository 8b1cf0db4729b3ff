// Many HTTP/1.1 requests at once on one thread: libcurl's multi interface. Connections are kept and
// used again; redirects are not followed (a key must not travel to another host); nothing is tried
// twice here (openai_engine does that).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace assay {

struct HttpOptions {
  std::string bearer_token;  // sent as "Authorization: Bearer …"; empty: none
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{600'000};  // no byte for so long ends a transfer
  int max_connections = 64;
};

struct HttpRequest {
  std::string url;
  std::optional<std::string> body;  // JSON, sent with POST; nothing: GET
  // Called with the pieces of a 2xx reply's body as they come; without it they are collected.
  // False ends the transfer: the reply is `cut_off`, and that is no failure.
  std::function<bool(std::string_view)> on_data;
};

struct HttpReply {
  int status = 0;            // 0: no reply came
  std::string type;          // Content-Type, lower case, without parameters
  std::string body;          // empty where on_data took it; at most 64 MiB, longer is a failure
  bool cut_off = false;      // on_data wanted no more
  std::string failure;       // the transfer did not end well: why, in libcurl's words; else empty
  double retry_after_s = 0;  // Retry-After, in seconds or as a date; 0: not said
};

class HttpClient {
 public:
  explicit HttpClient(const HttpOptions& options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  struct Done {
    std::int64_t id = 0;
    HttpReply reply;
  };
  // Environment error when libcurl refuses, for instance a URL it cannot read.
  [[nodiscard]] Result<std::int64_t> start(HttpRequest request);
  // Ends the transfer without a reply; unknown ids are nothing.
  void cancel(std::int64_t id);
  // Moves bytes, and waits for some at most `timeout`. Gives what is done. No callback may call
  // back into the client.
  [[nodiscard]] std::vector<Done> pump(std::chrono::milliseconds timeout);
  [[nodiscard]] std::size_t in_flight() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay

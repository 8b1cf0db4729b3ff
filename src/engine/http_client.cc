#include "engine/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <utility>

namespace assay {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t kMaxBodyBytes = std::size_t{64} << 20;

struct EasyEnd {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListEnd {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, EasyEnd>;
using Headers = std::unique_ptr<curl_slist, ListEnd>;

struct Transfer {
  std::int64_t id = 0;
  HttpRequest request;
  Easy easy;
  HttpReply reply;
  bool too_long = false;
  Clock::time_point last_byte;
  char error[CURL_ERROR_SIZE] = {};
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  Transfer& transfer = *static_cast<Transfer*>(user);
  const std::string_view piece(data, size * count);
  transfer.last_byte = Clock::now();
  long status = 0;
  curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
  if (transfer.request.on_data && status >= 200 && status < 300) {
    transfer.reply.cut_off = !transfer.request.on_data(piece);
    return transfer.reply.cut_off ? 0 : piece.size();
  }
  if (transfer.reply.body.size() + piece.size() > kMaxBodyBytes) {
    transfer.too_long = true;
    return 0;
  }
  transfer.reply.body += piece;
  return piece.size();
}

void add_header(Headers& headers, const std::string& line) {
  if (curl_slist* longer = curl_slist_append(headers.get(), line.c_str())) {
    (void)headers.release();
    headers.reset(longer);
  }
}

// "application/json; charset=utf-8" -> "application/json"
std::string media_type(const char* header) {
  std::string text = header == nullptr ? "" : header;
  text = text.substr(0, text.find(';'));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

struct HttpClient::Impl {
  HttpOptions options;
  CURLM* multi = nullptr;
  Headers headers;
  std::map<std::int64_t, std::unique_ptr<Transfer>> transfers;
  std::vector<Easy> idle;  // handles to use again
  std::int64_t next_id = 1;

  Easy handle() {
    if (idle.empty()) return Easy(curl_easy_init());
    Easy out = std::move(idle.back());
    idle.pop_back();
    curl_easy_reset(out.get());
    return out;
  }

  void configure(Transfer& transfer) const {
    CURL* easy = transfer.easy.get();
    curl_easy_setopt(easy, CURLOPT_URL, transfer.request.url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_NETRC, long{CURL_NETRC_IGNORED});
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     static_cast<long>(options.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
    for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
      if (const char* file = std::getenv(name)) curl_easy_setopt(easy, CURLOPT_CAINFO, file);
    }
    if (transfer.request.body) {
      const std::string& body = *transfer.request.body;
      curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
      curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.c_str());
    }
  }

  std::unique_ptr<Transfer> take(std::int64_t id) {
    const auto it = transfers.find(id);
    std::unique_ptr<Transfer> out = std::move(it->second);
    transfers.erase(it);
    curl_multi_remove_handle(multi, out->easy.get());
    return out;
  }

  Done finish(std::int64_t id, CURLcode code, const std::string& failure) {
    const std::unique_ptr<Transfer> transfer = take(id);
    CURL* easy = transfer->easy.get();
    HttpReply& reply = transfer->reply;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    reply.status = static_cast<int>(status);
    const char* type = nullptr;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    reply.type = media_type(type);
    curl_off_t retry_after = 0;
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
    reply.retry_after_s = static_cast<double>(retry_after);
    reply.failure = failure;
    if (code != CURLE_OK && !reply.cut_off) {
      reply.failure = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
    }
    if (transfer->too_long) reply.failure = "the reply is longer than 64 MiB";
    idle.push_back(std::move(transfer->easy));
    return {id, std::move(reply)};
  }
};

HttpClient::HttpClient(const HttpOptions& options) : impl_(std::make_unique<Impl>()) {
  impl_->options = options;
  impl_->multi = curl_multi_init();
  curl_multi_setopt(impl_->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                    static_cast<long>(options.max_connections));
  curl_multi_setopt(impl_->multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.max_connections));
  add_header(impl_->headers, "Content-Type: application/json");
  add_header(impl_->headers, "Expect:");  // no round trip before a long prompt
  add_header(impl_->headers, "User-Agent: assay/" ASSAY_VERSION);
  if (!options.bearer_token.empty()) {
    add_header(impl_->headers, "Authorization: Bearer " + options.bearer_token);
  }
}

HttpClient::~HttpClient() {
  while (!impl_->transfers.empty()) cancel(impl_->transfers.begin()->first);
  impl_->idle.clear();
  curl_multi_cleanup(impl_->multi);
}

Result<std::int64_t> HttpClient::start(HttpRequest request) {
  auto transfer = std::make_unique<Transfer>();
  transfer->id = impl_->next_id++;
  transfer->request = std::move(request);
  transfer->easy = impl_->handle();
  transfer->last_byte = Clock::now();
  if (!transfer->easy) return environment_error("libcurl does not start", "out of memory", "");
  impl_->configure(*transfer);
  const CURLMcode code = curl_multi_add_handle(impl_->multi, transfer->easy.get());
  if (code != CURLM_OK) {
    return environment_error("cannot send a request", curl_multi_strerror(code), "");
  }
  const std::int64_t id = transfer->id;
  impl_->transfers.emplace(id, std::move(transfer));
  return id;
}

void HttpClient::cancel(std::int64_t id) {
  if (impl_->transfers.contains(id)) (void)impl_->take(id);
}

std::size_t HttpClient::in_flight() const {
  return impl_->transfers.size();
}

std::vector<HttpClient::Done> HttpClient::pump(milliseconds timeout) {
  std::vector<Done> out;
  int running = 0;
  curl_multi_perform(impl_->multi, &running);
  int left = 0;
  const auto collect = [&] {
    while (const CURLMsg* message = curl_multi_info_read(impl_->multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      out.push_back(impl_->finish(transfer->id, message->data.result, ""));
    }
  };
  collect();
  for (const auto& [id, transfer] : impl_->transfers) {  // wake up for the first that stalls
    const auto until_stall = transfer->last_byte + impl_->options.stall_timeout - Clock::now();
    timeout = std::clamp(std::chrono::ceil<milliseconds>(until_stall), milliseconds(1),
                         std::max(timeout, milliseconds(1)));
  }
  if (out.empty() && timeout.count() > 0) {
    curl_multi_poll(impl_->multi, nullptr, 0, static_cast<int>(timeout.count()), nullptr);
    curl_multi_perform(impl_->multi, &running);
    collect();
  }
  std::vector<std::int64_t> stalled;
  for (const auto& [id, transfer] : impl_->transfers) {
    if (Clock::now() - transfer->last_byte > impl_->options.stall_timeout) stalled.push_back(id);
  }
  for (const std::int64_t id : stalled) {
    const double limit_s = std::chrono::duration<double>(impl_->options.stall_timeout).count();
    out.push_back(impl_->finish(id, CURLE_OK, fmt::format("no byte came for {:g} s", limit_s)));
  }
  return out;
}

}  // namespace assay

// The engine behind an OpenAI-compatible HTTP server (docs/openai_endpoint.md): vLLM's own, or
// anyone's.
//
// One thread: bytes move while a call waits. Failures that may pass (no connection, 408, 409, 425,
// 429, 5xx, a stream cut short, a reply that is no JSON) are tried again with growing pauses until
// `retry_for` has gone by. Then a request that was answered before (or, before any was, a short one
// of our own) is asked as a canary. Only when it is answered, and the failed request, asked once
// more, fails again, and the canary is answered again, is that request given up (Answered with an
// error): a server that was ill for a while blames nobody. While the canary is not answered either
// the server is ill, and after `retry_for` without a good answer the engine is given up (Died,
// final: starting it again would not help). Died at once: 401, 403, 404, a redirect, another
// model's name in a reply, a refusal (400) of the first request of a kind, and a Retry-After that
// goes beyond `retry_for`.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/http_client.h"
#include "engine/openai_wire.h"

namespace assay {

struct EndpointOptions {
  std::string base_url;     // "http://127.0.0.1:8000/v1"
  std::string model;        // as the server names it
  std::string api_key;      // in memory and in the request's header; masked wherever it comes back
  std::string api_key_env;  // its variable, for messages; empty: none is sent
  EndpointMode mode = EndpointMode::chat;
  std::optional<EndpointPrompt> prompt;  // nothing: token ids for vLLM, else text
  int max_concurrency = 16;
  double requests_per_minute = 0;  // 0: no limit
  int max_model_len = 0;           // 0: as the server says
  bool wants_logprobs = false;     // find out whether the server gives them
  nlohmann::json extra_body = nlohmann::json::object();
  std::string answers_as;  // the name in its replies, where it is not `model`; empty: the same
  std::string max_tokens_key = "max_tokens";
  std::vector<std::string> leave_out;  // parameters that are not sent
  // Of a judge, whose sampling is not what is measured: parameters that the server refuses are left
  // out from then on (Progressed says so), and the model's name may carry a date.
  bool lenient = false;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{600'000};
  std::chrono::milliseconds retry_for{300'000};
  std::chrono::milliseconds start_patience{60'000};  // of start()
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause{30'000};
  std::filesystem::path log_file;  // what went wrong and was tried again; empty: no log
  // completions: what renders prompts (a worker that never loads weights).
  std::function<Result<std::unique_ptr<Engine>>()> start_renderer;
  Deadline until;  // start() and open() end by it; its flag, once set, ends start() at once
};

// The pause before try number `tries` + 1: doubles from `first` to `longest`, of which a share of a
// half to all is taken by `salt`, so that requests that failed together do not come together again.
[[nodiscard]] std::chrono::milliseconds retry_pause(int tries, std::chrono::milliseconds first,
                                                    std::chrono::milliseconds longest,
                                                    std::uint64_t salt);

class OpenAiEngine final : public Engine {
 public:
  // Asks the server for its models. Errors (environment): it cannot be reached within
  // start_patience, refuses the key, is no such server, or does not serve the model.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> start(EndpointOptions options);
  ~OpenAiEngine() override;

  void end_by(const Deadline& until) override;
  [[nodiscard]] const EngineHello& hello() const override { return hello_; }
  // completions: the tokenizer's folder; chat: the folder is not looked at.
  [[nodiscard]] Result<OpenedModel> open(const std::string& model_folder, bool apply_template,
                                         const nlohmann::json& template_args) override;
  [[nodiscard]] Result<std::vector<Rendered>> render(const std::vector<Request>& requests) override;
  // Nothing is loaded: `args` are not looked at. What runs is what the server says about itself.
  [[nodiscard]] Result<LoadFacts> load(const nlohmann::json& args,
                                       std::chrono::seconds timeout) override;
  [[nodiscard]] Status submit(std::int64_t id, RequestKind kind, const Rendered& rendered,
                              const Sampling& sampling, int top_k) override;
  [[nodiscard]] Status cancel(std::int64_t id) override;
  [[nodiscard]] std::optional<EngineEvent> wait(std::chrono::milliseconds timeout) override;
  [[nodiscard]] Result<EngineStats> stats() override;
  [[nodiscard]] Status start_lm_eval(std::int64_t id, const nlohmann::json& arguments) override;
  [[nodiscard]] Status answer_need(std::int64_t need, const Response* response) override;
  void shutdown(std::chrono::seconds timeout) override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    RequestKind kind = RequestKind::generate;
    Rendered rendered;  // scored requests: to read the reply
    int top_k = 0;
    std::string body;
    std::unique_ptr<ReplyReader> reader;
    std::int64_t transfer = 0;  // 0: it waits
    int tries = 0;
    bool parked = false;       // its time is over; the canary decides
    bool last_chance = false;  // asked once more after a good canary
    std::string failure;       // the last one's words
    Clock::time_point submitted;
    Clock::time_point not_before;
    Clock::time_point sent;
    Clock::time_point failing_since;  // epoch: it has not failed
  };
  using Jobs = std::map<std::int64_t, Job>;  // by the caller's id

  explicit OpenAiEngine(EndpointOptions options);
  Status meet_server();
  Result<HttpReply> call(const std::string& url, const std::optional<std::string>& body,
                         const Deadline& until);
  Status read_models(const HttpReply& reply);
  void read_version(const Deadline& until);
  [[nodiscard]] bool gives_logprobs(const Deadline& until);
  void greet(const Deadline& until);

  [[nodiscard]] bool fits(RequestKind kind, const Rendered& rendered,
                          const Sampling& sampling) const;
  void launch();  // sends what may be sent now
  Status send(Job& job);
  [[nodiscard]] Clock::time_point next_due(Clock::time_point limit) const;
  void on_done(const HttpClient::Done& done);
  void on_reply(std::int64_t id, Job& job, const HttpReply& reply);
  void on_good_reply(std::int64_t id, Job& job);
  void on_bad_status(std::int64_t id, Job& job, const HttpReply& reply);
  void try_again(std::int64_t id, Job& job, std::string failure, const HttpReply& reply);
  void park(Job& job);
  void send_canary();
  void on_canary(const HttpReply& reply);
  void on_good_canary();
  [[nodiscard]] Error lost(const Job& job) const;
  // A refusal names a parameter that can be left out or written another way, and now is.
  bool adapt(const Job& job, const HttpReply& reply);
  void remember(const Job& job, const Response& response);
  [[nodiscard]] AnsweringModel answering() const;
  void answer(std::int64_t id, Response response);
  void answer_failed(std::int64_t id, const std::string& why);
  void set_aside_too_long(std::int64_t id, const std::string& words);
  void die(Error error);
  [[nodiscard]] std::string clean(std::string_view text) const;      // without any secret
  [[nodiscard]] std::string words_of(const HttpReply& reply) const;  // of an error, cleaned
  void log(const std::string& line) const;

  EndpointOptions options_;
  std::vector<std::string> secrets_;  // the key and whatever else this process knows, spelt
  HttpClient http_;
  EngineHello hello_;
  WireFormat format_;
  std::map<std::string, std::string> facts_;  // what the server says about itself
  int max_model_len_ = 0;
  std::unique_ptr<Engine> renderer_;
  bool open_ = false;
  bool loaded_ = false;
  nlohmann::json template_args_ = nlohmann::json::object();

  Jobs jobs_;
  std::map<std::int64_t, std::int64_t> job_of_;  // transfer -> job
  std::int64_t canary_ = 0;                      // its transfer; 0: none
  int canary_tries_ = 0;                         // in vain, one after the other
  Clock::time_point canary_due_;                 // when it is sent again; epoch: it is not wanted
  std::string proven_;                           // body of the shortest answer so far
  int proven_tokens_ = 0;
  Clock::time_point adapted_at_;  // when a parameter was last left out
  std::deque<EngineEvent> events_;
  std::optional<Error> dead_;
  Clock::time_point hold_until_;  // the server asked all of us to wait
  Clock::time_point next_send_;   // requests_per_minute
  Clock::time_point last_good_;   // when the server last answered well
  std::map<RequestKind, bool> worked_;
  std::int64_t generated_tokens_ = 0;
  std::int64_t prompt_tokens_ = 0;
};

}  // namespace assay

// OpenAiEngine: meeting the server, before any request.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>

#include "base/json.h"
#include "base/secrets.h"
#include "base/text.h"
#include "engine/openai_engine.h"

namespace assay {

using nlohmann::json;
using std::chrono::milliseconds;

namespace {

constexpr int kMaxInFlight = 1024;

std::string text_field(const json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

HttpOptions http_options(const EndpointOptions& options) {
  HttpOptions out;
  out.bearer_token = options.api_key;
  out.connect_timeout = options.connect_timeout;
  out.stall_timeout = options.stall_timeout;
  out.max_connections = options.max_concurrency + 2;
  return out;
}

}  // namespace

OpenAiEngine::OpenAiEngine(EndpointOptions options)
    : options_(std::move(options)),
      secrets_(secret_values_and(options_.api_key)),
      http_(http_options(options_)) {
  while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
  format_.mode = options_.mode;
  format_.model = options_.model;
  format_.extra = options_.extra_body;
  format_.max_tokens_key = options_.max_tokens_key;
  format_.leave_out = options_.leave_out;
  max_model_len_ = options_.max_model_len;
}

OpenAiEngine::~OpenAiEngine() = default;

Result<std::unique_ptr<Engine>> OpenAiEngine::start(EndpointOptions options) {
  std::unique_ptr<OpenAiEngine> engine(new OpenAiEngine(std::move(options)));
  TRY(engine->meet_server());
  return engine;
}

void OpenAiEngine::end_by(const Deadline& until) {
  options_.until = until;
  if (renderer_) renderer_->end_by(until);
}

Status OpenAiEngine::meet_server() {
  const Deadline until = options_.until.at_most(options_.start_patience);
  const HttpReply models = TRY(call(options_.base_url + "/models", std::nullopt, until));
  TRY(read_models(models));
  read_version(until);
  const bool ids = format_.vllm && options_.mode == EndpointMode::completions;
  format_.prompt = options_.prompt.value_or(ids ? EndpointPrompt::tokens : EndpointPrompt::text);
  greet(until);
  return {};
}

// Waits for the reply; failures that may pass are tried again while there is time.
Result<HttpReply> OpenAiEngine::call(const std::string& url, const std::optional<std::string>& body,
                                     const Deadline& until) {
  const auto since = Clock::now();
  const auto given_up = [&](const std::string& why) {
    const Deadline::Seconds tried = Clock::now() - since;
    return environment_error(fmt::format("the endpoint {} does not answer", options_.base_url),
                             fmt::format("{} (tried for {:.1f} s)", why, tried.count()),
                             "start the server, or check base_url");
  };
  for (int tries = 1;; ++tries) {
    const std::int64_t id = TRY(http_.start({url, body, {}}));
    std::vector<HttpClient::Done> done;
    while (done.empty()) {
      if (until.over()) http_.cancel(id);
      if (until.stopped()) return std::unexpected(interrupted_error());
      if (until.passed()) return given_up("it is silent");
      done = http_.pump(until.left(milliseconds(100)));
    }
    const HttpReply& reply = done.front().reply;
    const bool again = !reply.failure.empty() || reply.status == 429 || reply.status >= 500;
    if (!again) return reply;
    const std::string why = !reply.failure.empty()
                                ? clean(reply.failure)
                                : fmt::format("HTTP {}: {}", reply.status, words_of(reply));
    const milliseconds pause =
        std::max(milliseconds(static_cast<std::int64_t>(reply.retry_after_s * 1000)),
                 retry_pause(tries, options_.first_pause, options_.longest_pause, 0));
    if (Clock::now() + pause > until.at()) return given_up(why);
    log(fmt::format("start: {}; again in {:.1f} s", why,
                    std::chrono::duration<double>(pause).count()));
    const Deadline next = until.at_most(pause);
    while (!next.over()) (void)http_.pump(next.left(milliseconds(50)));
  }
}

Status OpenAiEngine::read_models(const HttpReply& reply) {
  const std::string place = options_.base_url + "/models";
  if (reply.status == 401 || reply.status == 403) {
    return environment_error(fmt::format("the endpoint {} refuses the key", options_.base_url),
                             fmt::format("HTTP {}: {}", reply.status, words_of(reply)),
                             options_.api_key_env.empty()
                                 ? "name the key's variable: `api_key_env: …`"
                                 : "check the variable " + options_.api_key_env);
  }
  const json list = json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  const bool readable =
      reply.status == 200 && list.is_object() && list.contains("data") && list["data"].is_array();
  if (!readable) {
    return environment_error(
        fmt::format("{} is no OpenAI-compatible endpoint", options_.base_url),
        fmt::format("GET {} gives HTTP {} with {}", place, reply.status, words_of(reply)),
        "base_url usually ends in /v1");
  }
  std::vector<std::string> served;
  for (const json& model : list["data"]) {
    if (!model.is_object()) continue;
    served.push_back(text_field(model, "id"));
    if (served.back() != options_.model) continue;
    format_.vllm = text_field(model, "owned_by") == "vllm";
    const json length = model.value("max_model_len", json());
    if (length.is_number_integer()) {
      const int theirs = length.get<int>();
      max_model_len_ = max_model_len_ == 0 ? theirs : std::min(max_model_len_, theirs);
    }
    facts_["owned_by"] = text_field(model, "owned_by");
    if (const std::string root = text_field(model, "root"); !root.empty()) facts_["root"] = root;
  }
  if (std::ranges::find(served, options_.model) == served.end()) {
    return environment_error(
        fmt::format("the endpoint {} does not serve '{}'", options_.base_url, options_.model),
        "it serves " + (served.empty() ? std::string("nothing") : clean(join(served, ", "))),
        "write the variant's model as the server names it");
  }
  return {};
}

// vLLM's server tells it at /version, beside /v1; others mostly do not.
void OpenAiEngine::read_version(const Deadline& until) {
  std::string root = options_.base_url;
  if (root.ends_with("/v1")) root.erase(root.size() - 3);
  const auto reply = call(root + "/version", std::nullopt, until);
  if (!reply || reply->status != 200) return;
  const json value = json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  if (value.is_object()) facts_["version"] = clean(text_field(value, "version")).substr(0, 100);
}

// Others than vLLM's server: asked with three tokens, which every vocabulary has.
bool OpenAiEngine::gives_logprobs(const Deadline& until) {
  if (format_.vllm) return true;
  Rendered probe;
  probe.scored = {{{1, 2, 3}, 1}};
  const json body = wire_body(format_, RequestKind::loglikelihood, probe, {}, 1);
  const auto reply = call(options_.base_url + "/completions", dump_json(body), until);
  if (!reply || reply->status != 200) return false;
  const json whole = json::parse(reply->body, nullptr, /*allow_exceptions=*/false);
  return scored_response(format_, RequestKind::loglikelihood, probe, 1, whole).has_value();
}

void OpenAiEngine::greet(const Deadline& until) {
  hello_.worker = "openai";
  hello_.max_in_flight = kMaxInFlight;
  const auto found = facts_.find("version");
  const std::string version = found == facts_.end() ? "unknown" : found->second;
  hello_.versions = {{format_.vllm ? "vllm (server)" : "server", version}};
  hello_.capabilities = {"generate"};
  if (format_.vllm) hello_.capabilities.emplace_back("token_ids");
  if (options_.mode == EndpointMode::completions) {
    hello_.capabilities.emplace_back("render");
    if (options_.wants_logprobs && gives_logprobs(until)) {
      hello_.capabilities.emplace_back("loglikelihood");
      if (format_.vllm) hello_.capabilities.emplace_back("prompt_logprobs");
    }
  }
  facts_["endpoint"] = options_.base_url;
  facts_["model"] = options_.model;
  facts_["mode"] = options_.mode == EndpointMode::chat ? "chat" : "completions";
  if (options_.mode == EndpointMode::completions) {
    facts_["prompt"] = format_.prompt == EndpointPrompt::tokens ? "token ids" : "text";
  }
  for (const char* of_server : {"owned_by", "root"}) {
    if (facts_.contains(of_server)) facts_[of_server] = clean(facts_[of_server]);
  }
}

std::string OpenAiEngine::clean(std::string_view text) const {
  return words_without_secrets(text, secrets_);
}

// Cleaned before it is shortened, and as text, not as JSON writes it: "\\u002d" is a "-", too.
std::string OpenAiEngine::words_of(const HttpReply& reply) const {
  const json value = json::parse(reply.body, nullptr, /*allow_exceptions=*/false);
  const bool readable = value.is_structured() || value.is_string();
  return words_of_error(clean(readable ? dump_json(value) : reply.body), reply.type);
}

void OpenAiEngine::log(const std::string& line) const {
  if (options_.log_file.empty()) return;
  std::ofstream(options_.log_file, std::ios::app) << clean(line) << '\n';
}

}  // namespace assay

#include "values/request.h"

#include <limits>

namespace assay {

using nlohmann::json;

namespace {

// JSON has no infinity; a log-probability of minus infinity travels as null.
json logprob_json(double value) {
  return value == -std::numeric_limits<double>::infinity() ? json(nullptr) : json(value);
}

double logprob_from(const json& value) {
  return value.is_null() ? -std::numeric_limits<double>::infinity() : value.get<double>();
}

FinishReason finish_reason_from(const std::string& text) {
  if (text == "length") return FinishReason::length;
  if (text == "error") return FinishReason::error;
  return FinishReason::stop;
}

json positions_json(const std::vector<TokenLogprobs>& positions) {
  json out = json::array();
  for (const TokenLogprobs& p : positions) {
    json tops = json::array();
    for (double logprob : p.top_logprobs) tops.push_back(logprob_json(logprob));
    out.push_back({p.token, logprob_json(p.logprob), p.rank, p.top_tokens, tops});
  }
  return out;
}

// A number with more digits than any integer has is read as a float, and one beyond an int must not
// become one: it throws nlohmann's error of a wrong type.
int whole(const json& number) {
  constexpr int kWrongType = 302;
  if (!number.is_number_integer()) {
    throw json::type_error::create(kWrongType, "a whole number is missing", &number);
  }
  return static_cast<int>(number.get<std::int64_t>());
}

std::vector<TokenLogprobs> positions_from(const json& value) {
  std::vector<TokenLogprobs> out;
  for (const json& entry : value) {
    TokenLogprobs p;
    p.token = whole(entry.at(0));
    p.logprob = logprob_from(entry.at(1));
    p.rank = whole(entry.at(2));
    p.top_tokens = tokens_from_json(entry.at(3));
    for (const json& logprob : entry.at(4)) p.top_logprobs.push_back(logprob_from(logprob));
    out.push_back(std::move(p));
  }
  return out;
}

}  // namespace

std::vector<int> tokens_from_json(const json& value) {
  std::vector<int> out;
  const auto& tokens = value.get_ref<const json::array_t&>();
  out.reserve(tokens.size());
  for (const json& token : tokens) out.push_back(whole(token));
  return out;
}

int tokens_to_read(const Rendered& prompt) {
  if (prompt.scored.empty()) return static_cast<int>(prompt.prompt_tokens.size());
  std::size_t tokens = 0;
  for (const Rendered::Scored& scored : prompt.scored) tokens += scored.tokens.size();
  return static_cast<int>(tokens);
}

int output_tokens(const Response& response) {
  return response.token_ids.empty() ? response.unlisted_tokens
                                    : static_cast<int>(response.token_ids.size());
}

std::string_view to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::error:
      return "error";
  }
  return "error";
}

std::string_view to_string(RequestKind kind) {
  switch (kind) {
    case RequestKind::generate:
      return "generate";
    case RequestKind::loglikelihood:
      return "loglikelihood";
    case RequestKind::prompt_logprobs:
      return "prompt_logprobs";
  }
  return "generate";
}

json to_json(const Sampling& sampling) {
  json out = {{"max_tokens", sampling.max_tokens}, {"temperature", sampling.temperature},
              {"top_p", sampling.top_p},           {"top_k", sampling.top_k},
              {"min_p", sampling.min_p},           {"stop", sampling.stop}};
  // Left out when off: keys that were stored before these were known stay as they are.
  if (sampling.presence_penalty != 0) out["presence_penalty"] = sampling.presence_penalty;
  if (sampling.frequency_penalty != 0) out["frequency_penalty"] = sampling.frequency_penalty;
  if (sampling.repetition_penalty != 1) out["repetition_penalty"] = sampling.repetition_penalty;
  if (sampling.seed) out["seed"] = *sampling.seed;
  if (!sampling.cache_salt.empty()) out["cache_salt"] = sampling.cache_salt;
  if (sampling.logprobs > 0) out["logprobs"] = sampling.logprobs;
  return out;
}

json to_json(const Request& request) {
  json messages = json::array();
  for (const Message& m : request.messages) {
    messages.push_back({{"role", m.role}, {"content", m.content}});
  }
  return {{"kind", to_string(request.kind)},
          {"messages", messages},
          {"plain", request.plain},
          {"assistant_prefix", request.assistant_prefix},
          {"continuations", request.continuations},
          {"sampling", to_json(request.sampling)}};
}

json to_json(const Rendered& rendered) {
  json scored = json::array();
  for (const Rendered::Scored& s : rendered.scored) {
    scored.push_back({{"tokens", s.tokens}, {"continuation_start", s.continuation_start}});
  }
  return {{"text", rendered.text}, {"prompt_tokens", rendered.prompt_tokens}, {"scored", scored}};
}

Rendered rendered_from_json(const json& value) {
  Rendered out;
  out.text = value.at("text");
  out.prompt_tokens = tokens_from_json(value.at("prompt_tokens"));
  for (const json& s : value.at("scored")) {
    out.scored.push_back({tokens_from_json(s.at("tokens")), whole(s.at("continuation_start"))});
  }
  return out;
}

json to_json(const Response& response) {
  json likelihoods = json::array();
  for (const LogLikelihood& l : response.loglikelihoods) {
    likelihoods.push_back(
        {{"sum", logprob_json(l.sum)}, {"is_greedy", l.is_greedy}, {"tokens", l.tokens}});
  }
  json out = {{"text", response.text},
              {"token_ids", response.token_ids},
              {"finish_reason", to_string(response.finish_reason)},
              {"stop_reason", response.stop_reason},
              {"loglikelihoods", likelihoods},
              {"positions", positions_json(response.positions)},
              {"error", response.error},
              {"prompt_tokens", response.prompt_tokens},
              {"queued_s", response.queued_s},
              {"first_token_s", response.first_token_s},
              {"decode_s", response.decode_s}};
  if (response.in_flight > 0) out["in_flight"] = response.in_flight;
  if (response.unlisted_tokens > 0) out["unlisted_tokens"] = response.unlisted_tokens;
  if (response.prompt_tokens_sent > 0) out["prompt_tokens_sent"] = response.prompt_tokens_sent;
  if (response.failed_times > 0) out["failed_times"] = response.failed_times;
  return out;
}

Response response_from_json(const json& value) {
  Response out;
  out.text = value.at("text");
  out.token_ids = tokens_from_json(value.at("token_ids"));
  out.finish_reason = finish_reason_from(value.at("finish_reason"));
  out.stop_reason = value.at("stop_reason");
  for (const json& l : value.at("loglikelihoods")) {
    out.loglikelihoods.push_back({.sum = logprob_from(l.at("sum")),
                                  .is_greedy = l.at("is_greedy").get<bool>(),
                                  .tokens = l.at("tokens").get<int>()});
  }
  out.positions = positions_from(value.at("positions"));
  out.error = value.at("error");
  out.prompt_tokens = value.at("prompt_tokens");
  out.unlisted_tokens = value.value("unlisted_tokens", 0);
  out.queued_s = value.at("queued_s");
  out.first_token_s = value.at("first_token_s");
  out.decode_s = value.at("decode_s");
  out.in_flight = value.value("in_flight", 0);
  out.prompt_tokens_sent = value.value("prompt_tokens_sent", 0);
  out.failed_times = value.value("failed_times", 0);
  return out;
}

}  // namespace assay

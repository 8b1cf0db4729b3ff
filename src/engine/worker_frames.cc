#include "engine/worker_frames.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/secrets.h"
#include "base/text.h"

namespace assay {

using nlohmann::json;

namespace {

std::string text_or(const json& frame, const char* field, std::string otherwise) {
  const auto it = frame.find(field);
  if (it == frame.end() || !it->is_string()) return otherwise;
  return one_line(it->get<std::string>());
}

template <typename T>
T value_or(const json& frame, const char* field, T otherwise) {
  const auto it = frame.find(field);
  return it == frame.end() || it->is_null() ? std::move(otherwise) : it->get<T>();
}

RequestKind kind_from(const std::string& text) {
  for (RequestKind kind :
       {RequestKind::generate, RequestKind::loglikelihood, RequestKind::prompt_logprobs}) {
    if (text == to_string(kind)) return kind;
  }
  throw json::other_error::create(501, "no request kind: " + text, nullptr);
}

Sampling sampling_from(const json& value) {
  Sampling out;
  out.max_tokens = value.at("max_tokens");
  out.temperature = value_or(value, "temperature", out.temperature);
  out.top_p = value_or(value, "top_p", out.top_p);
  out.top_k = value_or(value, "top_k", out.top_k);
  out.min_p = value_or(value, "min_p", out.min_p);
  out.presence_penalty = value_or(value, "presence_penalty", out.presence_penalty);
  out.frequency_penalty = value_or(value, "frequency_penalty", out.frequency_penalty);
  out.repetition_penalty = value_or(value, "repetition_penalty", out.repetition_penalty);
  out.stop = value_or(value, "stop", out.stop);
  const auto seed = value.find("seed");
  if (seed != value.end() && !seed->is_null()) out.seed = seed->get<std::uint64_t>();
  return out;
}

std::vector<Rendered::Scored> scored_from(const json& value) {
  std::vector<Rendered::Scored> out;
  for (const json& entry : value) {
    out.push_back(
        {tokens_from_json(entry.at("tokens")), entry.at("continuation_start").get<int>()});
  }
  return out;
}

}  // namespace

EngineHello hello_from(const json& frame) {
  EngineHello out;
  out.worker = frame.at("worker");
  out.versions = frame.at("versions").get<std::map<std::string, std::string>>();
  out.capabilities = frame.at("capabilities").get<std::vector<std::string>>();
  for (const char* every_worker : {"token_ids", "engine_facts", "process"}) {
    out.capabilities.emplace_back(every_worker);
  }
  out.max_in_flight = std::max(1, frame.at("max_in_flight").get<int>());
  return out;
}

std::optional<std::string> other_worker_version(const EngineHello& hello) {
  const auto own = hello.versions.find("assay_worker");
  if (own == hello.versions.end() || own->second == ASSAY_VERSION) return std::nullopt;
  return own->second;
}

OpenedModel opened_from(const json& frame) {
  OpenedModel out;
  out.tokenizer_hash = frame.at("tokenizer_hash");
  out.template_hash = frame.at("template_hash");
  out.max_model_len = frame.at("max_model_len");
  out.vocab_size = frame.at("vocab_size");
  out.ignored_args = value_or(frame, "ignored_args", out.ignored_args);
  return out;
}

LoadFacts loaded_from(const json& frame) {
  LoadFacts out = load_facts_from_json(frame);
  out.load_s = frame.at("load_s");
  out.max_model_len = frame.at("max_model_len");
  return out;
}

EngineStats stats_from(const json& frame) {
  EngineStats out;
  out.running = frame.at("running");
  out.waiting = frame.at("waiting");
  out.generated_tokens = frame.at("generated_tokens");
  out.prompt_tokens = frame.at("prompt_tokens");
  out.kv_cache_use = frame.at("kv_cache_use");
  if (const auto energy = frame.find("energy_j"); energy != frame.end() && energy->is_number()) {
    out.energy_j = energy->get<double>();
  }
  if (const auto use = frame.find("gpu_use"); use != frame.end() && use->is_object()) {
    out.gpu_use = gpu_use_from_json(*use);
  }
  return out;
}

std::vector<Rendered> rendered_list_from(const json& frame) {
  std::vector<Rendered> out;
  for (const json& prompt : frame.at("prompts")) out.push_back(rendered_from_json(prompt));
  return out;
}

Response result_from(json frame, const std::vector<std::string>& secrets) {
  const json defaults = to_json(Response{});
  for (const auto& [field, value] : defaults.items()) {
    const auto it = frame.find(field);
    if (it == frame.end() || it->is_null()) frame[field] = value;
  }
  Response response = response_from_json(frame);
  if (!response.error.empty()) response.error = without_secrets(response.error);
  response.text = without_secrets(response.text, secrets);
  return response;
}

Needed need_from(const json& frame) {
  Needed out;
  out.need = frame.at("need");
  out.task = value_or(frame, "task", out.task);
  out.doc = value_or(frame, "doc", out.doc);
  out.repeat = value_or(frame, "repeat", out.repeat);
  out.kind = kind_from(frame.at("kind"));
  out.rendered.text = value_or(frame, "text", std::string());
  const auto prompt = frame.find("prompt_tokens");
  if (prompt != frame.end() && !prompt->is_null()) {
    out.rendered.prompt_tokens = tokens_from_json(*prompt);
  }
  if (frame.contains("scored")) out.rendered.scored = scored_from(frame["scored"]);
  if (frame.contains("sampling") && !frame["sampling"].is_null() && !frame["sampling"].empty()) {
    out.sampling = sampling_from(frame["sampling"]);
  }
  return out;
}

Error error_from(const json& frame, ErrorKind kind) {
  // Words of libraries that know the tokens: they are printed and stored.
  return Error{kind, without_secrets(text_or(frame, "what", "the engine failed")),
               without_secrets(text_or(frame, "why", "")),
               without_secrets(text_or(frame, "fix", ""))};
}

Restart restart_after(const json& fatal_error) {
  const auto final = fatal_error.find("final");
  const bool is_final = final != fatal_error.end() && final->is_boolean() && final->get<bool>();
  return is_final ? Restart::useless : Restart::may_help;
}

json request_frame(RequestKind kind, const Rendered& rendered, const Sampling& sampling,
                   int top_k) {
  json out = {{"type", to_string(kind)}};
  if (kind == RequestKind::generate) {
    out["prompt_tokens"] = rendered.prompt_tokens;
    out["sampling"] = to_json(sampling);
    return out;
  }
  json scored = json::array();
  for (const Rendered::Scored& s : rendered.scored) {
    scored.push_back({{"tokens", s.tokens}, {"continuation_start", s.continuation_start}});
  }
  out["scored"] = std::move(scored);
  if (kind == RequestKind::prompt_logprobs) out["top_k"] = top_k;
  return out;
}

}  // namespace assay

#include "engine/openai_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"
#include "engine/openai_json.h"

namespace assay {

using nlohmann::json;

namespace {

constexpr double kServersMinusInfinity = -9999.0;  // how vLLM's server writes minus infinity

json sampling_fields(const WireFormat& format, const Sampling& sampling) {
  json out = {{format.max_tokens_key, sampling.max_tokens},
              {"temperature", sampling.temperature},
              {"top_p", sampling.top_p}};
  if (!sampling.stop.empty()) out["stop"] = sampling.stop;
  if (sampling.seed) out["seed"] = *sampling.seed;
  // A vLLM server fills in what is not said from the model's generation_config.json.
  if (format.vllm || sampling.top_k != 0) out["top_k"] = sampling.top_k;
  if (format.vllm || sampling.min_p != 0) out["min_p"] = sampling.min_p;
  if (sampling.presence_penalty != 0) out["presence_penalty"] = sampling.presence_penalty;
  if (sampling.frequency_penalty != 0) out["frequency_penalty"] = sampling.frequency_penalty;
  if (format.vllm || sampling.repetition_penalty != 1) {
    out["repetition_penalty"] = sampling.repetition_penalty;
  }
  if (format.vllm) out["return_token_ids"] = true;
  return out;
}

void add_chat(json& body, const std::string& text) {
  json chat = json::parse(text);
  body["messages"] = std::move(chat.at("messages"));
  if (!chat.at("template_args").empty()) body["chat_template_kwargs"] = chat.at("template_args");
  const std::string prefix = chat.at("assistant_prefix");
  if (prefix.empty()) return;
  body["messages"].push_back({{"role", "assistant"}, {"content", prefix}});
  body["add_generation_prompt"] = false;
  body["continue_final_message"] = true;
}

double logprob_from(const json& value) {
  const double logprob = value.is_null() ? kServersMinusInfinity : value.get<double>();
  return logprob <= kServersMinusInfinity ? -std::numeric_limits<double>::infinity() : logprob;
}

// One entry of vLLM's prompt_logprobs: {"token id": {"logprob", "rank", …}}.
TokenLogprobs position_from(const json& entry, int token, int top_k) {
  struct One {
    double logprob;
    int rank;
    int token;
  };
  std::vector<One> all;
  for (const auto& [key, value] : entry.items()) {
    all.push_back({logprob_from(value.at("logprob")), value.at("rank").get<int>(), std::stoi(key)});
  }
  std::ranges::sort(all, [](const One& a, const One& b) {
    return a.logprob != b.logprob ? a.logprob > b.logprob : a.rank < b.rank;
  });
  TokenLogprobs out;
  out.token = token;
  const json& own = entry.at(std::to_string(token));
  out.logprob = logprob_from(own.at("logprob"));
  out.rank = own.at("rank");
  for (const One& one : all) {
    if (static_cast<int>(out.top_tokens.size()) == top_k) break;
    out.top_tokens.push_back(one.token);
    out.top_logprobs.push_back(one.logprob);
  }
  return out;
}

LogLikelihood likelihood_from_positions(const json& entries, const Rendered::Scored& scored) {
  LogLikelihood out{0, true, 0};
  for (std::size_t i = static_cast<std::size_t>(scored.continuation_start);
       i < scored.tokens.size(); ++i) {
    const TokenLogprobs position = position_from(entries.at(i), scored.tokens[i], 1);
    out.sum += position.logprob;
    out.is_greedy = out.is_greedy && position.logprob >= position.top_logprobs.at(0);
    ++out.tokens;
  }
  return out;
}

// The `logprobs` of a completion with echo: one entry for each token of the prompt.
LogLikelihood likelihood_from_echo(const json& logprobs, const Rendered::Scored& scored) {
  const json& own = logprobs.at("token_logprobs");
  const json& top = logprobs.at("top_logprobs");
  LogLikelihood out{0, true, 0};
  for (std::size_t i = static_cast<std::size_t>(scored.continuation_start);
       i < scored.tokens.size(); ++i) {
    const double logprob = logprob_from(own.at(i));
    double best = -std::numeric_limits<double>::infinity();
    for (const auto& [token, value] : top.at(i).items()) {
      best = std::max(best, logprob_from(value));
    }
    out.sum += logprob;
    out.is_greedy = out.is_greedy && logprob >= best;
    ++out.tokens;
  }
  return out;
}

Response scored_from(const WireFormat& format, RequestKind kind, const Rendered& rendered,
                     int top_k, const json& whole) {
  std::vector<const json*> choices(rendered.scored.size(), nullptr);
  for (const json& choice : whole.at("choices")) {
    choices.at(choice.value("index", std::size_t{0})) = &choice;
  }
  Response out;
  out.prompt_tokens = wire_count(wire_field(wire_field(whole, "usage"), "prompt_tokens"));
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const Rendered::Scored& scored = rendered.scored[i];
    if (choices[i] == nullptr) throw json::other_error::create(0, "a choice is missing", nullptr);
    if (!format.vllm) {
      out.loglikelihoods.push_back(likelihood_from_echo(choices[i]->at("logprobs"), scored));
      continue;
    }
    const json& entries = choices[i]->at("prompt_logprobs");
    if (kind == RequestKind::loglikelihood) {
      out.loglikelihoods.push_back(likelihood_from_positions(entries, scored));
      continue;
    }
    for (std::size_t k = static_cast<std::size_t>(std::max(1, scored.continuation_start));
         k < scored.tokens.size(); ++k) {
      out.positions.push_back(position_from(entries.at(k), scored.tokens[k], top_k));
    }
  }
  return out;
}

}  // namespace

std::string_view wire_path(EndpointMode mode) {
  return mode == EndpointMode::chat ? "/chat/completions" : "/completions";
}

Rendered rendered_chat(const Request& request, const json& template_args) {
  json messages = json::array();
  for (const Message& m : request.messages) {
    messages.push_back({{"role", m.role}, {"content", m.content}});
  }
  Rendered out;
  out.text = dump_json({{"messages", messages},
                        {"template_args", template_args.is_null() ? json::object() : template_args},
                        {"assistant_prefix", request.assistant_prefix}});
  return out;
}

json wire_body(const WireFormat& format, RequestKind kind, const Rendered& rendered,
               const Sampling& sampling, int top_k) {
  json body;
  if (kind == RequestKind::generate) {
    body = sampling_fields(format, sampling);
    body["stream"] = true;
    body["stream_options"] = {{"include_usage", true}};
    if (format.mode == EndpointMode::chat) {
      add_chat(body, rendered.text);
    } else if (format.prompt == EndpointPrompt::tokens) {
      body["prompt"] = rendered.prompt_tokens;
    } else {
      body["prompt"] = rendered.text;
    }
  } else {
    body = {{"max_tokens", 1}, {"temperature", 0.0}, {"stream", false}};
    json prompts = json::array();
    for (const Rendered::Scored& scored : rendered.scored) prompts.push_back(scored.tokens);
    body["prompt"] = std::move(prompts);
    if (format.vllm) {
      body["prompt_logprobs"] = kind == RequestKind::loglikelihood ? 1 : top_k;
    } else {
      body["echo"] = true;
      body["logprobs"] = 1;
    }
  }
  body["model"] = format.model;
  for (const std::string& name : format.leave_out) body.erase(name);
  body.update(format.extra);
  return body;
}

json canary_body(const WireFormat& format) {
  json body = {{"model", format.model}, {format.max_tokens_key, 1}, {"temperature", 0.0}};
  for (const std::string& name : format.leave_out) body.erase(name);
  if (format.mode == EndpointMode::chat) {
    body["messages"] = {{{"role", "user"}, {"content", "Say yes."}}};
  } else {
    body["prompt"] = "Yes";
  }
  body.update(format.extra);
  return body;
}

Result<Response> scored_response(const WireFormat& format, RequestKind kind,
                                 const Rendered& rendered, int top_k, const json& whole) {
  try {
    return scored_from(format, kind, rendered, top_k, whole);
  } catch (const std::exception& e) {
    return environment_error("the server's log-probabilities cannot be read",
                             one_line(e.what(), kLongestWords), "");
  }
}

}  // namespace assay

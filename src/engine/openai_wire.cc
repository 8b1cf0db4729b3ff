#include "engine/openai_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "base/text.h"

namespace assay {

using nlohmann::json;

namespace {

constexpr std::size_t kLongestWords = 200;
constexpr std::size_t kBytesPerToken = 5;          // rather few tokens: in English 4.5 make one
constexpr double kServersMinusInfinity = -9999.0;  // how vLLM's server writes minus infinity

const json& field(const json& object, const char* name) {
  static const json nothing;
  if (!object.is_object()) return nothing;
  const auto it = object.find(name);
  return it == object.end() ? nothing : *it;
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : std::string();
}

int count_of(const json& value) {
  return value.is_number_integer() ? value.get<int>() : 0;
}

json sampling_fields(const WireFormat& format, const Sampling& sampling) {
  json out = {{"max_tokens", sampling.max_tokens},
              {"temperature", sampling.temperature},
              {"top_p", sampling.top_p}};
  if (!sampling.stop.empty()) out["stop"] = sampling.stop;
  if (sampling.seed) out["seed"] = *sampling.seed;
  // A vLLM server fills in what is not said from the model's generation_config.json.
  if (format.vllm || sampling.top_k != 0) out["top_k"] = sampling.top_k;
  if (format.vllm || sampling.min_p != 0) out["min_p"] = sampling.min_p;
  if (format.vllm) {
    out["repetition_penalty"] = 1.0;
    out["return_token_ids"] = true;
  }
  return out;
}

void add_chat(json& body, const std::string& text) {
  const json chat = json::parse(text);
  body["messages"] = chat.at("messages");
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
  out.prompt_tokens = count_of(field(field(whole, "usage"), "prompt_tokens"));
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
  body.update(format.extra);
  return body;
}

json canary_body(const WireFormat& format) {
  json body = {{"model", format.model}, {"max_tokens", 1}, {"temperature", 0.0}};
  if (format.mode == EndpointMode::chat) {
    body["messages"] = {{{"role", "user"}, {"content", "Say yes."}}};
  } else {
    body["prompt"] = "Yes";
  }
  body.update(format.extra);
  return body;
}

// --- replies ---

void ReplyReader::feed(std::string_view bytes) {
  buffer_ += bytes;
  if (!decided_) {
    const std::string_view start = trim(buffer_);
    if (start.size() < 6 && !start.starts_with('{')) return;
    decided_ = true;
    streamed_ = start.starts_with("data:") || start.starts_with("event:") || start.starts_with(':');
  }
  if (!streamed_) return;
  std::size_t from = 0;
  for (std::size_t at = buffer_.find('\n'); at != std::string::npos;
       at = buffer_.find('\n', from)) {
    line(std::string_view(buffer_).substr(from, at - from));
    from = at + 1;
  }
  buffer_.erase(0, from);
}

void ReplyReader::line(std::string_view raw) {
  const std::string_view event = trim(raw);
  if (!event.starts_with("data:")) return;  // comments, event names, blank lines
  const std::string_view data = trim(event.substr(5));
  if (data == "[DONE]" || !problem.empty()) return;
  const json value = json::parse(data, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    problem = "a piece of the stream is not JSON: " + one_line(data, kLongestWords);
    return;
  }
  object(value);
}

void ReplyReader::end() {
  if (streamed_) {
    if (!buffer_.empty()) line(std::exchange(buffer_, {}));
    if (problem.empty() && finish_reason.empty()) {
      problem = "the stream ended before the answer did";
    }
    return;
  }
  whole = json::parse(buffer_, nullptr, /*allow_exceptions=*/false);
  if (whole.is_discarded() || !whole.is_object()) {
    problem = "the reply is not JSON: " + words_of_error(buffer_, "");
    whole = json();
    return;
  }
  object(whole);
  if (problem.empty() && finish_reason.empty()) problem = "the reply holds no finished choice";
}

void ReplyReader::object(const json& value) {
  if (const json& error = field(value, "error"); !error.is_null()) {
    problem = "the server says: " + words_of_error(dump_json(value), "application/json");
    too_long = says_too_long(dump_json(value));  // SGLang refuses within a stream that began well
    return;
  }
  const std::string name = text_of(field(value, "model"));
  if (name != model_) {
    problem = name.empty() ? "the reply names no model"
                           : fmt::format("the model '{}' answered, not '{}'",
                                         one_line(name, kLongestWords), model_);
    wrong_model = !name.empty();
    return;
  }
  if (const json& usage = field(value, "usage"); usage.is_object()) {
    prompt_tokens = count_of(field(usage, "prompt_tokens"));
    output_tokens = count_of(field(usage, "completion_tokens"));
  }
  const json& choices = field(value, "choices");
  if (choices.is_array() && !choices.empty()) choice(choices.front());
}

void ReplyReader::choice(const json& choice) {
  json part = field(choice, "delta");
  if (part.is_null()) part = field(choice, "message");
  std::string piece = text_of(part.is_object() ? field(part, "content") : field(choice, "text"));
  std::string thought = text_of(field(part, "reasoning"));
  if (thought.empty()) thought = text_of(field(part, "reasoning_content"));
  bool came = !piece.empty() || !thought.empty();
  text += piece;
  reasoning += thought;
  if (const json& ids = field(choice, "token_ids"); ids.is_array()) {
    for (const json& id : ids) {
      if (id.is_number_integer()) token_ids.push_back(id.get<int>());
    }
    came = came || !ids.empty();
  }
  if (came) {
    ++pieces;
    last_token = Clock::now();
    if (first_token == Clock::time_point{}) first_token = last_token;
  }
  if (const std::string why = text_of(field(choice, "finish_reason")); !why.empty()) {
    finish_reason = why;
    stop_reason = text_of(field(choice, "stop_reason"));
  }
}

namespace {

int counted_tokens(const ReplyReader& reader) {
  if (reader.output_tokens > 0) return reader.output_tokens;
  const std::size_t bytes = reader.text.size() + reader.reasoning.size();
  return std::max(reader.pieces, static_cast<int>(bytes / kBytesPerToken));
}

}  // namespace

Response generate_response(const ReplyReader& reader) {
  Response out;
  out.text = reader.text;
  if (!reader.reasoning.empty()) {  // as the model wrote it, before the server took it apart
    out.text = "<think>\n" + reader.reasoning + "\n</think>\n\n" + reader.text;
  }
  out.token_ids = reader.token_ids;
  out.prompt_tokens = reader.prompt_tokens;
  out.unlisted_tokens = reader.token_ids.empty() ? counted_tokens(reader) : 0;
  out.stop_reason = reader.stop_reason;
  if (reader.finish_reason == "length") {
    out.finish_reason = FinishReason::length;
  } else if (reader.finish_reason != "stop") {
    out.finish_reason = FinishReason::error;
    out.error = "the server ended the answer: " + one_line(reader.finish_reason, kLongestWords);
  }
  return out;
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

bool says_too_long(std::string_view text) {
  static constexpr auto kWords = std::to_array<std::string_view>({
      "maximum context length",                        // OpenAI, vLLM, SGLang, Mistral
      "context_length_exceeded",                       // OpenAI's code
      "longer than the maximum model length",          // vLLM
      "longer than the model's context length",        // SGLang
      "tokens) exceeds the maximum allowed length",    // SGLang, of its cache
      "exceeds the available context size",            // llama.cpp
      "exceed_context_size_error",                     // llama.cpp's type
      "context size has been exceeded",                // llama.cpp and LM Studio, in mid-answer
      "greater than the context length",               // LM Studio
      "`inputs` tokens + `max_new_tokens` must be",    // TGI
      "`inputs` must have less than",                  // TGI
      "reduce the length of the messages",             // Groq
      "exceeds the maximum number of tokens allowed",  // Gemini
      "prompt is too long",                            // Anthropic
  });
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::ranges::any_of(
      kWords, [&lower](std::string_view words) { return lower.find(words) != std::string::npos; });
}

std::string words_of_error(std::string_view body, std::string_view type) {
  const std::string_view start = trim(body);
  if (start.starts_with('<') || type == "text/html") {
    const std::size_t from = start.find("<title>");
    const std::size_t to = start.find("</title>");
    if (from == std::string_view::npos || to == std::string_view::npos || to < from) {
      return "a page of HTML";
    }
    return "a page of HTML, '" + one_line(start.substr(from + 7, to - from - 7), kLongestWords) +
           "'";
  }
  const json value = json::parse(start, nullptr, /*allow_exceptions=*/false);
  for (const json* place : {&field(value, "error"), &value}) {
    if (place->is_string()) return one_line(place->get<std::string>(), kLongestWords);
    for (const char* name : {"message", "detail"}) {
      if (const std::string words = text_of(field(*place, name)); !words.empty()) {
        return one_line(words, kLongestWords);
      }
    }
  }
  return start.empty() ? "nothing" : one_line(start, kLongestWords);
}

}  // namespace assay

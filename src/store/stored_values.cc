#include "store/stored_values.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "store/laid_out_json.h"

namespace assay {
namespace {

using nlohmann::json;

template <typename T>
Result<T> read_as_tree(std::string_view text, const std::string& file,
                       T (*value_of)(const json& tree)) {
  try {
    return value_of(json::parse(text));
  } catch (const json::exception& e) {
    return environment_error(file + " holds a record that cannot be read", e.what(),
                             "keep the file, and choose another folder with --out");
  }
}

void read(LaidOutJson& in, LogLikelihood& out);
void read(LaidOutJson& in, Rendered::Scored& out);

template <typename T>
void read(LaidOutJson& in, T& out) {
  in.read(out);
}

template <typename T>
void read(LaidOutJson& in, std::vector<T>& out) {
  in.begin_list();
  while (in.next_element()) read(in, out.emplace_back());
}

template <typename T>
void read_field(LaidOutJson& in, std::string_view name, T& out) {
  in.key(name);
  read(in, out);
}

template <typename T>
void read_if_there(LaidOutJson& in, std::string_view name, T& out) {
  if (in.has_key(name)) read(in, out);
}

void read_logprob(LaidOutJson& in, double& out) {
  if (in.take_null()) {
    out = -std::numeric_limits<double>::infinity();
  } else {
    in.read(out);
  }
}

void read(LaidOutJson& in, LogLikelihood& out) {
  in.begin_object();
  read_field(in, "is_greedy", out.is_greedy);
  in.key("sum");
  read_logprob(in, out.sum);
  read_field(in, "tokens", out.tokens);
  in.end_object();
}

void read(LaidOutJson& in, Rendered::Scored& out) {
  in.begin_object();
  read_field(in, "continuation_start", out.continuation_start);
  read_field(in, "tokens", out.tokens);
  in.end_object();
}

// [token, logprob, rank, [tokens], [their logprobs]]; false where there are fewer.
bool read_position(LaidOutJson& in, TokenLogprobs& out) {
  in.begin_list();
  if (!in.next_element()) return false;
  in.read(out.token);
  if (!in.next_element()) return false;
  read_logprob(in, out.logprob);
  if (!in.next_element()) return false;
  in.read(out.rank);
  if (!in.next_element()) return false;
  read(in, out.top_tokens);
  if (!in.next_element()) return false;
  in.begin_list();
  while (in.next_element()) read_logprob(in, out.top_logprobs.emplace_back());
  return !in.next_element();
}

std::optional<FinishReason> read_finish_reason(LaidOutJson& in) {
  std::string name;
  read_field(in, "finish_reason", name);
  for (const auto reason : {FinishReason::stop, FinishReason::length, FinishReason::error}) {
    if (name == to_string(reason)) return reason;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Rendered> rendered_as_laid_out(std::string_view text) {
  LaidOutJson in(text);
  Rendered out;
  in.begin_object();
  read_field(in, "prompt_tokens", out.prompt_tokens);
  read_field(in, "scored", out.scored);
  read_field(in, "text", out.text);
  in.end_object();
  if (!in.ended()) return std::nullopt;
  return out;
}

std::optional<Response> response_as_laid_out(std::string_view text) {
  LaidOutJson in(text);
  Response out;
  in.begin_object();
  read_field(in, "decode_s", out.decode_s);
  read_field(in, "error", out.error);
  read_if_there(in, "failed_times", out.failed_times);
  const auto reason = read_finish_reason(in);
  if (!reason) return std::nullopt;
  out.finish_reason = *reason;
  read_field(in, "first_token_s", out.first_token_s);
  read_if_there(in, "in_flight", out.in_flight);
  read_field(in, "loglikelihoods", out.loglikelihoods);
  in.key("positions");
  in.begin_list();
  while (in.next_element()) {
    if (!read_position(in, out.positions.emplace_back())) return std::nullopt;
  }
  read_field(in, "prompt_tokens", out.prompt_tokens);
  read_if_there(in, "prompt_tokens_sent", out.prompt_tokens_sent);
  read_field(in, "queued_s", out.queued_s);
  read_field(in, "stop_reason", out.stop_reason);
  read_field(in, "text", out.text);
  read_field(in, "token_ids", out.token_ids);
  read_if_there(in, "unlisted_tokens", out.unlisted_tokens);
  in.end_object();
  if (!in.ended()) return std::nullopt;
  return out;
}

std::optional<Score> score_as_laid_out(std::string_view text) {
  LaidOutJson in(text);
  Score out;
  std::string name;
  in.begin_object();
  read_field(in, "detail", out.detail);
  read_field(in, "empty", out.empty);
  in.key("extra");
  const std::string_view extra = in.object();
  read_field(in, "extracted", out.extracted);
  read_field(in, "extraction", out.extraction);
  read_field(in, "looping", out.looping);
  in.key("metrics");
  in.begin_object();
  while (in.next_key(name)) in.read(out.metrics[name]);
  read_field(in, "not_extractable", out.not_extractable);
  read_if_there(in, "odd_likelihoods", out.odd_likelihoods);
  read_field(in, "outcome", name);
  out.outcome = name == "scored" ? Outcome::scored : Outcome::unscored;
  read_if_there(in, "prompt_cut", out.prompt_cut);
  read_field(in, "reason", out.reason);
  read_field(in, "target", out.target);
  read_field(in, "thinking_not_closed", out.thinking_not_closed);
  read_field(in, "truncated", out.truncated);
  in.end_object();
  if (!in.ended()) return std::nullopt;
  if (extra == "{}") return out;
  try {
    set_extra(json::parse(extra), out);
  } catch (const json::exception&) {
    return std::nullopt;  // read as a tree it tells what is wrong
  }
  return out;
}

Result<Rendered> read_rendered(std::string_view text, const std::string& file) {
  if (auto value = rendered_as_laid_out(text)) return std::move(*value);
  return read_as_tree(text, file, rendered_from_json);
}

Result<Response> read_response(std::string_view text, const std::string& file) {
  if (auto value = response_as_laid_out(text)) return std::move(*value);
  return read_as_tree(text, file, response_from_json);
}

Result<Score> read_score(std::string_view text, const std::string& file) {
  if (auto value = score_as_laid_out(text)) return std::move(*value);
  return read_as_tree(text, file, score_from_json);
}

Result<LoadFacts> read_load_facts(std::string_view text, const std::string& file) {
  return read_as_tree(text, file, load_facts_from_json);
}

}  // namespace assay

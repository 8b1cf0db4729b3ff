// What is read of a reply.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/json.h"
#include "base/secrets.h"
#include "base/text.h"
#include "engine/openai_json.h"
#include "engine/openai_wire.h"

namespace assay {

using nlohmann::json;

namespace {

constexpr std::size_t kBytesPerToken = 5;  // rather few tokens: in English 4.5 make one

std::string_view trim_start(std::string_view text) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

// The text of a part of a message's content, or of a thought, which may be a list of parts itself.
std::string text_of_part(const json& part) {
  const json& text = wire_field(part, "text");
  if (!text.is_null()) return wire_text(text);
  std::string out;
  const json& thinking = wire_field(part, "thinking");
  if (!thinking.is_array()) return wire_text(thinking);
  for (const json& piece : thinking) out += wire_text(wire_field(piece, "text"));
  return out;
}

}  // namespace

bool AnsweringModel::is(std::string_view name) const {
  if (name == asked || (!answers_as.empty() && name == answers_as)) return true;
  if (!dated || !name.starts_with(asked)) return false;
  name.remove_prefix(asked.size());  // "-2026-01-31", "-20260131", "-0613"
  const auto digits = std::ranges::count_if(name, is_digit);
  return name.starts_with('-') && (digits == 4 || digits == 8) &&
         std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '-'; });
}

bool ReplyReader::end_over_limit(std::string_view what, std::size_t limit) {
  over_limit = true;
  if (problem.empty()) problem = fmt::format("{} is longer than {} MiB", what, limit >> 20U);
  buffer_.clear();
  return false;
}

// Before a message is shortened: half a key is most of it.
std::string ReplyReader::words(std::string_view raw) const {
  return words_without_secrets(raw, secrets_ == nullptr ? std::vector<std::string>() : *secrets_);
}

// A model may repeat the key that it was asked with, over several pieces of a stream. A short one
// ("EMPTY", as many local servers want it) is no secret, and an answer may hold it by chance.
void ReplyReader::mask_answer() {
  if (secrets_ == nullptr) return;
  std::vector<std::string> secrets = *secrets_;
  std::erase_if(secrets, [](const std::string& s) { return s.size() < kShortestSecretBytes; });
  if (secrets.empty()) return;
  for (std::string* part : {&text, &reasoning, &finish_reason, &stop_reason}) {
    *part = without_secrets(*part, secrets);
  }
}

bool ReplyReader::feed(std::string_view bytes) {
  if (over_limit) return false;
  bytes_ += bytes.size();
  if (buffer_.empty()) bytes = trim_start(bytes);
  buffer_ += bytes;
  if (!decided_) {
    const std::string_view start = buffer_;
    if (bytes_ > limits_.reply) return end_over_limit("the reply", limits_.reply);
    if (start.size() < 6 && !start.starts_with('{')) return true;
    decided_ = true;
    streamed_ = start.starts_with("data:") || start.starts_with("event:") || start.starts_with(':');
  }
  if (!streamed_) {
    return buffer_.size() <= limits_.reply || end_over_limit("the reply", limits_.reply);
  }
  std::size_t from = 0;
  for (std::size_t at = buffer_.find('\n', searched_); at != std::string::npos;
       at = buffer_.find('\n', from)) {
    line(std::string_view(buffer_).substr(from, at - from));
    from = at + 1;
  }
  buffer_.erase(0, from);
  searched_ = buffer_.size();
  if (buffer_.size() > limits_.reply) return end_over_limit("a line of the stream", limits_.reply);
  if (text.size() + reasoning.size() > limits_.reply) {
    return end_over_limit("the answer", limits_.reply);
  }
  return bytes_ <= limits_.stream || end_over_limit("the stream", limits_.stream);
}

void ReplyReader::line(std::string_view raw) {
  const std::string_view event = trim(raw);
  if (!event.starts_with("data:")) return;  // comments, event names, blank lines
  const std::string_view data = trim(event.substr(5));
  if (data == "[DONE]" || !problem.empty()) return;
  const json value = parse_reply(data);
  if (value.is_discarded()) {
    problem = "a piece of the stream is not JSON: " + one_line(words(data), kLongestWords);
    return;
  }
  object(value);
}

void ReplyReader::end() {
  if (!over_limit) end_of_body();
  mask_answer();
}

void ReplyReader::end_of_body() {
  if (streamed_) {
    if (!buffer_.empty()) line(std::exchange(buffer_, {}));
    if (problem.empty() && finish_reason.empty()) {
      problem = "the stream ended before the answer did";
    }
  } else {
    whole = parse_reply(buffer_);
    if (whole.is_discarded() || !whole.is_object()) {
      problem = "the reply is not JSON: " + words_of_error(words(buffer_), "");
      whole = json();
      return;
    }
    object(whole);
    if (problem.empty() && finish_reason.empty()) problem = "the reply holds no finished choice";
  }
  if (problem.empty() && !named_) problem = "the reply names no model";
}

void ReplyReader::object(const json& value) {
  if (const json& error = wire_field(value, "error"); !error.is_null()) {
    problem = "the server says: " + words_of_error(words(dump_json(value)), "application/json");
    too_long = says_too_long(dump_json(value));  // SGLang refuses within a stream that began well
    return;
  }
  // Gateways put pieces of their own, without a name, beside the model's.
  if (const std::string name = wire_text(wire_field(value, "model")); !name.empty()) {
    if (!model_.is(name)) {
      problem = fmt::format("the model '{}' answered, not '{}'",
                            one_line(words(name), kLongestWords), model_.asked);
      wrong_model = true;
      return;
    }
    named_ = true;
  }
  if (const json& usage = wire_field(value, "usage"); usage.is_object()) {
    prompt_tokens = wire_count(wire_field(usage, "prompt_tokens"));
    output_tokens = wire_count(wire_field(usage, "completion_tokens"));
  }
  const json& choices = wire_field(value, "choices");
  if (!choices.is_array() || !finish_reason.empty()) return;
  for (const json& one : choices) {
    if (wire_count(wire_field(one, "index")) == 0) return choice(one);
  }
}

// A text, or a list of parts: {"type": "text", "text": …}, {"type": "thinking", "thinking": …}.
void ReplyReader::content(const json& value, std::string& into) {
  if (!value.is_array()) {
    into += wire_text(value);
    return;
  }
  for (const json& part : value) {
    const std::string type = wire_text(wire_field(part, "type"));
    const bool thought = type == "thinking" || type == "reasoning";
    const std::string piece = part.is_string() ? wire_text(part) : text_of_part(part);
    unreadable_parts = unreadable_parts || (piece.empty() && type != "text" && !thought);
    (thought ? reasoning : into) += piece;
  }
}

void ReplyReader::choice(const json& choice) {
  json part = wire_field(choice, "delta");
  if (part.is_null()) part = wire_field(choice, "message");
  const std::size_t before = text.size() + reasoning.size();
  content(part.is_object() ? wire_field(part, "content") : wire_field(choice, "text"), text);
  const json& thought = wire_field(part, "reasoning");
  content(!thought.is_array() && wire_text(thought).empty() ? wire_field(part, "reasoning_content")
                                                            : thought,
          reasoning);
  bool came = text.size() + reasoning.size() > before;
  if (const json& ids = wire_field(choice, "token_ids"); ids.is_array()) {
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
  const std::string why = wire_text(wire_field(choice, "finish_reason"));
  if (!why.empty() && why != "null") {  // some servers write the word while they go on
    finish_reason = why;
    stop_reason = wire_text(wire_field(choice, "stop_reason"));
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
    // With no text behind it, a thought that was cut is one that never ended.
    const bool cut = reader.finish_reason == "length" && trim(reader.text).empty();
    out.text = "<think>\n" + reader.reasoning + (cut ? "" : "\n</think>\n\n" + reader.text);
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
  } else if (reader.unreadable_parts && trim(out.text).empty()) {
    out.finish_reason = FinishReason::error;
    out.error = "the server's answer is in parts that hold no text";
  }
  return out;
}

}  // namespace assay

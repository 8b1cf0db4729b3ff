// What is sent to an OpenAI-compatible server and what comes back, as values
// (docs/openai_endpoint.md). No network here.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "values/request.h"

namespace assay {

enum class EndpointMode { completions, chat };
enum class EndpointPrompt { tokens, text };  // completions: token ids or the rendered text

// How requests are written for one server.
struct WireFormat {
  EndpointMode mode = EndpointMode::chat;
  EndpointPrompt prompt = EndpointPrompt::tokens;
  std::string model;  // as the server names it
  bool vllm = false;  // it knows vLLM's own fields: top_k, min_p, return_token_ids, …
  std::string max_tokens_key = "max_tokens";        // or "max_completion_tokens"
  std::vector<std::string> leave_out;               // parameters that are not sent
  nlohmann::json extra = nlohmann::json::object();  // the plan's extra_body, over all else
};

// "/completions" or "/chat/completions", below the base URL.
[[nodiscard]] std::string_view wire_path(EndpointMode mode);

// Chat has no rendered prompt: its text is the messages and the template's variables as JSON, which
// is what responses are stored under.
[[nodiscard]] Rendered rendered_chat(const Request& request, const nlohmann::json& template_args);

// generate: streamed, with usage. The others are not streamed; loglikelihood sends all of `scored`
// as one list of prompts. Throws nlohmann::json::exception when a chat prompt is not one of
// rendered_chat's.
[[nodiscard]] nlohmann::json wire_body(const WireFormat& format, RequestKind kind,
                                       const Rendered& rendered, const Sampling& sampling,
                                       int top_k);

// What a refusal asks to be changed: a parameter of ours that the server does not take, or the name
// of the limit of output tokens (reasoning models want max_completion_tokens). Nothing: the refusal
// is about something else.
struct ParameterChange {
  std::string parameter;
  bool renamed = false;
};
[[nodiscard]] std::optional<ParameterChange> change_for(std::string_view refusal);
[[nodiscard]] bool is_done(const ParameterChange& change, const WireFormat& format);
void apply(const ParameterChange& change, WireFormat& format);

// A short request that any prompt-independent failure would hit as well.
[[nodiscard]] nlohmann::json canary_body(const WireFormat& format);

// Of one reply, in bytes. A stream takes some 300 bytes a token around the text, so it may be
// longer.
struct ReplyLimits {
  std::size_t reply = std::size_t{64} << 20;  // a body, a line of a stream, an answer
  std::size_t stream = std::size_t{1} << 30;  // a stream from end to end
};

// Whose name a reply may carry.
struct AnsweringModel {
  std::string asked;       // the name that was asked for
  std::string answers_as;  // another that the same model answers under; empty: none
  bool dated = false;      // also the asked name with a date behind it, as judges' snapshots have

  [[nodiscard]] bool is(std::string_view name) const;
};

// Reads a reply as it comes: server-sent events, or one JSON object from a server that does not
// stream. Of several choices the one with index 0 counts, and of that what comes before its
// finish_reason. What the server repeats of `secrets`, which must outlive the reader, is masked in
// its words and in the answer. Never throws.
class ReplyReader {
 public:
  using Clock = std::chrono::steady_clock;
  explicit ReplyReader(AnsweringModel model, const ReplyLimits& limits = {},
                       const std::vector<std::string>* secrets = nullptr)
      : model_(std::move(model)), limits_(limits), secrets_(secrets) {}

  // False: the reply is longer than its limits, `problem` says which, and no more is read.
  bool feed(std::string_view bytes);
  // At the end of the body; afterwards the members below are final.
  void end();

  // Empty: all is well. What the server sent cannot be an answer: not JSON, HTML, an error object,
  // a stream that ended before its finish_reason.
  std::string problem;
  bool wrong_model = false;  // `problem` names the model that answered
  bool too_long = false;     // `problem` is the server's word that prompt and output do not fit
  bool over_limit = false;   // feed() gave false
  bool unreadable_parts = false;  // the content came in parts of which none is text
  nlohmann::json whole;           // the object, when it was not streamed
  std::string text;
  std::string reasoning;  // chat: what the server took for thinking
  std::string finish_reason;
  std::string stop_reason;
  std::vector<int> token_ids;  // empty where the server gives none
  int prompt_tokens = 0;
  int output_tokens = 0;          // as the server counts them; 0: it does not
  int pieces = 0;                 // that held text, thoughts or token ids
  Clock::time_point first_token;  // epoch: none came
  Clock::time_point last_token;

 private:
  void line(std::string_view raw);
  void object(const nlohmann::json& value);
  void choice(const nlohmann::json& choice);

  void content(const nlohmann::json& value, std::string& into);
  bool end_over_limit(std::string_view what, std::size_t limit);
  void end_of_body();
  void mask_answer();
  [[nodiscard]] std::string words(std::string_view raw) const;  // somebody's, without secrets

  AnsweringModel model_;
  ReplyLimits limits_;
  const std::vector<std::string>* secrets_;
  bool named_ = false;  // a piece carried the model's name
  std::size_t bytes_ = 0;
  std::string buffer_;
  std::size_t searched_ = 0;  // of the buffer: no line ends before it
  bool decided_ = false;
  bool streamed_ = false;
};

// generate: the reader's text, tokens and counts; times are the caller's. Where the server counts
// no output tokens, pieces do instead, or a token for each 5 bytes where that is more.
[[nodiscard]] Response generate_response(const ReplyReader& reader);
// The others, from the whole object. Environment error when the log-probabilities are not there.
[[nodiscard]] Result<Response> scored_response(const WireFormat& format, RequestKind kind,
                                               const Rendered& rendered, int top_k,
                                               const nlohmann::json& whole);

// An error reply's text says that prompt and output are too long for the model: in the words of
// OpenAI, vLLM, SGLang, llama.cpp, LM Studio, TGI, Groq, Gemini and Anthropic.
[[nodiscard]] bool says_too_long(std::string_view text);

// The words of an error reply: its `error.message` or `message` or `detail`, an HTML page's title,
// or its first 200 bytes; one line.
[[nodiscard]] std::string words_of_error(std::string_view body, std::string_view type);

}  // namespace assay

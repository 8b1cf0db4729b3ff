// What is asked of an engine and what comes back.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

enum class RequestKind {
  generate,        // prompt -> text
  loglikelihood,   // context + each continuation -> sum of log-probabilities
  prompt_logprobs  // given token ids -> top-k log-probabilities at each position
};

struct Message {
  std::string role;  // system, user, assistant
  std::string content;
  friend bool operator==(const Message&, const Message&) = default;
};

// Defaults are greedy decoding.
struct Sampling {
  int max_tokens = 0;
  double temperature = 0.0;
  double top_p = 1.0;
  int top_k = 0;  // 0: off
  double min_p = 0.0;
  double presence_penalty = 0.0;    // of tokens that the answer holds already: once each, 0 off
  double frequency_penalty = 0.0;   // the same for each time, 0 off
  double repetition_penalty = 1.0;  // divides their logits, those of the prompt too; 1 off
  std::optional<std::uint64_t> seed;
  std::vector<std::string> stop;  // never part of the returned text
  // What the engine kept of prompts with another salt is not used for this one. Empty: none.
  std::string cache_salt;
  // So many of the likeliest at each sampled token, and its own, come as the response's positions;
  // 0: none.
  int logprobs = 0;
  friend bool operator==(const Sampling&, const Sampling&) = default;
};

// One question to the model, before rendering. A task makes it; nothing in it depends on a variant.
struct Request {
  RequestKind kind = RequestKind::generate;
  // Rendered through the chat template, with a generation prompt; when the plan turns the template
  // off, `plain` is sent as it is.
  std::vector<Message> messages;
  std::string plain;  // lm-eval's prompt without chat template
  // Appended after the generation prompt, so that the model goes on from it; usually empty.
  std::string assistant_prefix;
  // loglikelihood: scored one by one after the context. Tokenised as lm-eval does: the context's
  // trailing white space moves to the continuation, which is encoded together with the context.
  std::vector<std::string> continuations;
  Sampling sampling;  // generate only
};

// The prompt as the engine gets it.
struct Rendered {
  std::string text;                // the whole prompt after the chat template
  std::vector<int> prompt_tokens;  // generate: the prompt; loglikelihood: the context
  // loglikelihood: per continuation, context + continuation ids, and where the continuation starts.
  // prompt_logprobs: one entry, the ids to be scored, and where the model's own output starts.
  struct Scored {
    std::vector<int> tokens;
    int continuation_start = 0;
  };
  std::vector<Scored> scored;
};

// Tokens the engine reads before it answers, over all continuations.
[[nodiscard]] int tokens_to_read(const Rendered& prompt);

enum class FinishReason { stop, length, error };

struct TokenLogprobs {          // one position of prompt_logprobs
  int token = 0;                // the token that stands there
  double logprob = 0;           // its log-probability, natural log
  int rank = 0;                 // 1: the model's first choice
  std::vector<int> top_tokens;  // the k likeliest, likeliest first
  std::vector<double> top_logprobs;
};

struct LogLikelihood {  // one continuation
  double sum = 0;       // natural log
  bool is_greedy = false;
  int tokens = 0;
  // Tokens of the continuation that no log-probability came for; never stored: the prompt says how
  // many there should be.
  int missing = 0;
};

struct Response {
  std::string text;            // generate: without the stop string, special tokens skipped
  std::vector<int> token_ids;  // generate: all sampled tokens
  FinishReason finish_reason = FinishReason::stop;
  std::string stop_reason;  // the stop string that matched, if one did
  std::vector<LogLikelihood> loglikelihoods;
  // prompt_logprobs: from the start asked for; generate: where sampling.logprobs asks for them.
  std::vector<TokenLogprobs> positions;
  std::string error;  // finish_reason error: why; such a response is set aside, never scored
  int prompt_tokens = 0;
  // The prompt as it was sent, in tokens, where the server says that it read fewer; else 0.
  int prompt_tokens_sent = 0;
  int failed_times = 0;      // error: how many runs asked in vain; 0, of older stores: one
  int unlisted_tokens = 0;   // sampled, where the engine counts them but gives no token_ids
  double queued_s = 0;       // waiting in the engine
  double first_token_s = 0;  // from being scheduled to the first token
  double decode_s = 0;       // first to last token
  // Requests in flight while it ran, itself included, on average; 0: not known.
  int in_flight = 0;
};

// The error of a request in which a log-probability is no number (docs/worker_protocol.md).
inline constexpr std::string_view kLogprobNotANumber =
    "the engine gave a log-probability that is not a number";

// Sampled tokens, listed or not.
[[nodiscard]] int output_tokens(const Response& response);

// Stored and sent forms; the inverse functions accept exactly what these make.
[[nodiscard]] nlohmann::json to_json(const Request& request);
[[nodiscard]] nlohmann::json to_json(const Sampling& sampling);
[[nodiscard]] nlohmann::json to_json(const Rendered& rendered);
[[nodiscard]] nlohmann::json to_json(const Response& response);
// Throw nlohmann::json::exception on another layout: catch at the edge (store, worker client).
[[nodiscard]] std::vector<int> tokens_from_json(const nlohmann::json& value);  // an array of ids
[[nodiscard]] Rendered rendered_from_json(const nlohmann::json& value);
[[nodiscard]] Response response_from_json(const nlohmann::json& value);
[[nodiscard]] std::string_view to_string(FinishReason reason);
[[nodiscard]] std::string_view to_string(RequestKind kind);

}  // namespace assay

// `engine: {kind: openai}`: its keys (docs/openai_endpoint.md), and which of them can change an
// answer.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace assay {

inline constexpr const char* kEndpointKind = "openai";

// Parameters that a server may refuse, and that a plan may do without.
inline constexpr std::string_view kMayBeLeftOut[] = {"temperature", "top_p", "stop", "seed",
                                                     "stream_options"};
inline constexpr std::string_view kMaxTokensKeys[] = {"max_tokens", "max_completion_tokens"};

// The first field of `extra_body` that assay writes itself; empty: there is none.
[[nodiscard]] std::string own_field_in(const nlohmann::json& extra_body);

// "completions" or "chat": as the plan says, otherwise "completions" when it names a tokenizer.
[[nodiscard]] std::string endpoint_mode(const nlohmann::json& args);

// Whether loglikelihood tasks can run at all; false makes them N/A.
[[nodiscard]] bool endpoint_has_logprobs(const nlohmann::json& args);

// Takes out what cannot change an answer: addresses, keys' names, limits, time-outs, and the
// tokenizer's place (its files are in the variant's fingerprint).
void drop_transport_keys(nlohmann::json& args);

}  // namespace assay

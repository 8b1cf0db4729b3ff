// Names under which prompts and responses are stored: SHA-256 over all that could change them.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "run/resolve.h"
#include "values/request.h"

namespace assay {

// Everything about a variant that decides its outputs, beside the prompt and the sampling.
struct EngineIdentity {
  std::string engine;                           // "vllm", "fake"
  std::map<std::string, std::string> versions;  // of the packages that compute
  nlohmann::json args;                          // identity_args of the merged engine arguments
};

// The engine arguments that can change an answer: all of vLLM's, of an endpoint's not its address.
[[nodiscard]] nlohmann::json identity_args(const std::string& kind, nlohmann::json args);

[[nodiscard]] std::string render_key(const ResolvedVariant& variant, const ChatSpec& chat,
                                     const Request& request);
[[nodiscard]] std::string response_key(const ResolvedVariant& variant, const EngineIdentity& engine,
                                       RequestKind kind, const Rendered& rendered,
                                       const Sampling& sampling, int repeat);

// One continuation of a log-likelihood request as a request of its own: so lm-eval asks. A response
// to all of them is stored under its own key and under each part's.
[[nodiscard]] Rendered part_of(const Rendered& rendered, std::size_t part);
[[nodiscard]] std::vector<std::string> part_keys(const ResolvedVariant& variant,
                                                 const EngineIdentity& engine,
                                                 const Rendered& rendered, int repeat);

// The chat template's variables: the plan's own and enable_thinking.
[[nodiscard]] nlohmann::json template_args(const ChatSpec& chat);

}  // namespace assay

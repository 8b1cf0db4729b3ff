#include "run/keys.h"

#include "base/hash.h"
#include "base/json.h"
#include "plan/endpoint.h"

namespace assay {

std::string render_key(const ResolvedVariant& variant, const ChatSpec& chat,
                       const Request& request) {
  nlohmann::json what = to_json(request);
  what.erase("sampling");
  return sha256_hex(dump_json({{"fingerprint", variant.fingerprint},
                               {"apply_template", chat.apply_template},
                               {"template_args", template_args(chat)},
                               {"request", what}}));
}

std::string response_key(const ResolvedVariant& variant, const EngineIdentity& engine,
                         RequestKind kind, const Rendered& rendered, const Sampling& sampling,
                         int repeat) {
  nlohmann::json prompt = to_json(rendered);
  // The engine sees tokens only; a chat endpoint gets no tokens from us, its text is the messages.
  if (!rendered.prompt_tokens.empty() || !rendered.scored.empty()) prompt.erase("text");
  return sha256_hex(dump_json({{"fingerprint", variant.fingerprint},
                               {"revision", variant.revision},
                               {"engine", engine.engine},
                               {"versions", engine.versions},
                               {"args", engine.args},
                               {"kind", to_string(kind)},
                               {"prompt", prompt},
                               {"sampling", to_json(sampling)},
                               {"repeat", repeat}}));
}

Rendered part_of(const Rendered& rendered, std::size_t part) {
  const Rendered::Scored& scored = rendered.scored.at(part);
  Rendered out;
  out.prompt_tokens.assign(scored.tokens.begin(),
                           scored.tokens.begin() + scored.continuation_start);
  out.scored.push_back(scored);
  return out;
}

std::vector<std::string> part_keys(const ResolvedVariant& variant, const EngineIdentity& engine,
                                   const Rendered& rendered, int repeat) {
  std::vector<std::string> keys;
  keys.reserve(rendered.scored.size());
  for (std::size_t i = 0; i < rendered.scored.size(); ++i) {
    keys.push_back(response_key(variant, engine, RequestKind::loglikelihood, part_of(rendered, i),
                                Sampling{}, repeat));
  }
  return keys;
}

nlohmann::json identity_args(const std::string& kind, nlohmann::json args) {
  if (kind == kEndpointKind) drop_transport_keys(args);
  return args;
}

nlohmann::json template_args(const ChatSpec& chat) {
  nlohmann::json args = chat.template_args;
  if (chat.enable_thinking) args["enable_thinking"] = *chat.enable_thinking;
  return args;
}

}  // namespace assay

// What the worker's frames mean, as values. Reading throws nlohmann::json::exception on a frame of
// another layout; the caller ends the connection then.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace assay {

inline constexpr int kProtocolVersion = 2;

[[nodiscard]] EngineHello hello_from(const nlohmann::json& frame);
// The version of assay's own worker, where it is not this program's. Nothing: it is, or another
// worker greets.
[[nodiscard]] std::optional<std::string> other_worker_version(const EngineHello& hello);
[[nodiscard]] OpenedModel opened_from(const nlohmann::json& frame);
[[nodiscard]] LoadFacts loaded_from(const nlohmann::json& frame);
[[nodiscard]] EngineStats stats_from(const nlohmann::json& frame);
[[nodiscard]] std::vector<Rendered> rendered_list_from(const nlohmann::json& frame);
// Fields that are absent or null get a Response's defaults.
// What it repeats of `secrets` is masked.
[[nodiscard]] Response result_from(nlohmann::json frame, const std::vector<std::string>& secrets);
[[nodiscard]] Needed need_from(const nlohmann::json& frame);
// `error` frame; `kind` is what it is for this request.
[[nodiscard]] Error error_from(const nlohmann::json& frame, ErrorKind kind);

// Whether another worker in place of one that sent this fatal error could do better.
enum class Restart { may_help, useless };
[[nodiscard]] Restart restart_after(const nlohmann::json& fatal_error);

// A request without `type`'s id.
[[nodiscard]] nlohmann::json request_frame(RequestKind kind, const Rendered& rendered,
                                           const Sampling& sampling, int top_k);

}  // namespace assay

// The kinds of engine a plan may name. The endpoint's stands in plan/endpoint.h.
#pragma once

#include <string>

namespace assay {

struct EngineSpec;

// A Python module that speaks the worker protocol (docs/worker_protocol.md): `engine.module`.
inline constexpr const char* kWorkerKind = "worker";
// Short for the worker that runs vLLM, which is ours.
inline constexpr const char* kVllmKind = "vllm";
inline constexpr const char* kVllmWorker = "assay_worker";
// For tests: the program that ASSAY_SCRIPTED_WORKER names.
inline constexpr const char* kScriptedKind = "scripted";

// The module to start for this engine; of an endpoint too, whose prompts our worker renders.
[[nodiscard]] std::string worker_module(const EngineSpec& engine);
// What computes, by name: the kind, or of other workers the module.
[[nodiscard]] std::string engine_name(const EngineSpec& engine);

}  // namespace assay

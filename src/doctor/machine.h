// What a machine has, as `python -m assay_worker.machine`, `.all_reduce` and `.hub_look` tell it.
// Nothing (std::nullopt, an empty text) is what could not be told; it is never taken for good.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/hub.h"
#include "values/load_facts.h"

namespace assay {

struct ComputeCapability {
  int major = 0;
  int minor = 0;
  auto operator<=>(const ComputeCapability&) const = default;
};

struct GpuProcess {
  std::int64_t pid = 0;
  std::string name;                         // empty: it cannot be seen from here
  std::optional<std::uint64_t> used_bytes;  // nothing: the driver does not tell
  bool left_over = false;                   // an engine's process whose parent has gone
};

// Multi-instance GPU: a card cut into slices, of which a process can use one.
enum class Mig { off, slice, no_slices };

struct Gpu {
  std::string index;  // as CUDA_VISIBLE_DEVICES names it: a number or a UUID
  std::string name;
  std::optional<std::uint64_t> memory_total_bytes;
  std::optional<std::uint64_t> memory_used_bytes;
  std::optional<ComputeCapability> compute_capability;
  bool lost = false;  // listed, and it answers no more: all else is not known then
  Mig mig = Mig::off;
  bool vgpu = false;  // a part of a card, given to a virtual machine
  bool tells_energy = false;
  std::vector<GpuProcess> processes;
};

enum class DriverState {
  ok,
  absent,  // no driver, or no library of it
  broken,  // there, and in disorder: not loaded, or of another version than its library
};

struct GpuFacts {
  DriverState state = DriverState::ok;
  std::string why;                       // of absent and broken, in the library's words
  bool other_maker = false;              // a device that NVIDIA's library would not know
  std::string driver;                    // "580.159.04"
  std::string driver_cuda;               // the newest CUDA it runs, "13.0"
  std::optional<std::string> asked;      // CUDA_VISIBLE_DEVICES
  std::optional<std::string> not_there;  // its first entry that names no GPU
  std::vector<Gpu> gpus;                 // in the order that ranks take them
};

struct PciFacts {
  std::vector<std::string> iommu_types;  // "DMA", "DMA-FQ": it translates; "identity": it does not
  std::vector<std::string> acs_bridges;  // above the GPUs: send traffic between peers up
  bool acs_unread = false;               // of some bridge it could not be read
  bool virtual_machine = false;
};

// What a checkpoint needs, by its configuration and its files' sizes.
struct ModelNeeds {
  std::optional<std::uint64_t> weights_bytes;  // as they lie in memory, all ranks together
  std::optional<int> weight_bits;
  std::optional<int> activation_bits;
  std::string format;  // worker/assay_worker/kernel_choice.py; empty: not quantised, or not known
  std::optional<std::uint64_t> kv_bytes_per_token;  // at 16 bits, all ranks together
};

struct Hardware {
  std::optional<std::uint64_t> memory_total_bytes;
  std::optional<std::uint64_t> memory_available_bytes;
  std::optional<GpuFacts> gpus;              // nothing: not asked
  std::optional<PciFacts> pci;               // nothing: there is no GPU
  std::map<std::string, ModelNeeds> models;  // by folder
};

struct KernelChoice {
  KernelFact fact;
  bool allowed = false;  // by the GPU, the installation and the environment
  std::string why;       // not
};

struct Software {
  std::string torch;
  std::string torch_cuda;
  std::vector<std::string> arch_list;  // "sm_90", "compute_90"; empty: not known
  std::string vllm;
  std::string platform;  // vLLM's: "cuda", "cpu", "rocm"
  // By format, in vLLM's order; a format that it does not know is not there.
  std::map<std::string, std::vector<KernelChoice>> kernels;
  std::string why;  // what could not be imported
};

struct AllReduceSize {
  std::uint64_t bytes = 0;
  double microseconds = 0;
  double gb_per_s = 0;
  std::string by;  // "nccl", "vllm custom"
};

struct AllReduceFailure {
  std::string what;  // "died", "hung", "error", "wrong sum"
  std::vector<int> ranks;
  std::string phase;
  double after_s = 0;
  std::string why;
};

struct AllReduce {
  bool verified = false;  // every number of every sum was right
  std::vector<std::string> transports;
  std::vector<AllReduceSize> sizes;
  std::optional<AllReduceFailure> failed;
};

struct HubSight {
  HubResult result;
  bool online = false;  // the hub said so; else the cache
  bool gated = false;   // terms must be accepted
  bool whole = false;   // a fetch would bring nothing, change nothing and give `result`
  std::uint64_t bytes_to_fetch = 0;
  std::optional<ModelNeeds> needs;
};

struct HubLook {
  std::string endpoint;
  bool reachable = false;
  std::string why;                   // not reachable
  std::optional<double> date_s;      // its clock, since 1970
  std::string cache;                 // the folder that downloads go to; empty: not told
  std::uint64_t bytes_to_fetch = 0;  // of all of `found`, what several of them share counted once
  std::vector<HubSight> found;       // in the questions' order
};

// Of what the modules print. Environment errors: it is no such document.
[[nodiscard]] Result<Hardware> parse_hardware(std::string_view text);
[[nodiscard]] Result<Software> parse_software(std::string_view text);
[[nodiscard]] Result<AllReduce> parse_all_reduce(std::string_view text);
[[nodiscard]] Result<HubLook> parse_hub_look(std::string_view text);

}  // namespace assay

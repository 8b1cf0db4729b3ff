#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {
namespace {

constexpr std::string_view kDeepGemm = "DeepGemmFp8BlockScaledMMKernel";

// Releases of vLLM that take a kernel which then fails on some GPUs.
struct KnownFailure {
  std::string_view vllm;  // version, or its beginning with the dot
  int capability_major;
  std::string_view kernel;
  std::string_view words;
};

// Its list of GPUs for DeepGEMM has sm_120, the DeepGEMM it is built with has not: loading ends
// with "Unknown SF transformation", or the warm-up with "Unknown recipe".
// github.com/vllm-project/vllm, issues 47130 and 47436 (0.24.0), 51758 (0.27).
constexpr std::array kKnownFailures{
    KnownFailure{"0.24.0", 12, kDeepGemm, "vLLM's issue 47130"},
    KnownFailure{"0.27.", 12, kDeepGemm, "vLLM's issue 51758"},
};

const KnownFailure* known_failure(const std::string& vllm, const ComputeCapability& capability,
                                  std::string_view kernel) {
  const auto fits = [&](const KnownFailure& f) {
    const bool version = f.vllm.ends_with('.')
                             ? vllm.starts_with(f.vllm)
                             : vllm == f.vllm || vllm.starts_with(std::string(f.vllm) + "+");
    return version && f.capability_major == capability.major && f.kernel == kernel;
  };
  const auto found = std::ranges::find_if(kKnownFailures, fits);
  return found == kKnownFailures.end() ? nullptr : &*found;
}

int number_at(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "13.0" -> 13
int major_of(const std::string& version) {
  return number_at(version);
}

// The first driver of each major CUDA release, by NVIDIA's release notes. Within one, programs of a
// later minor release run, too.
std::string first_driver_of(int cuda_major) {
  return cuda_major >= 13 ? "580" : cuda_major == 12 ? "525" : "450";
}

// Machine code runs on its own major generation from its minor number on; with "a" on that very one
// alone, with "f" on its family; PTX ("compute_90") on everything from it on.
bool runs_on(const std::string& arch, const ComputeCapability& gpu) {
  const std::size_t bar = arch.find('_');
  if (bar == std::string::npos) return false;
  const int number = number_at(std::string_view(arch).substr(bar + 1));
  const ComputeCapability built{number / 10, number % 10};
  if (arch.ends_with('a')) return built == gpu;
  if (arch.starts_with("compute")) return built <= gpu;
  return built.major == gpu.major && built.minor <= gpu.minor;
}

std::string bits(const KernelFact& fact) {
  if (!fact.weight_bits || !fact.activation_bits) return "bits not known";
  return fmt::format("W{}A{}", *fact.weight_bits, *fact.activation_bits);
}

Finding failing(const std::string& name, const KnownFailure& failure, const std::string& engine,
                const ComputeCapability& gpu) {
  return missing(name,
                 fmt::format("{} takes DeepGEMM on compute capability {}.{}, and fails with it",
                             engine, gpu.major, gpu.minor),
                 std::string(failure.words),
                 "set VLLM_USE_DEEP_GEMM: \"0\" in the plan's env, or take another vLLM");
}

Finding kernel_of(const std::string& name, const ModelNeeds& asked, const PlanNeeds& needs,
                  const ComputeCapability& gpu, const Software& software) {
  const auto found = software.kernels.find(asked.format);
  if (found == software.kernels.end()) {
    // Without vLLM's own list only what is known of the release is left.
    const bool deep_gemm = asked.format == "fp8_block" && !needs.deep_gemm_off;
    const KnownFailure* failure =
        deep_gemm ? known_failure(software.vllm, gpu, kDeepGemm) : nullptr;
    if (failure != nullptr) return failing(name, *failure, "vLLM " + software.vllm, gpu);
    return not_checked(
        name,
        asked.format.empty()
            ? "how its checkpoint is quantised is not known to this program"
            : fmt::format("vLLM {} does not say which it has for {}", software.vllm, asked.format),
        "the report names what ran");
  }
  const auto chosen = std::ranges::find(found->second, true, &KernelChoice::allowed);
  if (chosen == found->second.end()) {
    std::vector<std::string> reasons;
    for (const KernelChoice& k : found->second) reasons.push_back(k.fact.name + ": " + k.why);
    return missing(
        name, fmt::format("vLLM {} has no kernel for {} on this GPU", software.vllm, asked.format),
        join(reasons, "; "), "another GPU, another checkpoint, or another vLLM");
  }
  const KernelFact& fact = chosen->fact;
  if (const KnownFailure* failure = known_failure(software.vllm, gpu, fact.name)) {
    return failing(name, *failure, "vLLM " + software.vllm, gpu);
  }
  const std::string detail = fmt::format("{} for {}: {}", fact.name, asked.format, bits(fact));
  if (fact.emulated.value_or(false)) {
    return note(name, detail + ", computed in software: accuracy counts, speed does not");
  }
  if (asked.weight_bits && asked.activation_bits && fact.activation_bits &&
      *fact.activation_bits > *asked.activation_bits) {
    return note(name, fmt::format("{}, not W{}A{}: activations stay wider than the checkpoint asks",
                                  detail, *asked.weight_bits, *asked.activation_bits));
  }
  return ok(name, detail);
}

// Products of two narrow numbers that no card before this generation has.
std::optional<ComputeCapability> least_for(const KernelBits& bits) {
  if (bits == KernelBits{4, 4}) return ComputeCapability{10, 0};  // FP4: Blackwell
  if (bits == KernelBits{8, 8}) return ComputeCapability{7, 5};   // INT8: Turing; FP8 is 8.9
  return std::nullopt;  // weights are widened first: any card
}

// Whether the variant would run on what it requires; nothing: it requires nothing.
std::optional<Finding> requirement(const VariantNeeds& v,
                                   const std::optional<ComputeCapability>& gpu,
                                   const KernelFact* chosen) {
  if (!v.require) return std::nullopt;
  const std::string name = "require " + v.name;
  const std::string label = label_of(*v.require);
  const auto least = least_for(*v.require);
  if (gpu && least && *gpu < *least) {
    return missing(name,
                   fmt::format("{} is required, and compute capability {}.{} has no such product",
                               label, gpu->major, gpu->minor),
                   fmt::format("it takes {}.{} or higher", least->major, least->minor),
                   "another GPU, or another `require` in the variant");
  }
  const auto bits = v.checkpoint ? v.checkpoint->weight_bits : std::nullopt;
  if (bits && *bits != v.require->weights) {
    return missing(
        name, fmt::format("{} is required, and the checkpoint keeps {}-bit weights", label, *bits),
        "", "another checkpoint, or another `require` in the variant");
  }
  if (chosen == nullptr) {
    return not_checked(name, label + " is required; which kernel is taken is not known yet",
                       "the run looks once the weights are loaded, before anything is asked");
  }
  LoadFacts facts;
  facts.kernels = {*chosen};
  const std::string other = kernels_other_than(*v.require, facts);
  if (other.empty()) return ok(name, label + ", as required");
  return missing(name, fmt::format("{} is required, and {}", label, other),
                 "vLLM takes the first of its kernels that GPU and environment allow",
                 "another GPU or vLLM, or another `require` in the variant");
}

// The kernel that vLLM would take; nullptr: not known.
const KernelFact* chosen_for(const VariantNeeds& v, const Software& software) {
  if (!v.checkpoint) return nullptr;
  const auto list = software.kernels.find(v.checkpoint->format);
  if (list == software.kernels.end()) return nullptr;
  const auto chosen = std::ranges::find(list->second, true, &KernelChoice::allowed);
  return chosen == list->second.end() ? nullptr : &chosen->fact;
}

}  // namespace

Findings torch_findings(const GpuFacts& gpus, const Software& software) {
  Findings out;
  if (software.torch.empty()) {
    out.push_back(not_checked("torch", software.why.empty() ? "it was not asked" : software.why));
    return out;
  }
  if (software.torch_cuda.empty()) {
    out.push_back(missing("torch", "torch " + software.torch + " is built without CUDA", "",
                          "install the torch that vLLM for GPUs asks for"));
    return out;
  }
  if (major_of(gpus.driver_cuda) != 0 &&
      major_of(gpus.driver_cuda) < major_of(software.torch_cuda)) {
    out.push_back(missing(
        "driver",
        fmt::format("driver {} runs CUDA {}, and torch is built for {}", gpus.driver,
                    gpus.driver_cuda, software.torch_cuda),
        "a program of a newer major CUDA release does not run on an older driver",
        fmt::format("install driver {} or newer, or a torch and vLLM for CUDA {}",
                    first_driver_of(major_of(software.torch_cuda)), major_of(gpus.driver_cuda))));
  } else if (gpus.driver_cuda.empty()) {
    out.push_back(not_checked("driver", "it does not say which CUDA it runs"));
  } else {
    out.push_back(ok("driver", fmt::format("{}, CUDA {}; torch {} for CUDA {}", gpus.driver,
                                           gpus.driver_cuda, software.torch, software.torch_cuda)));
  }
  for (const Gpu& gpu : gpus.gpus) {
    if (!gpu.compute_capability) continue;
    const std::string sm =
        fmt::format("sm_{}{}", gpu.compute_capability->major, gpu.compute_capability->minor);
    if (software.arch_list.empty()) {
      out.push_back(not_checked("torch's GPUs", "it does not say what it was compiled for"));
    } else if (std::ranges::none_of(software.arch_list, [&](const std::string& arch) {
                 return runs_on(arch, *gpu.compute_capability);
               })) {
      out.push_back(
          missing("torch's GPUs",
                  fmt::format("torch {} has no code for {} ({})", software.torch, gpu.name, sm),
                  "it has " + join(software.arch_list, " "), "install a torch that lists " + sm));
    } else {
      out.push_back(ok("torch's GPUs", sm + " is among what torch was compiled for"));
    }
    break;  // unlike GPUs are noted elsewhere
  }
  return out;
}

Findings kernel_findings(const PlanNeeds& needs, const GpuFacts& gpus, const Software& software) {
  Findings out;
  const std::optional<ComputeCapability> gpu =
      gpus.gpus.empty() ? std::nullopt : gpus.gpus.front().compute_capability;
  for (const VariantNeeds& v : needs.variants) {
    const std::string name = "kernels " + v.name;
    if (auto required = requirement(v, gpu, chosen_for(v, software))) {
      out.push_back(*std::move(required));
    }
    if (!v.checkpoint) {
      out.push_back(not_checked(name, "its checkpoint was not seen"));
      continue;
    }
    if (v.checkpoint->format.empty() && v.checkpoint->weight_bits.value_or(0) >= 16) continue;
    if (software.vllm.empty()) {
      out.push_back(not_checked(name, "vLLM was not asked: " + software.why));
    } else if (!gpu) {
      out.push_back(not_checked(name, "no GPU tells its compute capability"));
    } else {
      out.push_back(kernel_of(name, *v.checkpoint, needs, *gpu, software));
    }
  }
  return out;
}

}  // namespace assay

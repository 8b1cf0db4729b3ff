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
  int issue = 0;  // of vLLM
};

// Its list of GPUs for DeepGEMM has sm_120, the DeepGEMM it is built with has not: loading ends
// with "Unknown SF transformation", or the warm-up with "Unknown recipe".
// github.com/vllm-project/vllm, issues 47130 and 47436 (0.24.0), 51758 (0.27).
constexpr std::array kKnownFailures{
    KnownFailure{"0.24.0", 12, kDeepGemm, 47130},
    KnownFailure{"0.27.", 12, kDeepGemm, 51758},
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

Text bits(const KernelFact& fact) {
  if (!fact.weight_bits || !fact.activation_bits) return {"bits not known", "位宽未知"};
  return fmt::format("W{}A{}", *fact.weight_bits, *fact.activation_bits);
}

Finding failing(const Text& name, const KnownFailure& failure, const std::string& engine,
                const ComputeCapability& gpu) {
  return missing(
      name,
      bilingual("{} takes DeepGEMM on compute capability {}.{}, and fails with it",
                "{} 在计算能力 {}.{} 上选用 DeepGEMM，并因此失败", engine, gpu.major, gpu.minor),
      bilingual("vLLM's issue {}", "vLLM 的 issue {}", failure.issue),
      {"set VLLM_USE_DEEP_GEMM: \"0\" in the plan's env, or take another vLLM",
       "在计划的 env 中写 VLLM_USE_DEEP_GEMM: \"0\"，或换一个 vLLM"});
}

Finding kernel_of(const Text& name, const ModelNeeds& asked, const PlanNeeds& needs,
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
            ? Text("how its checkpoint is quantised is not known to this program",
                   "本程序不认识它的量化方式")
            : bilingual("vLLM {} does not say which it has for {}",
                        "vLLM {} 没有说明它为 {} 备有哪些内核", software.vllm, asked.format),
        {"the report names what ran", "报告会写明实际运行的内核"});
  }
  const auto chosen = std::ranges::find(found->second, true, &KernelChoice::allowed);
  if (chosen == found->second.end()) {
    std::vector<std::string> reasons;
    for (const KernelChoice& k : found->second) reasons.push_back(k.fact.name + ": " + k.why);
    return missing(
        name,
        bilingual("vLLM {} has no kernel for {} on this GPU",
                  "vLLM {} 在这个 GPU 上没有用于 {} 的内核", software.vllm, asked.format),
        Text(join(reasons, "; "), join(reasons, "；")),
        {"another GPU, another checkpoint, or another vLLM", "换 GPU、检查点或 vLLM"});
  }
  const KernelFact& fact = chosen->fact;
  if (const KnownFailure* failure = known_failure(software.vllm, gpu, fact.name)) {
    return failing(name, *failure, "vLLM " + software.vllm, gpu);
  }
  const Text detail =
      bilingual("{0} for {1}: {2}", "{1} 用 {0}：{2}", fact.name, asked.format, bits(fact));
  if (fact.emulated.value_or(false)) {
    return note(name, bilingual("{}, computed in software: accuracy counts, speed does not",
                                "{}，由软件计算：精度可信，速度不可信", detail));
  }
  if (asked.weight_bits && asked.activation_bits && fact.activation_bits &&
      *fact.activation_bits > *asked.activation_bits) {
    return note(name, bilingual("{}, not W{}A{}: activations stay wider than the checkpoint asks",
                                "{}，不是 W{}A{}：激活比检查点要求的宽", detail, *asked.weight_bits,
                                *asked.activation_bits));
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
  const Text name = bilingual("require {}", "要求 {}", v.name);
  const std::string label = label_of(*v.require);
  const auto least = least_for(*v.require);
  if (gpu && least && *gpu < *least) {
    return missing(
        name,
        bilingual("{} is required, and compute capability {}.{} has no such product",
                  "要求 {}，而计算能力 {}.{} 没有这种乘法", label, gpu->major, gpu->minor),
        bilingual("it takes {}.{} or higher", "需要 {}.{} 或更高", least->major, least->minor),
        {"another GPU, or another `require` in the variant", "换 GPU，或改变体的 `require`"});
  }
  const auto bits = v.checkpoint ? v.checkpoint->weight_bits : std::nullopt;
  if (bits && *bits != v.require->weights) {
    return missing(name,
                   bilingual("{} is required, and the checkpoint keeps {}-bit weights",
                             "要求 {}，而检查点的权重是 {} 位", label, *bits),
                   {},
                   {"another checkpoint, or another `require` in the variant",
                    "换检查点，或改变体的 `require`"});
  }
  if (chosen == nullptr) {
    return not_checked(name,
                       bilingual("{} is required; which kernel is taken is not known yet",
                                 "要求 {}；尚不知道会选用哪个内核", label),
                       {"the run looks once the weights are loaded, before anything is asked",
                        "运行在加载权重之后、提问之前会检查"});
  }
  LoadFacts facts;
  facts.kernels = {*chosen};
  const std::string other = kernels_other_than(*v.require, facts);
  if (other.empty()) return ok(name, bilingual("{}, as required", "{}，符合要求", label));
  return missing(name, bilingual("{} is required, and {}", "要求 {}，而 {}", label, other),
                 {"vLLM takes the first of its kernels that GPU and environment allow",
                  "vLLM 取 GPU 与环境允许的第一个内核"},
                 {"another GPU or vLLM, or another `require` in the variant",
                  "换 GPU 或 vLLM，或改变体的 `require`"});
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
    out.push_back(not_checked(
        "torch", software.why.empty() ? Text("it was not asked", "没有问它") : Text(software.why)));
    return out;
  }
  const Text driver = {"driver", "驱动"};
  const Text covered = {"torch's GPUs", "torch 支持的 GPU"};
  if (software.torch_cuda.empty()) {
    out.push_back(missing(
        "torch", bilingual("torch {} is built without CUDA", "torch {} 不带 CUDA", software.torch),
        {}, {"install the torch that vLLM for GPUs asks for", "安装 GPU 版 vLLM 要求的 torch"}));
    return out;
  }
  if (major_of(gpus.driver_cuda) != 0 &&
      major_of(gpus.driver_cuda) < major_of(software.torch_cuda)) {
    out.push_back(missing(
        driver,
        bilingual("driver {} runs CUDA {}, and torch is built for {}",
                  "驱动 {} 支持 CUDA {}，而 torch 为 {} 构建", gpus.driver, gpus.driver_cuda,
                  software.torch_cuda),
        {"a program of a newer major CUDA release does not run on an older driver",
         "较新 CUDA 大版本的程序不能在旧驱动上运行"},
        bilingual("install driver {} or newer, or a torch and vLLM for CUDA {}",
                  "安装驱动 {} 或更新，或用于 CUDA {} 的 torch 与 vLLM",
                  first_driver_of(major_of(software.torch_cuda)), major_of(gpus.driver_cuda))));
  } else if (gpus.driver_cuda.empty()) {
    out.push_back(
        not_checked(driver, {"it does not say which CUDA it runs", "它没有说明支持哪个 CUDA"}));
  } else {
    out.push_back(ok(
        driver, bilingual("{}, CUDA {}; torch {} for CUDA {}", "{}，CUDA {}；torch {} 用于 CUDA {}",
                          gpus.driver, gpus.driver_cuda, software.torch, software.torch_cuda)));
  }
  for (const Gpu& gpu : gpus.gpus) {
    if (!gpu.compute_capability) continue;
    const std::string sm =
        fmt::format("sm_{}{}", gpu.compute_capability->major, gpu.compute_capability->minor);
    if (software.arch_list.empty()) {
      out.push_back(not_checked(
          covered, {"it does not say what it was compiled for", "它没有说明为哪些 GPU 编译"}));
    } else if (std::ranges::none_of(software.arch_list, [&](const std::string& arch) {
                 return runs_on(arch, *gpu.compute_capability);
               })) {
      out.push_back(
          missing(covered,
                  bilingual("torch {} has no code for {} ({})", "torch {} 没有用于 {}（{}）的代码",
                            software.torch, gpu.name, sm),
                  bilingual("it has {}", "它有 {}", join(software.arch_list, " ")),
                  bilingual("install a torch that lists {}", "安装列有 {} 的 torch", sm)));
    } else {
      out.push_back(ok(covered, bilingual("{} is among what torch was compiled for",
                                          "torch 的编译目标含 {}", sm)));
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
    const Text name = bilingual("kernels {}", "内核 {}", v.name);
    if (auto required = requirement(v, gpu, chosen_for(v, software))) {
      out.push_back(*std::move(required));
    }
    if (!v.checkpoint) {
      out.push_back(not_checked(name, {"its checkpoint was not seen", "没有看到它的检查点"}));
      continue;
    }
    if (v.checkpoint->format.empty() && v.checkpoint->weight_bits.value_or(0) >= 16) continue;
    if (software.vllm.empty()) {
      out.push_back(
          not_checked(name, bilingual("vLLM was not asked: {}", "没有问 vLLM：{}", software.why)));
    } else if (!gpu) {
      out.push_back(
          not_checked(name, {"no GPU tells its compute capability", "没有 GPU 说明计算能力"}));
    } else {
      out.push_back(kernel_of(name, *v.checkpoint, needs, *gpu, software));
    }
  }
  return out;
}

}  // namespace assay

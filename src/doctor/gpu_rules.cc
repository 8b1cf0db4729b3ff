#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {
namespace {

// CUDA's context, activations and the graphs of a 32B model, beside weights and cache: seen on
// H100 (docs/gpu.md), rounded up.
constexpr std::uint64_t kBesideBytes = 3UL << 29;
// Of a GPU that nobody uses: the driver's own.
constexpr std::uint64_t kIdleBytes = 1UL << 30;

std::string gib(std::uint64_t bytes) {
  return human_bytes(static_cast<double>(bytes));
}

Text cards(std::size_t count) {
  return bilingual("{0} GPU{1}", "{0} 个 GPU", count, count == 1 ? "" : "s");
}

// Those that ranks take.
std::vector<Gpu> used_of(const PlanNeeds& needs, const GpuFacts& gpus) {
  const auto most = static_cast<std::size_t>(needs.most_ranks());
  return {gpus.gpus.begin(),
          gpus.gpus.begin() + static_cast<std::ptrdiff_t>(std::min(most, gpus.gpus.size()))};
}

Text described(const Gpu& gpu) {
  std::vector<Text> out{gpu.name.empty() ? Text("a GPU", "GPU") : Text(gpu.name)};
  if (gpu.memory_total_bytes) out.emplace_back(gib(*gpu.memory_total_bytes));
  if (gpu.compute_capability) {
    out.push_back(bilingual("compute capability {}.{}", "计算能力 {}.{}",
                            gpu.compute_capability->major, gpu.compute_capability->minor));
  }
  return listed(out);
}

Finding no_driver(const PlanNeeds& needs, const GpuFacts& gpus) {
  if (gpus.state == DriverState::broken) {
    return missing("GPUs",
                   {"the NVIDIA driver is there and does not work", "有 NVIDIA 驱动，但不能工作"},
                   gpus.why,
                   {"reboot, or load the kernel module of the installed driver: its library and "
                    "its module must be of one version",
                    "重启，或加载已安装驱动的内核模块：库与模块必须是同一版本"});
  }
  if (gpus.other_maker) {
    return not_checked("GPUs", bilingual("no NVIDIA driver, and another maker's device: {}",
                                         "没有 NVIDIA 驱动，设备来自其他厂商：{}", gpus.why));
  }
  return missing("GPUs",
                 bilingual("the plan needs {}, and there is no NVIDIA driver here",
                           "计划需要 {}，而这里没有 NVIDIA 驱动",
                           cards(static_cast<std::size_t>(needs.most_ranks()))),
                 gpus.why,
                 {"run it on a machine with NVIDIA GPUs and their driver; in a container, give it "
                  "the GPUs (--gpus all)",
                  "在有 NVIDIA GPU 与驱动的机器上运行；在容器中要把 GPU 给它（--gpus all）"});
}

Finding count_finding(const PlanNeeds& needs, const GpuFacts& gpus) {
  const auto wanted = static_cast<std::size_t>(needs.most_ranks());
  const std::size_t there = gpus.gpus.size();
  if (gpus.not_there) {
    return missing("GPUs",
                   bilingual("CUDA_VISIBLE_DEVICES names '{}', which is not there",
                             "CUDA_VISIBLE_DEVICES 写了 '{}'，它不存在", *gpus.not_there),
                   bilingual("it is '{}'; CUDA sees {} then", "它的值是 '{}'；CUDA 此时看到 {}",
                             gpus.asked.value_or(""), cards(there)),
                   {"name GPUs that `nvidia-smi -L` lists", "请写 `nvidia-smi -L` 列出的 GPU"});
  }
  if (there < wanted) {
    const Text visible = {
        there == 0 ? "none is" : fmt::format("{} {}", there, there == 1 ? "is" : "are"),
        std::to_string(there)};
    return missing("GPUs",
                   bilingual("{} ranks need {}, and {} visible", "{} 个 rank 需要 {}，可见 {} 个",
                             wanted, cards(wanted), visible),
                   gpus.asked ? bilingual("CUDA_VISIBLE_DEVICES is '{}'",
                                          "CUDA_VISIBLE_DEVICES 是 '{}'", *gpus.asked)
                              : Text("CUDA_VISIBLE_DEVICES is not set, so these are all",
                                     "没有设置 CUDA_VISIBLE_DEVICES，所以这就是全部"),
                   bilingual("take a machine with {}, or set tensor_parallel_size to {}",
                             "换一台有 {} 的机器，或把 tensor_parallel_size 设为 {}", cards(wanted),
                             std::max<std::size_t>(1, there)));
  }
  Text used;
  if (there > wanted) used = bilingual("; {} used", "；用其中 {} 个", wanted);
  return ok("GPUs", bilingual("{} x {}{}", "{} × {}{}", there, described(gpus.gpus.front()), used));
}

// The driver lists a lost card until the machine is restarted. CUDA may find none at all beside it.
void add_lost(const std::vector<Gpu>& used, Findings& out) {
  for (const Gpu& gpu : used) {
    if (!gpu.lost) continue;
    out.push_back(missing(
        "GPU " + gpu.index,
        {"it has fallen off the bus, or must be reset", "它已从总线上脱落，或必须复位"},
        {"the driver lists it and it answers nothing; the kernel's log says why (`dmesg`, Xid)",
         "驱动仍列出它，它却没有应答；原因见内核日志（`dmesg` 中的 Xid）"},
        bilingual("`nvidia-smi --gpu-reset -i {0}`, else restart the machine; or leave it out with "
                  "CUDA_VISIBLE_DEVICES",
                  "`nvidia-smi --gpu-reset -i {0}`，不行就重启机器；或用 CUDA_VISIBLE_DEVICES "
                  "避开它",
                  gpu.index)));
  }
}

// What a card that is cut up cannot do.
void add_slices(const PlanNeeds& needs, const std::vector<Gpu>& used, Findings& out) {
  for (const Gpu& gpu : used) {
    if (gpu.mig == Mig::no_slices) {
      out.push_back(missing(
          "MIG",
          bilingual("GPU {} is in MIG mode and has no slice", "GPU {} 处于 MIG 模式，却没有切片",
                    gpu.index),
          {"CUDA finds no device on such a card", "CUDA 在这样的卡上找不到设备"},
          bilingual("turn MIG off (nvidia-smi -i {} -mig 0) or make a slice (nvidia-smi mig -cgi)",
                    "关闭 MIG（nvidia-smi -i {} -mig 0），或建一个切片（nvidia-smi mig -cgi）",
                    gpu.index)));
      return;
    }
  }
  const auto slice = std::ranges::find(used, Mig::slice, &Gpu::mig);
  if (slice == used.end()) return;
  if (needs.most_ranks() > 1) {
    out.push_back(
        missing("MIG",
                bilingual("{} ranks over MIG slices ({})", "{} 个 rank 分布在 MIG 切片上（{}）",
                          needs.most_ranks(), slice->name),
                {"slices cannot reach each other's memory, and NCCL refuses two ranks on one card",
                 "切片之间不能访问彼此的显存，NCCL 也拒绝在一张卡上放两个 rank"},
                {"turn MIG off (nvidia-smi -mig 0), or set tensor_parallel_size to 1",
                 "关闭 MIG（nvidia-smi -mig 0），或把 tensor_parallel_size 设为 1"}));
  } else {
    out.push_back(
        note("MIG", bilingual("one slice of a card ({}): its speed and energy are not the card's",
                              "一张卡的一个切片（{}）：速度与能耗不是整张卡的", slice->name)));
  }
}

Text who(const GpuProcess& p) {
  const Text name = p.name.empty() ? Text("not seen from here", "从这里看不到") : Text(p.name);
  Text holds;
  if (p.used_bytes) holds = bilingual(" holds {}", "占用 {}", gib(*p.used_bytes));
  return bilingual("pid {} ({}{}){}", "pid {}（{}{}）{}", p.pid, name,
                   p.left_over ? Text(", left over from a dead run", "，已死的运行留下的") : Text(),
                   holds);
}

Text all_of(const std::vector<GpuProcess>& processes) {
  std::vector<Text> words;
  words.reserve(processes.size());
  for (const GpuProcess& p : processes) words.push_back(who(p));
  return listed(words, ", ", "、");
}

Text end_them(const std::vector<GpuProcess>& processes) {
  std::string out;
  for (const GpuProcess& p : processes) {
    if (!p.name.empty()) out += fmt::format(" {}", p.pid);
  }
  if (!out.empty()) return "kill" + out;
  return {"end what runs on it (another container's, perhaps)",
          "结束它上面运行的程序（也许属于另一个容器）"};
}

// What a variant takes of one GPU at least, nothing where its weights are not known: its part of
// the weights, one sequence of the greatest length, and what stands beside them.
std::optional<std::uint64_t> least_bytes(const VariantNeeds& v) {
  if (!v.checkpoint || !v.checkpoint->weights_bytes) return std::nullopt;
  const auto split = static_cast<std::uint64_t>(v.split);
  const double cache = static_cast<double>(v.checkpoint->kv_bytes_per_token.value_or(0)) *
                       v.max_model_len * v.kv_number_bytes / 2;
  return *v.checkpoint->weights_bytes / split +
         v.kv_cache_bytes.value_or(static_cast<std::uint64_t>(cache) / split) + kBesideBytes;
}

// What vLLM claims of a GPU before it loads.
std::uint64_t claim(const VariantNeeds& v, const Gpu& gpu) {
  if (v.kv_cache_bytes) return least_bytes(v).value_or(*v.kv_cache_bytes);
  return static_cast<std::uint64_t>(static_cast<double>(gpu.memory_total_bytes.value_or(0)) *
                                    v.memory_share);
}

Text weights_unknown(const VariantNeeds& v) {
  if (v.dummy_weights) {
    return {"load_format is dummy: there are no weights to weigh",
            "load_format 是 dummy：没有权重可称"};
  }
  return {"the size of its weights is not known", "权重大小未知"};
}

Finding variant_memory(const VariantNeeds& v, const std::vector<Gpu>& used) {
  const Text name = bilingual("GPU memory {}", "显存 {}", v.name);
  const auto least = least_bytes(v);
  const ModelNeeds checkpoint = v.checkpoint.value_or(ModelNeeds{});
  if (!least || !checkpoint.weights_bytes) {
    return not_checked(name, weights_unknown(v));
  }
  const auto smallest = std::ranges::min_element(
      used, {}, [](const Gpu& g) { return g.memory_total_bytes.value_or(0); });
  const std::uint64_t total = smallest->memory_total_bytes.value_or(0);
  if (total == 0) return not_checked(name, {"the driver does not tell", "驱动没有说明"});
  const std::uint64_t room = v.kv_cache_bytes ? total : claim(v, *smallest);
  const std::uint64_t weights = *checkpoint.weights_bytes / static_cast<std::uint64_t>(v.split);
  if (*least > room) {
    return missing(
        name,
        bilingual("{} needed on each GPU, {} there", "每个 GPU 需要 {}，只有 {}", gib(*least),
                  gib(room)),
        bilingual(
            "{0} of weights over {1}, the cache of one sequence of {2} tokens, and {3} beside",
            "{1} 分担 {0} 权重，加上一条 {2} token 序列的缓存，另外 {3}",
            gib(*checkpoint.weights_bytes), cards(static_cast<std::size_t>(v.split)),
            v.max_model_len, gib(kBesideBytes)),
        {"more ranks (tensor_parallel_size), GPUs with more memory, or a smaller max_model_len",
         "用更多 rank（tensor_parallel_size）、显存更大的 GPU，或更小的 max_model_len"});
  }
  Text cache;
  const std::uint64_t per_token = checkpoint.kv_bytes_per_token.value_or(0);
  if (per_token > 0 && !v.kv_cache_bytes) {
    const double left = static_cast<double>(room - weights - kBesideBytes) * v.split;
    const double tokens = left / (static_cast<double>(per_token) * v.kv_number_bytes / 2);
    cache = bilingual("; a cache of some {0:.0f},000 tokens", "；缓存约 {1:.0f} 万 token",
                      tokens / 1000, tokens / 10000);
  }
  return ok(name, bilingual("{} of weights on each, {} of {} in all{}",
                            "每个放 {} 权重，共用 {}，总计 {}{}", gib(weights), gib(room),
                            gib(total), cache));
}

// Room that others hold: vLLM refuses to begin where less is free than it may fill.
void add_others(const PlanNeeds& needs, const std::vector<Gpu>& used, Findings& out) {
  for (const Gpu& gpu : used) {
    if (!gpu.memory_total_bytes || !gpu.memory_used_bytes) continue;
    std::uint64_t wanted = 0;
    for (const VariantNeeds& v : needs.variants) wanted = std::max(wanted, claim(v, gpu));
    const std::uint64_t free = *gpu.memory_total_bytes - *gpu.memory_used_bytes;
    const std::string name = "GPU " + gpu.index;
    const Text held = all_of(gpu.processes);
    const bool left_over = std::ranges::any_of(gpu.processes, &GpuProcess::left_over);
    if (free < wanted) {
      out.push_back(
          missing(name,
                  bilingual("{0} of {1} free, {2} wanted", "{1} 中空闲 {0}，需要 {2}", gib(free),
                            gib(*gpu.memory_total_bytes), gib(wanted)),
                  held.empty() ? Text("who holds the rest is not told (another container?)",
                                      "看不到谁占用其余部分（另一个容器？）")
                               : held,
                  bilingual("{}, or lower gpu_memory_utilization",
                            "{}，或调低 gpu_memory_utilization", end_them(gpu.processes))));
    } else if (left_over) {
      out.push_back(note(name,
                         bilingual("a dead run's process is still on it: {}",
                                   "已死的运行还有进程在上面：{}", held),
                         end_them(gpu.processes)));
    } else if (!held.empty()) {
      out.push_back(note(name, bilingual("shared: {}; speed is not this plan's alone",
                                         "与别人共享：{}；测得的速度不只属于本计划", held)));
    } else if (*gpu.memory_used_bytes > kIdleBytes) {
      out.push_back(note(name, bilingual("{} held by who is not told", "{} 被占用，看不到是谁",
                                         gib(*gpu.memory_used_bytes))));
    }
  }
}

}  // namespace

Findings gpu_findings(const PlanNeeds& needs, const GpuFacts& gpus) {
  Findings out;
  if (needs.other_hosts()) {
    out.push_back(
        not_checked("GPUs", {"ranks run on other machines, too", "rank 也运行在其他机器上"},
                    {"run `assay doctor` on each of them", "在每台上运行 `assay doctor`"}));
    return out;
  }
  if (gpus.state != DriverState::ok) return {no_driver(needs, gpus)};
  out.push_back(count_finding(needs, gpus));
  const std::vector<Gpu> used = used_of(needs, gpus);
  add_lost(used, out);
  if (std::ranges::any_of(used, &Gpu::lost)) return out;
  add_slices(needs, used, out);
  if (std::ranges::adjacent_find(used, std::ranges::not_equal_to(), &Gpu::name) != used.end()) {
    std::vector<std::string> names;
    names.reserve(used.size());
    for (const Gpu& gpu : used) names.push_back(gpu.name);
    out.push_back(note({"GPUs alike", "GPU 相同"},
                       bilingual("they are not: {}; the slowest and smallest sets the pace",
                                 "不相同：{}；最慢、最小的决定快慢", join(names, ", "))));
  }
  return out;
}

Findings gpu_memory_findings(const PlanNeeds& needs, const GpuFacts& gpus) {
  Findings out;
  const std::vector<Gpu> used = used_of(needs, gpus);
  if (used.empty() || needs.other_hosts()) return out;
  for (const VariantNeeds& v : needs.variants) out.push_back(variant_memory(v, used));
  add_others(needs, used, out);
  return out;
}

Finding power_finding(const GpuFacts& gpus) {
  for (const Gpu& gpu : gpus.gpus) {
    if (!gpu.tells_energy) {
      return note({"energy", "能耗"},
                  bilingual("GPU {} does not count what it uses: the report will say \"not told\"",
                            "GPU {} 不计能耗：报告中将写“未说明”", gpu.index));
    }
  }
  return ok({"energy", "能耗"}, {"every GPU counts what it uses", "每个 GPU 都计能耗"});
}

Findings cpu_findings(const PlanNeeds& needs, const Hardware& hardware) {
  Findings out;
  if (needs.device == Device::cpu) {
    out.push_back(ok("GPUs", bilingual("not needed: {} is the CPU build", "不需要：{} 是 CPU 版本",
                                       needs.engine)));
  } else {
    Text driver;
    if (hardware.gpus && hardware.gpus->state != DriverState::ok) {
      driver = bilingual("; and there is no NVIDIA driver here: {}",
                         "；而且这里没有 NVIDIA 驱动：{}", hardware.gpus->why);
    }
    out.push_back(missing(
        "GPUs",
        bilingual("the plan asks for {}, and {} is the CPU build", "计划要用 {}，而 {} 是 CPU 版本",
                  cards(static_cast<std::size_t>(needs.most_ranks())), needs.engine),
        bilingual("it says {}{}", "它写着 {}{}", needs.why_gpus, driver),
        {"install vLLM for GPUs on a machine that has them, or take that out of the plan",
         "在有 GPU 的机器上安装 GPU 版 vLLM，或从计划中去掉它"}));
  }
  for (const VariantNeeds& v : needs.variants) {
    const Text name = bilingual("memory {}", "内存 {}", v.name);
    if (!v.checkpoint || !v.checkpoint->weights_bytes || !hardware.memory_available_bytes) {
      out.push_back(not_checked(name, weights_unknown(v)));
      continue;
    }
    const auto cache = static_cast<std::uint64_t>(needs.cpu_kv_cache_gb * (1UL << 30));
    const std::uint64_t wanted = *v.checkpoint->weights_bytes + cache;
    const std::uint64_t there = *hardware.memory_available_bytes;
    if (wanted > there) {
      out.push_back(missing(
          name, bilingual("{} needed, {} free", "需要 {}，空闲 {}", gib(wanted), gib(there)),
          bilingual("{} of weights and {} of cache", "权重 {}，缓存 {}",
                    gib(*v.checkpoint->weights_bytes), gib(cache)),
          {"a machine with more memory, or a smaller VLLM_CPU_KVCACHE_SPACE",
           "用内存更大的机器，或更小的 VLLM_CPU_KVCACHE_SPACE"}));
    } else {
      out.push_back(ok(name, bilingual("{} of weights and cache, {} free", "权重与缓存 {}，空闲 {}",
                                       gib(wanted), gib(there))));
    }
  }
  return out;
}

}  // namespace assay

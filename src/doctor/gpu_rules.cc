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

std::string cards(std::size_t count) {
  return fmt::format("{} GPU{}", count, count == 1 ? "" : "s");
}

// Those that ranks take.
std::vector<Gpu> used_of(const PlanNeeds& needs, const GpuFacts& gpus) {
  const auto most = static_cast<std::size_t>(needs.most_ranks());
  return {gpus.gpus.begin(),
          gpus.gpus.begin() + static_cast<std::ptrdiff_t>(std::min(most, gpus.gpus.size()))};
}

std::string described(const Gpu& gpu) {
  std::string out = gpu.name.empty() ? "a GPU" : gpu.name;
  if (gpu.memory_total_bytes) out += ", " + gib(*gpu.memory_total_bytes);
  if (gpu.compute_capability) {
    out += fmt::format(", compute capability {}.{}", gpu.compute_capability->major,
                       gpu.compute_capability->minor);
  }
  return out;
}

Finding no_driver(const PlanNeeds& needs, const GpuFacts& gpus) {
  if (gpus.state == DriverState::broken) {
    return missing("GPUs", "the NVIDIA driver is there and does not work", gpus.why,
                   "reboot, or load the kernel module of the installed driver: its library and "
                   "its module must be of one version");
  }
  if (gpus.other_maker) {
    return not_checked("GPUs", "no NVIDIA driver, and another maker's device: " + gpus.why);
  }
  return missing("GPUs",
                 fmt::format("the plan needs {}, and there is no NVIDIA driver here",
                             cards(static_cast<std::size_t>(needs.most_ranks()))),
                 gpus.why,
                 "run it on a machine with NVIDIA GPUs and their driver; in a container, "
                 "give it the GPUs (--gpus all)");
}

Finding count_finding(const PlanNeeds& needs, const GpuFacts& gpus) {
  const auto wanted = static_cast<std::size_t>(needs.most_ranks());
  const std::size_t there = gpus.gpus.size();
  if (gpus.not_there) {
    return missing(
        "GPUs", fmt::format("CUDA_VISIBLE_DEVICES names '{}', which is not there", *gpus.not_there),
        fmt::format("it is '{}'; CUDA sees {} then", gpus.asked.value_or(""), cards(there)),
        "name GPUs that `nvidia-smi -L` lists");
  }
  if (there < wanted) {
    return missing("GPUs",
                   fmt::format("{} ranks need {}, and {} visible", wanted, cards(wanted),
                               there == 0 ? std::string("none is")
                                          : fmt::format("{} {}", there, there == 1 ? "is" : "are")),
                   gpus.asked ? fmt::format("CUDA_VISIBLE_DEVICES is '{}'", *gpus.asked)
                              : "CUDA_VISIBLE_DEVICES is not set, so these are all",
                   fmt::format("take a machine with {}, or set tensor_parallel_size to {}",
                               cards(wanted), std::max<std::size_t>(1, there)));
  }
  std::string detail = fmt::format("{} x {}", there, described(gpus.gpus.front()));
  if (there > wanted) detail += fmt::format("; {} used", wanted);
  return ok("GPUs", detail);
}

// What a card that is cut up cannot do.
void add_slices(const PlanNeeds& needs, const std::vector<Gpu>& used, Findings& out) {
  for (const Gpu& gpu : used) {
    if (gpu.mig == Mig::no_slices) {
      out.push_back(missing("MIG", fmt::format("GPU {} is in MIG mode and has no slice", gpu.index),
                            "CUDA finds no device on such a card",
                            "turn MIG off (nvidia-smi -i " + gpu.index +
                                " -mig 0) or make a slice (nvidia-smi mig -cgi)"));
      return;
    }
  }
  const auto slice = std::ranges::find(used, Mig::slice, &Gpu::mig);
  if (slice == used.end()) return;
  if (needs.most_ranks() > 1) {
    out.push_back(missing(
        "MIG", fmt::format("{} ranks over MIG slices ({})", needs.most_ranks(), slice->name),
        "slices cannot reach each other's memory, and NCCL refuses two ranks on one card",
        "turn MIG off (nvidia-smi -mig 0), or set tensor_parallel_size to 1"));
  } else {
    out.push_back(note("MIG", fmt::format("one slice of a card ({}): its speed and energy are not "
                                          "the card's",
                                          slice->name)));
  }
}

std::string who(const GpuProcess& p) {
  const std::string name = p.name.empty() ? "not seen from here" : p.name;
  return fmt::format("pid {} ({}{}){}", p.pid, name,
                     p.left_over ? ", left over from a dead run" : "",
                     p.used_bytes ? " holds " + gib(*p.used_bytes) : "");
}

std::string all_of(const std::vector<GpuProcess>& processes) {
  std::vector<std::string> words;
  words.reserve(processes.size());
  for (const GpuProcess& p : processes) words.push_back(who(p));
  return join(words, ", ");
}

std::string end_them(const std::vector<GpuProcess>& processes) {
  std::string out;
  for (const GpuProcess& p : processes) {
    if (!p.name.empty()) out += fmt::format(" {}", p.pid);
  }
  return out.empty() ? "end what runs on it (another container's, perhaps)" : "kill" + out;
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

Finding variant_memory(const VariantNeeds& v, const std::vector<Gpu>& used) {
  const std::string name = "GPU memory " + v.name;
  const auto least = least_bytes(v);
  const ModelNeeds checkpoint = v.checkpoint.value_or(ModelNeeds{});
  if (!least || !checkpoint.weights_bytes) {
    return not_checked(name, v.dummy_weights ? "load_format is dummy: there are no weights to weigh"
                                             : "the size of its weights is not known");
  }
  const auto smallest = std::ranges::min_element(
      used, {}, [](const Gpu& g) { return g.memory_total_bytes.value_or(0); });
  const std::uint64_t total = smallest->memory_total_bytes.value_or(0);
  if (total == 0) return not_checked(name, "the driver does not tell");
  const std::uint64_t room = v.kv_cache_bytes ? total : claim(v, *smallest);
  const std::uint64_t weights = *checkpoint.weights_bytes / static_cast<std::uint64_t>(v.split);
  if (*least > room) {
    return missing(
        name, fmt::format("{} needed on each GPU, {} there", gib(*least), gib(room)),
        fmt::format("{} of weights over {}, the cache of one sequence of {} tokens, and {} beside",
                    gib(*checkpoint.weights_bytes), cards(static_cast<std::size_t>(v.split)),
                    v.max_model_len, gib(kBesideBytes)),
        "more ranks (tensor_parallel_size), GPUs with more memory, or a smaller max_model_len");
  }
  std::string detail =
      fmt::format("{} of weights on each, {} of {} in all", gib(weights), gib(room), gib(total));
  const std::uint64_t per_token = checkpoint.kv_bytes_per_token.value_or(0);
  if (per_token > 0 && !v.kv_cache_bytes) {
    const double left = static_cast<double>(room - weights - kBesideBytes) * v.split;
    detail += fmt::format("; a cache of some {:.0f},000 tokens",
                          left / (static_cast<double>(per_token) * v.kv_number_bytes / 2) / 1000);
  }
  return ok(name, detail);
}

// Room that others hold: vLLM refuses to begin where less is free than it may fill.
void add_others(const PlanNeeds& needs, const std::vector<Gpu>& used, Findings& out) {
  for (const Gpu& gpu : used) {
    if (!gpu.memory_total_bytes || !gpu.memory_used_bytes) continue;
    std::uint64_t wanted = 0;
    for (const VariantNeeds& v : needs.variants) wanted = std::max(wanted, claim(v, gpu));
    const std::uint64_t free = *gpu.memory_total_bytes - *gpu.memory_used_bytes;
    const std::string name = "GPU " + gpu.index;
    const std::string held = all_of(gpu.processes);
    const bool left_over = std::ranges::any_of(gpu.processes, &GpuProcess::left_over);
    if (free < wanted) {
      out.push_back(
          missing(name,
                  fmt::format("{} of {} free, {} wanted", gib(free), gib(*gpu.memory_total_bytes),
                              gib(wanted)),
                  held.empty() ? "who holds the rest is not told (another container?)" : held,
                  end_them(gpu.processes) + ", or lower gpu_memory_utilization"));
    } else if (left_over) {
      out.push_back(
          note(name, "a dead run's process is still on it: " + held, end_them(gpu.processes)));
    } else if (!held.empty()) {
      out.push_back(note(name, "shared: " + held + "; speed is not this plan's alone"));
    } else if (*gpu.memory_used_bytes > kIdleBytes) {
      out.push_back(note(name, gib(*gpu.memory_used_bytes) + " held by who is not told"));
    }
  }
}

}  // namespace

Findings gpu_findings(const PlanNeeds& needs, const GpuFacts& gpus) {
  Findings out;
  if (needs.other_hosts()) {
    out.push_back(not_checked("GPUs", "ranks run on other machines, too",
                              "run `assay doctor` on each of them"));
    return out;
  }
  if (gpus.state != DriverState::ok) return {no_driver(needs, gpus)};
  out.push_back(count_finding(needs, gpus));
  const std::vector<Gpu> used = used_of(needs, gpus);
  add_slices(needs, used, out);
  if (std::ranges::adjacent_find(used, std::ranges::not_equal_to(), &Gpu::name) != used.end()) {
    std::vector<std::string> names;
    names.reserve(used.size());
    for (const Gpu& gpu : used) names.push_back(gpu.name);
    out.push_back(note("GPUs alike", "they are not: " + join(names, ", ") +
                                         "; the slowest and smallest sets the pace"));
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
      return note("energy", fmt::format("GPU {} does not count what it uses: the report will say "
                                        "\"not told\"",
                                        gpu.index));
    }
  }
  return ok("energy", "every GPU counts what it uses");
}

Findings cpu_findings(const PlanNeeds& needs, const Hardware& hardware) {
  Findings out;
  if (needs.device == Device::cpu) {
    out.push_back(ok("GPUs", "not needed: " + needs.engine + " is the CPU build"));
  } else {
    out.push_back(
        missing("GPUs",
                fmt::format("the plan asks for {}, and {} is the CPU build",
                            cards(static_cast<std::size_t>(needs.most_ranks())), needs.engine),
                fmt::format("it says {}{}", needs.why_gpus,
                            hardware.gpus && hardware.gpus->state != DriverState::ok
                                ? "; and there is no NVIDIA driver here: " + hardware.gpus->why
                                : ""),
                "install vLLM for GPUs on a machine that has them, or take that out of the plan"));
  }
  for (const VariantNeeds& v : needs.variants) {
    const std::string name = "memory " + v.name;
    if (!v.checkpoint || !v.checkpoint->weights_bytes || !hardware.memory_available_bytes) {
      out.push_back(not_checked(name, v.dummy_weights
                                          ? "load_format is dummy: there are no weights to weigh"
                                          : "the size of its weights is not known"));
      continue;
    }
    const auto cache = static_cast<std::uint64_t>(needs.cpu_kv_cache_gb * (1UL << 30));
    const std::uint64_t wanted = *v.checkpoint->weights_bytes + cache;
    const std::uint64_t there = *hardware.memory_available_bytes;
    if (wanted > there) {
      out.push_back(missing(name, fmt::format("{} needed, {} free", gib(wanted), gib(there)),
                            fmt::format("{} of weights and {} of cache",
                                        gib(*v.checkpoint->weights_bytes), gib(cache)),
                            "a machine with more memory, or a smaller VLLM_CPU_KVCACHE_SPACE"));
    } else {
      out.push_back(
          ok(name, fmt::format("{} of weights and cache, {} free", gib(wanted), gib(there))));
    }
  }
  return out;
}

}  // namespace assay

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {
namespace {

constexpr const char* kName = "all-reduce";

std::string speed(const AllReduce& run) {
  if (run.sizes.empty()) return "";
  const AllReduceSize& largest = *std::ranges::max_element(run.sizes, {}, &AllReduceSize::bytes);
  const bool own =
      std::ranges::any_of(run.sizes, [](const AllReduceSize& s) { return s.by == "vllm custom"; });
  return fmt::format("{:.0f} GB/s at {}{}{}", largest.gb_per_s,
                     human_bytes(static_cast<double>(largest.bytes)),
                     own ? ", small ones by vLLM's own kernel" : "",
                     run.transports.empty() ? "" : ", " + join(run.transports, " and "));
}

std::string failed_how(const AllReduce& run) {
  if (!run.failed) return "it did not come to its end";
  const AllReduceFailure& f = *run.failed;
  std::vector<std::string> ranks;
  ranks.reserve(f.ranks.size());
  for (const int rank : f.ranks) ranks.push_back(std::to_string(rank));
  return fmt::format("{}: rank{} {}, in {}, after {:.0f} s: {}", f.what,
                     f.ranks.size() == 1 ? "" : "s", join(ranks, " and "), f.phase, f.after_s,
                     f.why);
}

// What on the bus is known to keep one GPU from the other's memory.
std::string bus_causes(const std::optional<PciFacts>& pci) {
  std::vector<std::string> words;
  if (pci) {
    const bool translates = std::ranges::any_of(
        pci->iommu_types, [](const std::string& t) { return t.starts_with("DMA"); });
    if (translates) words.push_back("the IOMMU translates (" + join(pci->iommu_types, ", ") + ")");
    if (!pci->acs_bridges.empty()) {
      words.push_back("ACS is on at " + join(pci->acs_bridges, ", "));
    } else if (pci->acs_unread) {
      words.emplace_back("whether ACS is on only root can read");
    }
    if (pci->virtual_machine) {
      words.emplace_back("this is a virtual machine, whose host's IOMMU and ACS cannot be seen");
    }
  }
  return words.empty() ? "IOMMU and ACS look harmless, as far as can be seen" : join(words, "; ");
}

constexpr const char* kWithoutPeers =
    "run without peer access: NCCL_P2P_DISABLE: \"1\" in the plan's env and "
    "disable_custom_all_reduce: true in engine";
constexpr const char* kBus =
    "boot the host with iommu=pt (or the IOMMU off) and turn ACS off on these bridges; or ";

Finding with_peers(const AllReduce& run, const AllReduceRuns& runs,
                   const std::optional<PciFacts>& pci) {
  if (run.verified) return ok(kName, "every sum right; " + speed(run));
  const bool others_work = runs.without_peers && runs.without_peers->verified;
  const std::string what = "GPUs do not add up: " + failed_how(run);
  if (!others_work) {
    return missing(
        kName, what,
        runs.without_peers ? "nor without peer access; " + bus_causes(pci) : bus_causes(pci),
        "look at NCCL's words: NCCL_DEBUG=INFO python -m assay_worker.all_reduce "
        "--ranks 2 --limit-s 90");
  }
  return missing(kName, what, "without peer access the sums are right; " + bus_causes(pci),
                 std::string(kBus) + kWithoutPeers);
}

}  // namespace

Findings all_reduce_findings(const PlanNeeds& needs, const GpuFacts& gpus,
                             const std::optional<PciFacts>& pci, const AllReduceRuns& runs) {
  Findings out;
  if (needs.most_ranks() == 1) {
    out.push_back(ok(kName, "not needed: one rank"));
    return out;
  }
  const bool vgpu = std::ranges::any_of(gpus.gpus, &Gpu::vgpu);
  if (!runs.with_peers) {
    out.push_back(not_checked(kName, runs.why_not));
  } else {
    out.push_back(with_peers(*runs.with_peers, runs, pci));
  }
  if (runs.without_peers && runs.with_peers && runs.with_peers->verified) {
    const AllReduce& run = *runs.without_peers;
    out.push_back(run.verified
                      ? ok("  without peer access", speed(run))
                      : note("  without peer access", failed_how(run) + "; the plan needs it not"));
  }
  if (!vgpu) return out;
  if (runs.with_peers && runs.with_peers->verified) {
    out.push_back(note("vGPU",
                       "the GPUs are parts given to a virtual machine: their speed is "
                       "shared, though ranks reach each other"));
  } else {
    out.push_back(missing(
        "vGPU", fmt::format("{} ranks over vGPUs ({})", needs.most_ranks(), gpus.gpus.front().name),
        "parts of cards seldom reach each other's memory, and no sum over them "
        "was seen to be right",
        "pass whole cards through to the virtual machine, or set "
        "tensor_parallel_size to 1"));
  }
  return out;
}

}  // namespace assay

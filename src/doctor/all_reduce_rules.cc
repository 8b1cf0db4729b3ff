#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "doctor/rules.h"

namespace assay {
namespace {

constexpr const char* kName = "all-reduce";
constexpr const char* kOtherVllm = "other vLLM";  // all_reduce.py's word

Text speed(const AllReduce& run) {
  if (run.sizes.empty()) return {};
  const AllReduceSize& largest = *std::ranges::max_element(run.sizes, {}, &AllReduceSize::bytes);
  const bool own =
      std::ranges::any_of(run.sizes, [](const AllReduceSize& s) { return s.by == "vllm custom"; });
  const Text small =
      own ? Text(", small ones by vLLM's own kernel", "，小块用 vLLM 自己的内核") : Text();
  Text by;
  if (!run.transports.empty()) {
    by = {", " + join(run.transports, " and "), "，经由 " + join(run.transports, "、")};
  }
  return bilingual("{0:.0f} GB/s at {1}{2}{3}", "{1} 时 {0:.0f} GB/s{2}{3}", largest.gb_per_s,
                   human_bytes(static_cast<double>(largest.bytes)), small, by);
}

Text failed_how(const AllReduce& run) {
  if (!run.failed) return {"it did not come to its end", "它没有运行到底"};
  const AllReduceFailure& f = *run.failed;
  std::vector<std::string> ranks;
  ranks.reserve(f.ranks.size());
  for (const int rank : f.ranks) ranks.push_back(std::to_string(rank));
  return bilingual("{0}: rank{1} {2}, in {3}, after {4:.0f} s: {5}",
                   "{0}：rank {2}，阶段 {3}，{4:.0f} 秒之后：{5}", f.what,
                   f.ranks.size() == 1 ? "" : "s", Text(join(ranks, " and "), join(ranks, "、")),
                   f.phase, f.after_s, f.why);
}

// What on the bus is known to keep one GPU from the other's memory.
Text bus_causes(const std::optional<PciFacts>& pci) {
  std::vector<Text> words;
  if (pci) {
    const bool translates = std::ranges::any_of(
        pci->iommu_types, [](const std::string& t) { return t.starts_with("DMA"); });
    if (translates) {
      words.push_back(bilingual("the IOMMU translates ({})", "IOMMU 在转换地址（{}）",
                                join(pci->iommu_types, ", ")));
    }
    if (!pci->acs_bridges.empty()) {
      words.push_back(
          bilingual("ACS is on at {}", "这些桥上开着 ACS：{}", join(pci->acs_bridges, ", ")));
    } else if (pci->acs_unread) {
      words.emplace_back("whether ACS is on only root can read", "ACS 是否开启只有 root 能读");
    }
    if (pci->virtual_machine) {
      words.emplace_back("this is a virtual machine, whose host's IOMMU and ACS cannot be seen",
                         "这是虚拟机，看不到宿主机的 IOMMU 与 ACS");
    }
  }
  if (words.empty()) {
    return {"IOMMU and ACS look harmless, as far as can be seen",
            "就能看到的而言，IOMMU 与 ACS 没有问题"};
  }
  return listed(words, "; ", "；");
}

Text bus_fix() {
  return {
      "boot the host with iommu=pt (or the IOMMU off) and turn ACS off on these bridges; or run "
      "without peer access: NCCL_P2P_DISABLE: \"1\" in the plan's env and "
      "disable_custom_all_reduce: true in engine",
      "启动宿主机时加 iommu=pt（或关闭 IOMMU），并关闭这些桥上的 ACS；或不用 peer access "
      "运行：计划的 "
      "env 中写 NCCL_P2P_DISABLE: \"1\"，engine 中写 disable_custom_all_reduce: true"};
}

Finding with_peers(const AllReduce& run, const AllReduceRuns& runs,
                   const std::optional<PciFacts>& pci) {
  if (run.verified)
    return ok(kName, bilingual("every sum right; {}", "每次求和都正确；{}", speed(run)));
  if (run.failed && run.failed->what == kOtherVllm) {
    return not_checked(kName, bilingual("this vLLM makes its group of ranks in another way: {}",
                                        "这个 vLLM 以另一种方式建立 rank 组：{}", run.failed->why));
  }
  const bool others_work = runs.without_peers && runs.without_peers->verified;
  const Text what = bilingual("GPUs do not add up: {}", "GPU 之间求和不对：{}", failed_how(run));
  if (!others_work) {
    return missing(kName, what,
                   runs.without_peers ? bilingual("nor without peer access; {}",
                                                  "不用 peer access 也不对；{}", bus_causes(pci))
                                      : bus_causes(pci),
                   {"look at NCCL's words: NCCL_DEBUG=INFO python -m assay_worker.all_reduce "
                    "--ranks 2 --limit-s 90",
                    "看 NCCL 说什么：NCCL_DEBUG=INFO python -m assay_worker.all_reduce --ranks 2 "
                    "--limit-s 90"});
  }
  return missing(kName, what,
                 bilingual("without peer access the sums are right; {}",
                           "不用 peer access 时求和正确；{}", bus_causes(pci)),
                 bus_fix());
}

}  // namespace

Findings all_reduce_findings(const PlanNeeds& needs, const GpuFacts& gpus,
                             const std::optional<PciFacts>& pci, const AllReduceRuns& runs) {
  Findings out;
  if (needs.most_ranks() == 1) {
    out.push_back(ok(kName, {"not needed: one rank", "不需要：只有一个 rank"}));
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
    const Text without = {"  without peer access", "  不用 peer access"};
    out.push_back(run.verified ? ok(without, speed(run))
                               : note(without, bilingual("{}; the plan needs it not",
                                                         "{}；本计划用不到", failed_how(run))));
  }
  if (!vgpu) return out;
  if (runs.with_peers && runs.with_peers->verified) {
    out.push_back(
        note("vGPU", {"the GPUs are parts given to a virtual machine: their speed is "
                      "shared, though ranks reach each other",
                      "这些 GPU 是分给虚拟机的一部分：rank 之间能互通，但速度与别人共享"}));
  } else {
    out.push_back(missing(
        "vGPU",
        bilingual("{} ranks over vGPUs ({})", "{} 个 rank 分布在 vGPU 上（{}）", needs.most_ranks(),
                  gpus.gpus.front().name),
        {"parts of cards seldom reach each other's memory, and no sum over them was seen to be "
         "right",
         "卡的一部分之间很少能访问彼此的显存，也没有见到求和正确"},
        {"pass whole cards through to the virtual machine, or set tensor_parallel_size to 1",
         "把整张卡直通给虚拟机，或把 tensor_parallel_size 设为 1"}));
  }
  return out;
}

}  // namespace assay

// GPUs as recorded, against plans. Figures are of the machines in docs/gpu.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "doctor/recorded_machines_test.h"
#include "doctor/rules.h"

namespace assay {
namespace {

using testing::HasSubstr;

Finding named(const Findings& all, const std::string& name) {
  for (const Finding& f : all) {
    if (f.name.en == name) return f;
  }
  return ok("no such finding", "");
}

PlanNeeds tp(int ranks, const std::string& more = "") {
  return needs_of(
      plan_of(R"({"tensor_parallel_size": )" + std::to_string(ranks) +
              R"(, "max_model_len": 4096, "gpu_memory_utilization": 0.92)" + more + "}"),
      "vllm", "0.26.0");
}

// Qwen3-32B in BF16: 61 GiB; 64 layers, 8 heads of 128 for keys and values: 256 KiB a token.
PlanNeeds weighing(PlanNeeds needs, std::uint64_t weights = 65524246528, int bits = 16,
                   int activations = 16, const std::string& format = "") {
  needs.variants[0].checkpoint = ModelNeeds{weights, bits, activations, format, 262144};
  return needs;
}

constexpr auto kOk = FindingLevel::ok;
constexpr auto kNote = FindingLevel::note;
constexpr auto kNotChecked = FindingLevel::not_checked;
constexpr auto kMissing = FindingLevel::missing;

TEST(GpuRules, APairThatDoes) {
  const GpuFacts gpus = *hardware({{}, {}}).gpus;
  const Findings found = gpu_findings(tp(2), gpus);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].level, kOk);
  EXPECT_EQ(found[0].detail.en, "2 x NVIDIA H100 80GB HBM3, 79.6 GiB, compute capability 9.0");
  const Findings memory = gpu_memory_findings(weighing(tp(2)), gpus);
  ASSERT_EQ(memory.size(), 1U);
  EXPECT_EQ(memory[0].level, kOk);
  // 0.92 * 79.6 = 73.3; (73.3 - 30.5 - 1.5) GiB * 2 / 256 KiB = 338 thousand tokens.
  EXPECT_EQ(memory[0].detail.en,
            "30.5 GiB of weights on each, 73.3 GiB of 79.6 GiB in all; a cache of some 338,000 "
            "tokens");
}

TEST(GpuRules, TooFewNamesBothNumbersAndTheVariable) {
  Hardware one = hardware({kH200});
  one.gpus->asked = "0";
  const Finding found = named(gpu_findings(tp(2), *one.gpus), "GPUs");
  EXPECT_EQ(found.level, kMissing);
  EXPECT_EQ(found.detail.en, "2 ranks need 2 GPUs, and 1 is visible");
  EXPECT_EQ(found.why.en, "CUDA_VISIBLE_DEVICES is '0'");
  EXPECT_THAT(found.fix.en, HasSubstr("tensor_parallel_size to 1"));
  Hardware none = hardware({});
  EXPECT_EQ(named(gpu_findings(tp(1), *none.gpus), "GPUs").detail.en,
            "1 ranks need 1 GPU, and none is visible");
}

TEST(GpuRules, ACardThatFellOffTheBusIsMissingWhereARankTakesIt) {
  GpuFacts gpus = *hardware({kH200, kH200, kH200}).gpus;
  gpus.gpus[1] = Gpu{.index = "1", .lost = true};
  const Finding lost = named(gpu_findings(tp(2), gpus), "GPU 1");
  EXPECT_EQ(lost.level, kMissing);
  EXPECT_EQ(lost.detail.en, "it has fallen off the bus, or must be reset");
  EXPECT_THAT(lost.why.en, HasSubstr("Xid"));
  EXPECT_THAT(lost.fix.en, HasSubstr("`nvidia-smi --gpu-reset -i 1`"));
  EXPECT_FALSE(anything_missing(gpu_findings(tp(1), gpus)));
}

TEST(GpuRules, ADeviceThatIsNotThere) {
  Hardware there = hardware({kH200});
  there.gpus->asked = "0,7";
  there.gpus->not_there = "7";
  const Finding found = named(gpu_findings(tp(1), *there.gpus), "GPUs");
  EXPECT_EQ(found.level, kMissing);
  EXPECT_EQ(found.detail.en, "CUDA_VISIBLE_DEVICES names '7', which is not there");
}

TEST(GpuRules, NoDriverOneInDisorderAndAnotherMakers) {
  const Hardware absent =
      hardware({}, R"("nvml": "absent", "why": "libnvidia-ml.so.1: cannot open")");
  EXPECT_EQ(named(gpu_findings(tp(2), *absent.gpus), "GPUs").detail.en,
            "the plan needs 2 GPUs, and there is no NVIDIA driver here");
  const Hardware broken =
      hardware({}, R"("nvml": "broken", "why": "Driver/library version mismatch")");
  const Finding disorder = named(gpu_findings(tp(2), *broken.gpus), "GPUs");
  EXPECT_EQ(disorder.level, kMissing);
  EXPECT_EQ(disorder.why.en, "Driver/library version mismatch");
  EXPECT_THAT(disorder.fix.en, HasSubstr("reboot"));
  const Hardware amd = hardware({}, R"("nvml": "absent", "why": "", "other_maker": true)");
  EXPECT_EQ(named(gpu_findings(tp(2), *amd.gpus), "GPUs").level, kNotChecked);
}

TEST(GpuRules, TensorParallelOverSlicesIsRefusedWithTheReason) {
  const GpuFacts slices = *hardware({kSlice, kSlice}).gpus;
  const Finding two = named(gpu_findings(tp(2), slices), "MIG");
  EXPECT_EQ(two.level, kMissing);
  EXPECT_EQ(two.detail.en, "2 ranks over MIG slices (NVIDIA H100 80GB HBM3 MIG 3g.40gb)");
  EXPECT_THAT(two.why.en, HasSubstr("NCCL refuses two ranks on one card"));
  EXPECT_EQ(named(gpu_findings(tp(1), slices), "MIG").level, kNote);
  RecordedGpu bare;
  bare.mig = "no slices";
  EXPECT_EQ(named(gpu_findings(tp(1), *hardware({bare}).gpus), "MIG").level, kMissing);
}

TEST(GpuRules, WeightsThatDoNotFitASlice) {
  const Findings memory = gpu_memory_findings(weighing(tp(1)), *hardware({kSlice}).gpus);
  const Finding found = named(memory, "GPU memory bf16");
  EXPECT_EQ(found.level, kMissing);
  // 61.0 + 1 GiB for 4,096 tokens at 256 KiB + 1.5; 0.92 * 39.25
  EXPECT_EQ(found.detail.en, "63.5 GiB needed on each GPU, 36.1 GiB there");
  EXPECT_THAT(found.why.en, HasSubstr("61.0 GiB of weights over 1 GPU"));
}

TEST(GpuRules, DummyOrUnknownWeightsAreNotCheckedRatherThanMissing) {
  const GpuFacts gpus = *hardware({kH200}).gpus;
  const auto level = [&](const PlanNeeds& needs) {
    return named(gpu_memory_findings(needs, gpus), "GPU memory bf16").level;
  };
  EXPECT_EQ(level(tp(1)), kNotChecked);
  PlanNeeds dummy = tp(1, R"(, "load_format": "dummy")");
  dummy.variants[0].checkpoint = ModelNeeds{std::nullopt, 16, 16, "", 262144};
  EXPECT_EQ(level(dummy), kNotChecked);
}

// docs/gpu.md: 113.83 of 139.8 GiB free and 128.62 wanted ended a load after 11 s.
TEST(GpuRules, ACardThatAnotherProcessHolds) {
  RecordedGpu held = kH200;
  held.used = "27917287424";  // 26 GiB
  held.processes = R"([{"pid": 4242, "name": "python train.py", "used_bytes": 25769803776}])";
  const Findings memory = gpu_memory_findings(weighing(tp(2)), *hardware({held, kH200}).gpus);
  const Finding found = named(memory, "GPU 0");
  EXPECT_EQ(found.level, kMissing);
  EXPECT_EQ(found.detail.en, "114.4 GiB of 140.4 GiB free, 129.2 GiB wanted");
  EXPECT_EQ(found.why.en, "pid 4242 (python train.py) holds 24.0 GiB");
  EXPECT_EQ(found.fix.en, "kill 4242, or lower gpu_memory_utilization");
  EXPECT_EQ(named(memory, "GPU 1").name.en, "no such finding");
}

TEST(GpuRules, LeftOversOfADeadRunAreNamedByPid) {
  RecordedGpu held = kH200;
  held.used = "145000000000";
  held.processes = R"([{"pid": 77, "name": "VLLM::Worker_TP0", "used_bytes": 144000000000,
                        "left_over": true}])";
  const Finding found =
      named(gpu_memory_findings(weighing(tp(1)), *hardware({held}).gpus), "GPU 0");
  EXPECT_EQ(found.level, kMissing);
  EXPECT_THAT(found.why.en, HasSubstr("pid 77 (VLLM::Worker_TP0, left over from a dead run)"));
  // One that leaves room enough is a note.
  held.used = "5000000000";
  EXPECT_EQ(named(gpu_memory_findings(weighing(tp(1)), *hardware({held}).gpus), "GPU 0").level,
            kNote);
}

TEST(GpuRules, MemoryHeldByWhomNobodyTells) {
  RecordedGpu held = kH200;
  held.used = "100000000000";
  const Finding found =
      named(gpu_memory_findings(weighing(tp(1)), *hardware({held}).gpus), "GPU 0");
  EXPECT_EQ(found.level, kMissing);
  EXPECT_THAT(found.why.en, HasSubstr("another container"));
}

// A cache of a set size claims no share of the card.
TEST(GpuRules, ACacheOfASetSizeNeedsThatAlone) {
  RecordedGpu held = kH200;
  held.used = "75000000000";
  const GpuFacts gpus = *hardware({held}).gpus;
  PlanNeeds needs = weighing(tp(1, R"(, "kv_cache_memory_bytes": 4294967296)"), 1 << 30);
  EXPECT_EQ(named(gpu_memory_findings(needs, gpus), "GPU 0").level, kNote);
}

TEST(GpuRules, UnlikeCardsAreNoted) {
  EXPECT_EQ(named(gpu_findings(tp(2), *hardware({{}, kH200}).gpus), "GPUs alike").level, kNote);
  EXPECT_EQ(named(gpu_findings(tp(1), *hardware({{}, kH200}).gpus), "GPUs alike").name.en,
            "no such finding");
}

TEST(GpuRules, EnergyToldOrNot) {
  EXPECT_EQ(power_finding(*hardware({{}, {}}).gpus).level, kOk);
  EXPECT_EQ(power_finding(*hardware({kSlice}).gpus).level, kNote);
}

Software software(const std::string& vllm = "0.26.0", const std::string& kernels = "{}",
                  const std::string& archs = R"(["sm_80", "sm_90", "sm_100", "sm_120"])") {
  auto parsed = parse_software(R"({"torch": "2.11.0", "torch_cuda": "13.0", "arch_list": )" +
                               archs + R"(, "vllm": ")" + vllm +
                               R"(", "platform": "cuda", "kernels": )" + kernels + "}");
  if (!parsed) throw std::runtime_error(parsed.error().to_string());
  return *std::move(parsed);
}

TEST(TorchRules, DriverAndTorchOfOneMajorRelease) {
  Hardware machine = hardware({kH200});
  EXPECT_EQ(named(torch_findings(*machine.gpus, software()), "driver").level, kOk);
  machine.gpus->driver = "550.54";
  machine.gpus->driver_cuda = "12.4";
  const Finding old = named(torch_findings(*machine.gpus, software()), "driver");
  EXPECT_EQ(old.level, kMissing);
  EXPECT_EQ(old.detail.en, "driver 550.54 runs CUDA 12.4, and torch is built for 13.0");
  EXPECT_THAT(old.fix.en, HasSubstr("driver 580"));
}

TEST(TorchRules, CodeForTheGpu) {
  const auto level = [&](const RecordedGpu& gpu, const std::string& archs) {
    return named(torch_findings(*hardware({gpu}).gpus, software("0.26.0", "{}", archs)),
                 "torch's GPUs")
        .level;
  };
  EXPECT_EQ(level({}, R"(["sm_80", "sm_90"])"), kOk);
  EXPECT_EQ(level({}, R"(["sm_80", "sm_90a"])"), kOk);
  EXPECT_EQ(level(kSm120, R"(["sm_80", "sm_90"])"), kMissing);
  EXPECT_EQ(level(kSm120, R"(["sm_80", "compute_90"])"), kOk);      // PTX
  EXPECT_EQ(level(kSm120, R"(["sm_100", "sm_90a"])"), kMissing);    // another generation
  EXPECT_EQ(level({.capability = "[8, 9]"}, R"(["sm_80"])"), kOk);  // same generation
  EXPECT_EQ(level({.capability = "[8, 0]"}, R"(["sm_86"])"), kMissing);
  EXPECT_EQ(level({}, "[]"), kNotChecked);
  EXPECT_EQ(named(torch_findings(*hardware({{}}).gpus, {.why = "ImportError: x"}), "torch").level,
            kNotChecked);
}

std::string kernel(const std::string& name, int weights, int activations, bool allowed,
                   const std::string& why = "") {
  return fmt::format(R"({{"layer": "linear", "name": "{}", "weight_bits": {}, "activation_bits": {},
                          "emulated": false, "allowed": {}, "why": "{}"}})",
                     name, weights, activations, allowed, why);
}

Finding kernels(const RecordedGpu& gpu, const std::string& vllm, const std::string& format,
                const std::string& list, int bits = 8, bool deep_gemm_off = false) {
  PlanNeeds needs = weighing(tp(1), 1, bits, bits, format);
  needs.deep_gemm_off = deep_gemm_off;
  const std::string json = list.empty() ? "{}" : "{\"" + format + "\": [" + list + "]}";
  return named(kernel_findings(needs, *hardware({gpu}).gpus, software(vllm, json)), "kernels bf16");
}

// As vLLM 0.26.0 answered on two H200 (docs/gpu.md): FP4 by Marlin alone.
TEST(KernelRules, NvFp4OnHopperIsW4A16) {
  const Finding found =
      kernels(kH200, "0.26.0", "nvfp4",
              kernel("CutlassNvFp4LinearKernel", 4, 4, false, "CUTLASS FP4 kernels not available") +
                  "," + kernel("MarlinNvFp4LinearKernel", 4, 16, true),
              4);
  EXPECT_EQ(found.level, kNote);
  EXPECT_EQ(found.detail.en,
            "MarlinNvFp4LinearKernel for nvfp4: W4A16, not W4A4: activations stay wider than the "
            "checkpoint asks");
}

TEST(KernelRules, NvFp4OnSm120) {
  const Finding found = kernels(kSm120, "0.26.0", "nvfp4",
                                kernel("CutlassNvFp4LinearKernel", 4, 4, true) + "," +
                                    kernel("MarlinNvFp4LinearKernel", 4, 16, true),
                                4);
  EXPECT_EQ(found.level, kOk);
  EXPECT_EQ(found.detail.en, "CutlassNvFp4LinearKernel for nvfp4: W4A4");
}

TEST(KernelRules, DeepGemmOfReleasesThatFailWithItOnSm120) {
  const std::string list = kernel("DeepGemmFp8BlockScaledMMKernel", 8, 8, true) + "," +
                           kernel("CutlassFp8BlockScaledMMKernel", 8, 8, true);
  const Finding fails = kernels(kSm120, "0.24.0", "fp8_block", list);
  EXPECT_EQ(fails.level, kMissing);
  EXPECT_EQ(fails.detail.en,
            "vLLM 0.24.0 takes DeepGEMM on compute capability 12.0, and fails with it");
  EXPECT_THAT(fails.fix.en, HasSubstr("VLLM_USE_DEEP_GEMM: \"0\""));
  EXPECT_EQ(kernels(kSm120, "0.27.1", "fp8_block", list).level, kMissing);
  EXPECT_EQ(kernels(kSm120, "0.26.0", "fp8_block", list).level, kOk);
  EXPECT_EQ(kernels(kH200, "0.24.0", "fp8_block", list).level, kOk);
  // A release that keeps its list elsewhere: what is known of it is said all the same.
  EXPECT_EQ(kernels(kSm120, "0.24.0", "fp8_block", "").level, kMissing);
  EXPECT_EQ(kernels(kSm120, "0.24.0", "fp8_block", "", 8, true).level, kNotChecked);
  EXPECT_EQ(kernels(kSm120, "0.240.0", "fp8_block", list).level, kOk);
}

TEST(KernelRules, NoKernelAtAll) {
  const Finding found =
      kernels({.capability = "[7, 0]"}, "0.26.0", "fp8",
              kernel("CutlassFP8ScaledMMLinearKernel", 8, 8, false, "needs 8.9") + "," +
                  kernel("MarlinFP8ScaledMMLinearKernel", 8, 16, false, "needs 7.5"));
  EXPECT_EQ(found.level, kMissing);
  EXPECT_EQ(found.why.en,
            "CutlassFP8ScaledMMLinearKernel: needs 8.9; MarlinFP8ScaledMMLinearKernel: needs 7.5");
}

Finding requirement(const RecordedGpu& gpu, const KernelBits& bits, const std::string& list,
                    int weight_bits = 4) {
  PlanNeeds needs = weighing(tp(1), 1, weight_bits, weight_bits, "nvfp4");
  needs.variants[0].require = bits;
  const std::string json = list.empty() ? "{}" : "{\"nvfp4\": [" + list + "]}";
  return named(kernel_findings(needs, *hardware({gpu}).gpus, software("0.26.0", json)),
               "require bf16");
}

TEST(KernelRules, WhatAVariantRequires) {
  const std::string cutlass = kernel("CutlassNvFp4LinearKernel", 4, 4, true);
  const std::string marlin = kernel("MarlinNvFp4LinearKernel", 4, 16, true);
  const Finding hopper = requirement(kH200, {4, 4}, marlin);
  EXPECT_EQ(hopper.level, kMissing);
  EXPECT_EQ(hopper.detail.en, "W4A4 is required, and compute capability 9.0 has no such product");
  EXPECT_EQ(requirement(kH200, {4, 4}, "").level, kMissing);  // whatever vLLM's list is
  EXPECT_EQ(requirement(kH200, {4, 16}, marlin).level, kOk);
  EXPECT_EQ(requirement(kSm120, {4, 4}, cutlass).level, kOk);
  EXPECT_EQ(requirement(kSm120, {4, 4}, marlin).detail.en,
            "W4A4 is required, and layers run on MarlinNvFp4LinearKernel (W4A16)");
  EXPECT_EQ(requirement(kSm120, {4, 4}, "").level, kNotChecked);
  EXPECT_EQ(requirement(kSm120, {4, 4}, cutlass, 8).detail.en,
            "W4A4 is required, and the checkpoint keeps 8-bit weights");
}

TEST(KernelRules, UnquantisedWeightsNeedNoLine) {
  EXPECT_TRUE(kernel_findings(weighing(tp(1)), *hardware({kH200}).gpus, software()).empty());
}

// --- the sum over all ranks ---

AllReduce sums_right() {
  AllReduce out;
  out.verified = true;
  out.transports = {"P2P/CUMEM"};
  out.sizes = {{4096, 68, 0.06, "vllm custom"}, {268435456, 1016, 264, "nccl"}};
  return out;
}

AllReduce hangs() {
  AllReduce out;
  out.failed = AllReduceFailure{
      "hung", {0, 1}, "all-reduce of 65536 bytes", 59, "the time limit was reached"};
  return out;
}

Findings all_reduce(int ranks, const std::vector<RecordedGpu>& gpus, const AllReduceRuns& runs,
                    const std::optional<PciFacts>& pci = std::nullopt) {
  return all_reduce_findings(tp(ranks), *hardware(gpus).gpus, pci, runs);
}

TEST(AllReduceRules, RightWithItsFigures) {
  AllReduce slow = sums_right();
  slow.transports = {"SHM/direct"};
  slow.sizes = {{268435456, 10068, 26.7, "nccl"}};
  const Findings found = all_reduce(2, {{}, {}}, {sums_right(), slow, ""});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].detail.en,
            "every sum right; 264 GB/s at 256.0 MiB, small ones by vLLM's own kernel, P2P/CUMEM");
  EXPECT_EQ(found[1].level, kOk);
  EXPECT_EQ(found[1].detail.en, "27 GB/s at 256.0 MiB, SHM/direct");
}

TEST(AllReduceRules, OneRankNeedsNone) {
  EXPECT_EQ(all_reduce(1, {{}}, {})[0].detail.en, "not needed: one rank");
}

TEST(AllReduceRules, NotRunIsNotChecked) {
  const Findings found = all_reduce(2, {{}}, {{}, {}, "the ranks have no GPUs to sum over"});
  EXPECT_EQ(found[0].level, kNotChecked);
}

// Nothing was summed, so nothing is said of the cards, and no host is to be booted anew.
TEST(AllReduceRules, AVllmOfAnotherShapeIsNotChecked) {
  AllReduce other;
  other.failed = AllReduceFailure{"other vLLM", {0}, "join the group", 3, "AttributeError: gone"};
  const Finding found = all_reduce(2, {{}, {}}, {other, sums_right(), ""})[0];
  EXPECT_EQ(found.level, kNotChecked);
  EXPECT_EQ(found.detail.en,
            "this vLLM makes its group of ranks in another way: AttributeError: gone");
}

TEST(AllReduceRules, AHangNamesIommuAndAcs) {
  const PciFacts pci{{"DMA-FQ"}, {"0000:00:01.0"}, false, false};
  const Findings found = all_reduce(2, {{}, {}}, {hangs(), sums_right(), ""}, pci);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].level, kMissing);
  EXPECT_THAT(found[0].detail.en,
              HasSubstr("hung: ranks 0 and 1, in all-reduce of 65536 bytes, after 59 s"));
  EXPECT_EQ(found[0].why.en,
            "without peer access the sums are right; the IOMMU translates (DMA-FQ); ACS is on at "
            "0000:00:01.0");
  EXPECT_THAT(found[0].fix.en, HasSubstr("iommu=pt"));
  EXPECT_THAT(found[0].fix.en, HasSubstr("NCCL_P2P_DISABLE: \"1\""));
  const PciFacts guest{{}, {}, true, true};
  EXPECT_THAT(all_reduce(2, {{}, {}}, {hangs(), hangs(), ""}, guest)[0].why.en,
              HasSubstr("a virtual machine, whose host's IOMMU and ACS cannot be seen"));
}

TEST(AllReduceRules, VgpusAreRefusedUnlessTheirSumsWereSeenToBeRight) {
  const std::vector<RecordedGpu> two{kVgpu, kVgpu};
  EXPECT_EQ(named(all_reduce(2, two, {hangs(), hangs(), ""}), "vGPU").level, kMissing);
  EXPECT_EQ(named(all_reduce(2, two, {{}, {}, "not run"}), "vGPU").level, kMissing);
  EXPECT_EQ(named(all_reduce(2, two, {sums_right(), sums_right(), ""}), "vGPU").level, kNote);
  EXPECT_EQ(all_reduce(1, {kVgpu}, {}).size(), 1U);
}

}  // namespace
}  // namespace assay

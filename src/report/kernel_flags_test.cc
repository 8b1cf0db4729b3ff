#include "report/kernel_flags.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace assay {
namespace {

RunReport with_kernels(const std::vector<LoadFacts>& facts) {
  RunReport report;
  for (const LoadFacts& one : facts) {
    VariantValues v{.name = fmt::format("v{}", report.variants.size()), .facts = one};
    v.emulated = one.emulated();
    v.baseline = report.variants.empty();
    report.variants.push_back(std::move(v));
  }
  for (const VariantValues& v : report.variants) flag_kernels(report, v);
  return report;
}

LoadFacts on_kernel(const std::string& name, std::optional<int> weights,
                    std::optional<int> activations, const CheckpointFact& checkpoint) {
  LoadFacts facts;
  facts.kernels = {{"linear", name, weights, activations, false, 2}};
  facts.checkpoint = checkpoint;
  return facts;
}

// As the worker tells of vLLM's kernels on Hopper.
TEST(KernelFlags, WeightOnlyKernelsAreNotAsNamed) {
  const RunReport report = with_kernels({
      on_kernel("UnquantizedLinearMethod", 16, 16, {16, 16}),
      on_kernel("MarlinNvFp4LinearKernel", 4, 16, {4, 4}),
      on_kernel("MarlinFP8ScaledMMLinearKernel", 8, 16, {8, 8}),
      on_kernel("MarlinLinearKernel", 4, 16, {4, 16}),       // AWQ
      on_kernel("MarlinNvFp4LinearKernel", 4, 16, {4, 16}),  // NVFP4A16
      on_kernel("FlashInferCuteDslNvFp4W4A16LinearKernel", 4, 16, {4, 4}),
      on_kernel("CutlassW4A8LinearKernel", 4, 8, {4, 4}),
      on_kernel("CutlassNvFp4LinearKernel", 4, 4, {4, 4}),
      on_kernel("CutlassFP8ScaledMMLinearKernel", 8, 8, {4, 4}),  // a layer in another format
  });
  ASSERT_EQ(report.flags.size(), 4U);
  EXPECT_EQ(report.flags[0].variant, "v1");
  EXPECT_EQ(report.flags[0].name, "kernel not as named");
  EXPECT_NE(report.flags[0].text.find("this is not W4A4"), std::string::npos);
  EXPECT_NE(report.flags[1].text.find("this is not W8A8"), std::string::npos);
  EXPECT_EQ(report.flags[2].variant, "v5");
  EXPECT_EQ(report.flags[3].text,
            "weights are 4-bit but activations stay 8-bit (CutlassW4A8LinearKernel, W4A8): this "
            "is not W4A4");
}

TEST(KernelFlags, AKernelThatIsNotKnownIsNeverTakenForWhatItShouldBe) {
  LoadFacts old;  // of release 0.1.0: names alone
  old.kernels = {KernelFact{.name = "MarlinNvFp4LinearKernel"}};
  LoadFacts old_quantised = old;
  old_quantised.quantization = "compressed-tensors";
  LoadFacts silent;
  silent.checkpoint = {4, 4};
  const RunReport report = with_kernels({
      old,
      on_kernel("NewNvFp4LinearKernel", std::nullopt, std::nullopt, {4, 4}),
      on_kernel("HummingNvFp4LinearKernel", 4, std::nullopt, {4, 4}),
      on_kernel("NewKernel", std::nullopt, std::nullopt, {16, 16}),
      old_quantised,
      silent,
  });
  std::vector<std::string> flagged;
  for (const Flag& flag : report.flags) {
    EXPECT_EQ(flag.name, "kernel bits unknown");
    flagged.push_back(flag.variant);
  }
  EXPECT_EQ(flagged, (std::vector<std::string>{"v1", "v2", "v4", "v5"}));
  EXPECT_NE(report.flags[0].text.find("NewNvFp4LinearKernel"), std::string::npos);
}

TEST(KernelFlags, EmulationIsTheKernelsOwnWord) {
  LoadFacts emulated = on_kernel("SomeKernel", 4, 4, {4, 4});
  emulated.kernels[0].emulated = true;
  LoadFacts named = on_kernel("EmulationFreeKernel", 4, 4, {4, 4});
  named.engine = {{"log", "falling back to emulation"}};
  const RunReport report = with_kernels({named, emulated});
  ASSERT_EQ(report.flags.size(), 1U);
  EXPECT_EQ(report.flags[0].variant, "v1");
  EXPECT_EQ(report.flags[0].name, "emulated kernels");
}

// Seen on an H200: only other heads, or another backend, made answers the same.
TEST(KernelFlags, BatchInvarianceThatIsNone) {
  LoadFacts facts;
  facts.engine = {{"batch_invariant", "1"}, {"flash_attention", "3"}, {"head_size", "64"}};
  RunReport report;
  flag_not_invariant(report, {.name = "bf16", .facts = facts});
  ASSERT_EQ(report.flags.size(), 1U);
  EXPECT_EQ(report.flags[0].name, "not batch invariant");
  EXPECT_FALSE(report.flags[0].forces_invalid());
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"batch_invariant", "0"}, {"flash_attention", "2"}, {"head_size", "128"}}) {
    LoadFacts other = facts;
    other.engine[name] = value;
    flag_not_invariant(report, {.name = "bf16", .facts = other});
    other.engine.erase(name);
    flag_not_invariant(report, {.name = "bf16", .facts = other});
  }
  EXPECT_EQ(report.flags.size(), 1U);
}

TEST(KernelFlags, LoadedWithLessThanTheBaseline) {
  VariantValues baseline{.name = "bf16"};
  VariantValues lowered{.name = "fp8"};
  lowered.facts.lowered = {{"gpu_memory_utilization", "0.92", "0.82"}};
  RunReport report;
  flag_less_memory(report, baseline, baseline);
  flag_less_memory(report, lowered, lowered);  // both alike
  EXPECT_TRUE(report.flags.empty());
  flag_less_memory(report, lowered, baseline);
  ASSERT_EQ(report.flags.size(), 1U);
  EXPECT_EQ(report.flags[0].name, "less memory than planned");
  EXPECT_NE(report.flags[0].text.find("gpu_memory_utilization 0.82"), std::string::npos);
  EXPECT_FALSE(report.flags[0].forces_invalid());
}

}  // namespace
}  // namespace assay

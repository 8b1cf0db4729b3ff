#include "values/kernel_bits.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

KernelFact kernel(const std::string& name, std::optional<int> weights,
                  std::optional<int> activations) {
  return {"linear", name, weights, activations, false, 1};
}

std::string other(const KernelBits& required, std::vector<KernelFact> kernels) {
  LoadFacts facts;
  facts.kernels = std::move(kernels);
  return kernels_other_than(required, facts);
}

constexpr KernelBits kW4A4{4, 4};
constexpr KernelBits kW8A8{8, 8};

TEST(KernelBitsTest, Names) {
  EXPECT_EQ(name_of(kW4A4), "w4a4");
  EXPECT_EQ(label_of({8, 16}), "W8A16");
  EXPECT_EQ(kernel_bits_named("w4a16"), (KernelBits{4, 16}));
  EXPECT_FALSE(kernel_bits_named("w16a16"));
  EXPECT_FALSE(kernel_bits_named(""));
}

TEST(KernelBitsTest, LayersOfTheFormatMustAllHaveThem) {
  EXPECT_EQ(other(kW4A4, {kernel("Cutlass", 4, 4)}), "");
  EXPECT_EQ(other(kW4A4, {kernel("Marlin", 4, 16)}), "layers run on Marlin (W4A16)");
  EXPECT_EQ(other(kW4A4, {kernel("Cutlass", 4, 4), kernel("Marlin", 4, 16)}),
            "layers run on Marlin (W4A16)");
}

TEST(KernelBitsTest, OtherFormatsMayStandBeside) {
  EXPECT_EQ(other(kW4A4, {kernel("Cutlass", 4, 4), kernel("Fp8", 8, 8), kernel("Head", 16, 16)}),
            "");
}

TEST(KernelBitsTest, OneLayerAtLeastAndNoneUnknown) {
  EXPECT_EQ(other(kW8A8, {kernel("Head", 16, 16)}), "no layer does: they run on Head (W16A16)");
  EXPECT_EQ(other(kW8A8, {kernel("Fp8", 8, 8), kernel("New", std::nullopt, 8)}),
            "layers run on New (bits not known)");
  EXPECT_EQ(other(kW8A8, {}), "the engine does not tell its kernels");
}

}  // namespace
}  // namespace assay

// The bits that kernels compute with, as a plan may require them: "w4a16" is weights of 4 bits
// beside activations of 16.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "values/load_facts.h"

namespace assay {

struct KernelBits {
  int weights = 16;
  int activations = 16;
  friend bool operator==(const KernelBits&, const KernelBits&) = default;
};

// What a plan may require.
inline constexpr std::array kRequirable{KernelBits{4, 4}, KernelBits{8, 8}, KernelBits{4, 16},
                                        KernelBits{8, 16}};

[[nodiscard]] std::string name_of(const KernelBits& bits);   // "w4a16"
[[nodiscard]] std::string label_of(const KernelBits& bits);  // "W4A16"
// One of kRequirable.
[[nodiscard]] std::optional<KernelBits> kernel_bits_named(std::string_view name);

// Empty, or how the kernels of a load are not what is required: layers whose weights have the bits
// all keep their activations in theirs, there is one such layer at least, and of no layer the bits
// are unknown. Layers in another format (a head in 16 bits, attention in 8) may stand beside.
[[nodiscard]] std::string kernels_other_than(const KernelBits& required, const LoadFacts& facts);

}  // namespace assay

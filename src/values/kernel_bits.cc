#include "values/kernel_bits.h"

#include <algorithm>
#include <vector>

namespace assay {
namespace {

std::string bits_of(const KernelFact& kernel) {
  if (!kernel.weight_bits || !kernel.activation_bits) return "bits not known";
  return label_of({*kernel.weight_bits, *kernel.activation_bits});
}

std::string list_of(const std::vector<KernelFact>& kernels) {
  std::string out;
  for (const KernelFact& kernel : kernels) {
    out += (out.empty() ? "" : ", ") + kernel.name + " (" + bits_of(kernel) + ")";
  }
  return out;
}

}  // namespace

std::string name_of(const KernelBits& bits) {
  return "w" + std::to_string(bits.weights) + "a" + std::to_string(bits.activations);
}

std::string label_of(const KernelBits& bits) {
  return "W" + std::to_string(bits.weights) + "A" + std::to_string(bits.activations);
}

std::optional<KernelBits> kernel_bits_named(std::string_view name) {
  const auto found = std::ranges::find_if(
      kRequirable, [&](const KernelBits& bits) { return name_of(bits) == name; });
  return found == kRequirable.end() ? std::nullopt : std::optional(*found);
}

std::string kernels_other_than(const KernelBits& required, const LoadFacts& facts) {
  if (facts.kernels.empty()) return "the engine does not tell its kernels";
  std::vector<KernelFact> other;
  bool found = false;
  for (const KernelFact& kernel : facts.kernels) {
    const bool known = kernel.weight_bits && kernel.activation_bits;
    if (known && *kernel.weight_bits != required.weights) continue;
    const bool right = known && *kernel.activation_bits == required.activations;
    found = found || right;
    if (!right) other.push_back(kernel);
  }
  if (!other.empty()) return "layers run on " + list_of(other);
  return found ? "" : "no layer does: they run on " + list_of(facts.kernels);
}

}  // namespace assay

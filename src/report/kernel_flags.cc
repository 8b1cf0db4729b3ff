#include "report/kernel_flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"

namespace assay {
namespace {

// A kernel whose activations have more bits than the checkpoint asks for: 4-bit weights and
// activations on a weight-only kernel, as NVFP4 runs before Blackwell. Layers in another format
// than the checkpoint's narrowest are not looked at.
void flag_wider_activations(RunReport& report, const VariantValues& v) {
  const CheckpointFact& asked = v.facts.checkpoint;
  if (!asked.weight_bits || !asked.activation_bits) return;
  for (const KernelFact& kernel : v.facts.kernels) {
    if (kernel.weight_bits != asked.weight_bits || !kernel.activation_bits) continue;
    if (*kernel.activation_bits <= *asked.activation_bits) continue;
    Flag flag{"kernel not as named", v.name, ""};
    flag.text = fmt::format(
        "weights are {0}-bit but activations stay {1}-bit ({2}, W{0}A{1}): this is not W{0}A{3}",
        *kernel.weight_bits, *kernel.activation_bits, kernel.name, *asked.activation_bits);
    flag.text_zh = fmt::format("权重为 {0} 位,激活仍为 {1} 位({2},W{0}A{1}):这不是 W{0}A{3}",
                               *kernel.weight_bits, *kernel.activation_bits, kernel.name,
                               *asked.activation_bits);
    report.flags.push_back(std::move(flag));
    return;
  }
}

// Loads of release 0.1.0 say nothing of the checkpoint, only how the engine calls the method.
bool is_low_precision(const LoadFacts& facts) {
  const CheckpointFact& asked = facts.checkpoint;
  if (!asked.weight_bits && !asked.activation_bits) return !facts.quantization.empty();
  return asked.weight_bits.value_or(16) < 16 || asked.activation_bits.value_or(16) < 16;
}

void flag_unknown_kernels(RunReport& report, const VariantValues& v) {
  if (!is_low_precision(v.facts)) return;
  std::vector<std::string> names;
  for (const KernelFact& kernel : v.facts.kernels) {
    const bool known = kernel.weight_bits && kernel.activation_bits;
    if (!known && std::ranges::find(names, kernel.name) == names.end()) {
      names.push_back(kernel.name);
    }
  }
  if (names.empty() && !v.facts.kernels.empty()) return;
  const std::string what = names.empty() ? "its kernels" : join(names, ", ");
  Flag flag{"kernel bits unknown", v.name, ""};
  flag.text = fmt::format(
      "how {} computes is not known: whether activations are as narrow as the checkpoint's, and "
      "whether the speed is that of the format, cannot be told",
      what);
  flag.text_zh =
      fmt::format("不知道 {} 如何计算:激活是否与检查点一样窄、速度是否属于该格式,无法判断",
                  names.empty() ? "它的内核" : what);
  report.flags.push_back(std::move(flag));
}

}  // namespace

void flag_kernels(RunReport& report, const VariantValues& v) {
  if (v.emulated) {
    Flag flag{"emulated kernels", v.name, ""};
    flag.text = "its number format is computed in software here: accuracy counts, speed does not";
    flag.text_zh = "此处用软件模拟这种数值格式:准确率有效,速度无效";
    report.flags.push_back(std::move(flag));
  }
  flag_wider_activations(report, v);
  flag_unknown_kernels(report, v);
  if (!v.facts.fell_back.empty()) {
    Flag flag{"engine fell back", v.name, ""};
    flag.text = "its engine says: " + v.facts.fell_back.front();
    flag.text_zh = "引擎的记录:" + v.facts.fell_back.front();
    report.flags.push_back(std::move(flag));
  }
}

}  // namespace assay

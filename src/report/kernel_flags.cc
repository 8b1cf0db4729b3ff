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
    flag.text_zh = fmt::format("权重为 {0} 位，激活仍为 {1} 位（{2}，W{0}A{1}）：这不是 W{0}A{3}",
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
      fmt::format("不知道 {} 如何计算：激活是否与检查点一样窄、速度是否属于该格式，无法判断",
                  names.empty() ? "它的内核" : what);
  report.flags.push_back(std::move(flag));
}

}  // namespace

void flag_less_memory(RunReport& report, const VariantValues& v, const VariantValues& baseline) {
  if (v.facts.lowered == baseline.facts.lowered) return;
  std::vector<std::string> words;
  words.reserve(v.facts.lowered.size());
  for (const LoweredArgument& lowered : v.facts.lowered) {
    words.push_back(lowered.name + " " + lowered.taken);
  }
  const std::string taken = join(words, ", ");
  Flag flag{"less memory than planned", v.name, ""};
  if (words.empty()) {
    flag.text =
        fmt::format("{} was loaded with less for want of memory, and it was not", baseline.name);
    flag.text_zh = fmt::format("{} 因显存不足以更小的配置加载，而它没有", baseline.name);
  } else {
    flag.text = fmt::format("for want of memory it was loaded with {}, and {} otherwise", taken,
                            baseline.name);
    flag.text_zh = fmt::format("因显存不足，它以 {} 加载，而 {} 不是", taken, baseline.name);
  }
  flag.text += ": speeds differ for that, and batches may";
  flag.text_zh += "：速度因此不同，批次也可能不同";
  report.flags.push_back(std::move(flag));
}

void flag_not_invariant(RunReport& report, const VariantValues& v) {
  const auto says = [&v](const char* name, std::string_view value) {
    const auto found = v.facts.engine.find(name);
    return found != v.facts.engine.end() && found->second == value;
  };
  if (!says("batch_invariant", "1") || !says("flash_attention", "3") || !says("head_size", "64")) {
    return;
  }
  Flag flag{"not batch invariant", v.name, ""};
  flag.text =
      "VLLM_BATCH_INVARIANT=1 is set, but FlashAttention 3 with heads of 64 was seen to answer "
      "otherwise beside prompts that are being read: take `attention_backend: TRITON_ATTN`";
  flag.text_zh =
      "已设置 VLLM_BATCH_INVARIANT=1，但 FlashAttention 3 在头维度为 64 "
      "时，与正在读取的提示同批会给出"
      "不同的回答：请用 `attention_backend: TRITON_ATTN`";
  report.flags.push_back(std::move(flag));
}

void flag_kernels(RunReport& report, const VariantValues& v) {
  if (v.emulated) {
    Flag flag{"emulated kernels", v.name, ""};
    flag.text = "its number format is computed in software here: accuracy counts, speed does not";
    flag.text_zh = "此处用软件模拟这种数值格式：准确率有效，速度无效";
    report.flags.push_back(std::move(flag));
  }
  flag_wider_activations(report, v);
  flag_unknown_kernels(report, v);
  if (!v.facts.fell_back.empty()) {
    Flag flag{"engine fell back", v.name, ""};
    flag.text = "its engine says: " + v.facts.fell_back.front();
    flag.text_zh = "引擎的记录：" + v.facts.fell_back.front();
    report.flags.push_back(std::move(flag));
  }
}

}  // namespace assay

#include "cli/prompt_estimate.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/sampling.h"

namespace assay {
namespace {

std::size_t bytes_of(const Request& request) {
  std::size_t bytes = 0;
  for (const Message& message : request.messages) bytes += message.content.size();
  return std::max(bytes, request.plain.size());
}

}  // namespace

Result<Text> longest_prompt_note(const Task& task, const ItemList& items,
                                 const TaskContext& context, int max_model_len) {
  if (max_model_len == 0) return Text();
  std::size_t longest = 0;
  std::string item_id;
  for (const Item& item : items) {
    const NextRequest request = TRY(task.next(item, {}, context));
    if (!request || bytes_of(*request) <= longest) continue;
    longest = bytes_of(*request);
    item_id = item.id;
  }
  const auto tokens = static_cast<int>(std::min<std::size_t>(longest / kBytesAToken, 1U << 30U));
  const int output = context.spec.max_gen_toks.value_or(0);
  if (tokens + output <= max_model_len) return Text();
  return bilingual(
      "task {}: the prompt of item {} has about {} tokens; with {} of output that is beyond "
      "max_model_len {}. Lower max_gen_toks, or raise max_model_len",
      "任务 {}：第 {} 题的提示词约有 {} 个 token；加上 {} 个输出 token 就超出 max_model_len {}。"
      "请调低 max_gen_toks，或调高 max_model_len",
      context.spec.name, item_id, tokens, output, max_model_len);
}

}  // namespace assay

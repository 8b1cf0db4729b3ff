#include "task/load.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "data/sampling.h"

namespace assay {
namespace {

Status load_exemplars(const TaskSpec& spec, const Task& task, const std::filesystem::path& folder,
                      const FindPython& python, LoadedItems& out) {
  if (task.exemplar_layouts.empty()) return {};
  FoundRows found = TRY(find_data_set(folder, task.exemplar_layouts, python));
  if (const auto* absent = std::get_if<AbsentRows>(&found)) {
    if (spec.num_fewshot == 0) return {};  // none is shown
    return usage_error(
        bilingual("no few-shot exemplars of task {} in {}", "{1} 里没有任务 {0} 的少样本示例",
                  spec.name, absent->folder.string()),
        bilingual("looked for: {}", "找过：{}", absent->looked_for),
        {"put the data set's exemplars there, or write `num_fewshot: 0`",
         "把数据集的示例放在那里，或写 `num_fewshot: 0`"});
  }
  auto& set = std::get<DataSet>(found);
  out.fingerprint = sha256_hex(out.fingerprint + set.fingerprint);
  for (Row row : set.rows) out.exemplars.push_back(std::move(row.fields));
  return {};
}

}  // namespace

Result<Loaded> load_items(const TaskSpec& spec, const Task& task,
                          const std::filesystem::path& folder, const LoadContext& context) {
  FoundRows found = TRY(find_data_set(folder, task.source.layouts, context.python));
  if (auto* absent = std::get_if<AbsentRows>(&found)) return std::move(*absent);
  auto& set = std::get<DataSet>(found);
  LoadedItems out;
  out.layout = set.layout;
  out.fingerprint = set.fingerprint;
  TRY(load_exemplars(spec, task, folder, context.python, out));
  const TaskContext its{spec, context.chat, context.seed, out.exemplars, folder.string()};
  ItemList all = TRY(task.make_items(set, its));
  if (task.data_note != nullptr) out.note = task.data_note(&set, its);
  out.all_ids.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) out.all_ids.push_back(all.id(i));
  const std::size_t row_count = set.rows.size();
  if (spec.harness == Harness::lm_eval) {
    out.rows = std::move(set.rows);
  } else {
    set.rows = {};  // room for the items in their order
  }
  out.items = TRY(select_items(std::move(all), spec, context.seed));
  if (out.items.empty()) {
    return usage_error(
        bilingual("task {} has no items", "任务 {} 没有题目", spec.name),
        bilingual("none of the {} rows in {} is one that the task asks",
                  "{1} 里的 {0} 行没有一行是这个任务要问的", row_count, folder.string()),
        {"check the data folder, or the task's options, limit and ids",
         "检查数据目录，或任务的 options、limit 和 ids"});
  }
  return out;
}

}  // namespace assay

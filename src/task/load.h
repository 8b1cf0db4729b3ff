// From a folder to the items a task asks: rows, exemplars, items, selection, in this order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "data/rows.h"
#include "plan/plan.h"
#include "task/task.h"
#include "values/item_list.h"

namespace assay {

// What loading takes from the plan beside the task's own part, and from the machine.
struct LoadContext {
  ChatSpec chat;
  std::uint64_t seed = 0;
  FindPython python;
};

struct LoadedItems {
  ItemList items;                    // selected, in the run's order; never empty
  std::vector<std::string> all_ids;  // of all items made of the rows, in the rows' order
  RowList rows;                      // harness lm_eval alone, which reads them itself; else empty
  std::vector<nlohmann::json> exemplars;  // few-shot rows; empty for a task that has none
  std::string layout;                     // which RowLayout
  Text note;                              // Task::data_note of the rows; empty: nothing
  std::string fingerprint;                // SHA-256 of the rows' and exemplars' files
};

// The folder is there and holds nothing of the task's data set: what that means is the caller's to
// say (an error, N/A, "not there"). Everything else that is wrong is an error.
using Loaded = std::variant<LoadedItems, AbsentRows>;

// Errors (usage): no such folder; a file that cannot be read; a field that is missing or wrong; an
// option or id of `spec` that does not fit; no item left; exemplars wanted and not there. They may
// be missing where num_fewshot is 0. Environment: Parquet and no Python that reads it.
[[nodiscard]] Result<Loaded> load_items(const TaskSpec& spec, const Task& task,
                                        const std::filesystem::path& folder,
                                        const LoadContext& context);

}  // namespace assay

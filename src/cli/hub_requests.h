// What a run asks the hub for. Doctor, and the look before a first download, ask for just the same.
#pragma once

#include <string>

#include "data/hub.h"
#include "plan/plan.h"
#include "run/revisions.h"
#include "task/task.h"

namespace assay {

// A model, or a tokenizer, that is a folder: nothing of it is asked for.
[[nodiscard]] bool is_local(const std::string& model);

// A revision that the folder's frozen plan has, if any, takes the place of the plan's.
[[nodiscard]] HubRequest model_request(const VariantSpec& variant, const FrozenRevisions& frozen);
[[nodiscard]] HubRequest data_request(const TaskSpec& spec, const Task& task,
                                      const FrozenRevisions& frozen);
// The tokenizer alone of a model that a server has.
[[nodiscard]] HubRequest tokenizer_request(const std::string& repository);

}  // namespace assay

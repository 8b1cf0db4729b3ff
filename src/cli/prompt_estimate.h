// Whether a task's longest prompt is likely to fit, without a tokenizer.
#pragma once

#include <string>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "task/task.h"

namespace assay {

// One sentence when the longest first prompt of these items, at 4 bytes a token (about what English
// takes; formulas and code take more tokens), and max_gen_toks exceed max_model_len; else empty.
// Errors are the task's.
[[nodiscard]] Result<Text> longest_prompt_note(const Task& task, const ItemList& items,
                                               const TaskContext& context, int max_model_len);

}  // namespace assay

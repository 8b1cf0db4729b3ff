// Which questions a report may show, and where an item's row keeps them.
#pragma once

#include <string>

#include "values/item.h"

namespace assay {

// Whether a benchmark's licence lets its questions, and prompts that hold them, be passed on. Those
// of GPQA and HLE never are: their authors ask not to. What is not known here is not shown either.
[[nodiscard]] bool may_show_questions(const std::string& benchmark);

// The question as its data set has it, with its options; empty: the row has none in one piece.
[[nodiscard]] std::string question_of(const Item& item);

}  // namespace assay

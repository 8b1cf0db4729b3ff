// The names of flags and of reasons as reports and terminals print them. Files for programs keep
// the English ones, which are also the keys here.
#pragma once

#include <string>

#include "report/table.h"

namespace assay {

// "truncated" -> "截断". A name that is not known stays as it is, in both languages.
[[nodiscard]] Text flag_words(const std::string& name);

// Why an item is unscored, a task is N/A or a comparison INVALID: "not run", "HF gated",
// "N/A (HF gated)", "truncated: math, code". What is not known stays as it is.
[[nodiscard]] Text reason_words(const std::string& reason);

}  // namespace assay

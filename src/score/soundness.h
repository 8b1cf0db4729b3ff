// Signs that an output is not a proper answer: cut off, empty, or repeating itself.
#pragma once

#include <span>
#include <string_view>

#include "values/request.h"
#include "values/score.h"

namespace assay {

// True when the text holds nothing but white space.
[[nodiscard]] bool is_blank(std::string_view text);

// True when the text ends with one block repeated at least 4 times, over at least 200 bytes in all.
// Linear time.
[[nodiscard]] bool is_looping(std::string_view text);

// Sets truncated, empty, looping, thinking_not_closed and prompt_cut from an item's responses (any
// of them).
void set_soundness(Score& score, std::span<const Response> responses);

}  // namespace assay

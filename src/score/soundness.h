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

// The same of sampled tokens: one block repeated at least 4 times, over at least 32 tokens. A model
// that gives one token for ever may print too little for the text to tell.
[[nodiscard]] bool is_looping(std::span<const int> tokens);

// Sets truncated, empty, looping, thinking_not_closed and prompt_cut from an item's responses (any
// of them).
void set_soundness(Score& score, std::span<const Response> responses);

}  // namespace assay

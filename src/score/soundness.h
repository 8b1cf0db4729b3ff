// Signs that an output does not show what the model can do.
#pragma once

#include <span>
#include <string_view>

#include "values/request.h"
#include "values/score.h"

namespace assay {

// Nothing but white space.
[[nodiscard]] bool is_blank(std::string_view text);

// The text's tail repeats one block of at most a quarter of it: at least 4 times and over at least
// 200 bytes. Linear time.
[[nodiscard]] bool is_looping(std::string_view text);

// Sets truncated, empty, looping and thinking_not_closed from an item's responses (any of them).
void note_soundness(Score& score, std::span<const Response> responses);

}  // namespace assay

// Which part of an answer is the program that was asked for, where it may hold several blocks: the
// metric `robust` of the code tasks. The benchmarks' own rules are in score/code_block.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "score/code_block.h"

namespace assay {

struct WantedCode {
  // Functions (or classes) of which the program defines one; empty: it reads stdin and prints.
  std::vector<std::string> names;
  bool in_class = false;  // a function may be a method
};

// The last closed fenced block that defines what is wanted, else an open one (its end was cut off),
// else code without fences, from its first line to where prose begins. Nothing when no part of the
// answer is that. A block's indentation in a list is taken off. Blocks in another language, example
// calls, outputs and shell lines are passed over. Linear in the text's length.
// Rules: "defining block", "open block", "bare code".
[[nodiscard]] CodeExtraction extract_wanted_code(std::string_view output, const WantedCode& wanted);

}  // namespace assay

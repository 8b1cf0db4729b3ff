// Splits a reasoning model's thoughts from its answer (Qwen3's <think>…</think>).
#pragma once

#include <string>
#include <string_view>

namespace assay {

struct Thinking {
  std::string answer;    // the output without its thoughts
  bool present = false;  // there were thoughts
  bool closed = true;    // false: a block was opened and never closed; what it holds is no answer
};

// Removes every <think>…</think> block, and all text before a closing tag that has no opening one
// (templates may put the opening tag into the prompt). `opened_in_prompt`: the prompt ended inside
// a block, so that an output without a closing tag is nothing but unfinished thoughts.
[[nodiscard]] Thinking strip_thinking(std::string_view output, bool opened_in_prompt = false);

// True when the prompt ends with an opening tag, as the templates of models that always think write
// it: the output begins inside a thought.
[[nodiscard]] bool opens_thought(std::string_view prompt);

}  // namespace assay

// Splits a reasoning model's thoughts from its answer, in each dress that models give them.
#pragma once

#include <string>
#include <string_view>

namespace assay {

struct Thinking {
  std::string answer;    // the output without its thoughts
  bool present = false;  // there were thoughts
  bool closed = true;    // false: a block was opened and never closed; what it holds is no answer
};

// Removes every block of a family in think.cc's table (<think>…</think>, [THINK]…[/THINK], …), and
// all text before a closing marker that has no opening one (templates may put that into the
// prompt). `opened_by`: the marker with which the prompt ended, so that the output begins within a
// thought of that family; empty: none.
//
// gpt-oss writes channels: the text of the last "final" one is the answer, the others are thoughts;
// both with its special tokens and as they read without ("analysis…assistantfinal…").
//
// A marker that is only mentioned is text: one in quotes, in inline code or in a fenced block of
// the answer, and an opening one in the middle of a line that is never closed.
[[nodiscard]] Thinking strip_thinking(std::string_view output, std::string_view opened_by = {});

// The opening marker with which the prompt ends, as the templates of models that always think write
// it; empty: the prompt opens no thought.
[[nodiscard]] std::string_view opened_thought(std::string_view prompt);

}  // namespace assay

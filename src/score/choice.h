// Letters of multiple-choice answers by the benchmarks' own patterns, the metric `official`:
// MMLU-Pro's stages without its random guess. What `robust` takes is in score/choice_statement.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace assay {

struct ChoiceExtraction {
  char letter = 'A';
  std::string stage;  // "answer is", "answer:", "last letter" (GPQA: also "(letter)")
};

// TIGER-AI-Lab/MMLU-Pro, compute_accuracy.py: "answer is (X)", else "answer: X", else the last
// letter that stands alone. Letters run from A to the n_options-th; MMLU-Pro itself always uses 10,
// whatever the question has. Returns nothing when no stage finds a letter.
[[nodiscard]] std::optional<ChoiceExtraction> extract_choice(std::string_view text,
                                                             int n_options = 10);

// GPQA asked generatively: GPQA's own patterns "answer is (X)", "Answer: (X)", "answer: (X)",
// "answer (X)", then the stages above, all with A to D.
[[nodiscard]] std::optional<ChoiceExtraction> extract_gpqa_choice(std::string_view text);

}  // namespace assay

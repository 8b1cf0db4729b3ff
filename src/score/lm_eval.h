// lm-evaluation-harness 0.4.13's own scoring, reproduced exactly, including its mistakes. Behaviour
// of lm_eval/tasks/{aime,hendrycks_math}/utils.py, tasks/mmlu_pro/_default_template_yaml with
// filters/extraction.py, api/task.py (multiple_choice) and models/utils.py. Texts are taken as
// UTF-8; indices count code points, as Python's do.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

struct LmEvalScore {
  double value = 0;    // exact_match, 0 or 1
  std::string raises;  // not empty: lm-eval would end its whole run with this exception; value is 0
};

// aime24: the last \boxed{…}, else the text between the first and the last "$", else everything,
// against the answer's text (str(doc["Answer"])).
[[nodiscard]] LmEvalScore lm_eval_aime(std::string_view output, std::string_view gold);

// hendrycks_math500: the text between the first and the last "$" (never \boxed{}) against the last
// box of the gold *solution*.
[[nodiscard]] LmEvalScore lm_eval_math500(std::string_view output, std::string_view gold_solution);

// mmlu_pro's filter custom-extract: a letter, or "[invalid]".
[[nodiscard]] std::string lm_eval_mmlu_pro_extract(std::string_view output);
// exact_match with ignore_case and ignore_punctuation of that letter against the target letter.
[[nodiscard]] double lm_eval_mmlu_pro(std::string_view output, std::string_view gold_letter);

struct LmEvalChoice {
  double acc = 0;
  double acc_norm = 0;  // log-likelihood divided by the choice's length in characters
  int picked = 0;       // numpy.argmax: the first of the likeliest; a NaN is the largest
};
// multiple_choice tasks (gpqa_diamond_zeroshot). `choices` are the choice texts, "(A)" ….
[[nodiscard]] LmEvalChoice lm_eval_multiple_choice(std::span<const double> loglikelihoods,
                                                   const std::vector<std::string>& choices,
                                                   int gold);

// What lm-eval makes of a generation before it scores it: the text after the last `think_end_token`
// (empty: the whole text) without leading white space, cut before each stop string.
[[nodiscard]] std::string lm_eval_postprocess(std::string_view generation,
                                              const std::vector<std::string>& stop,
                                              std::string_view think_end_token);

// The normalisation both math tasks share; nothing where lm-eval's code raises.
[[nodiscard]] std::optional<std::string> lm_eval_strip_string(std::string_view text);

}  // namespace assay

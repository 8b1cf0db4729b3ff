// What lm-evaluation-harness 0.4.13's tasks share when they score, reproduced exactly, including
// its mistakes: lm_eval/tasks/{aime,hendrycks_math}/utils.py, api/task.py (multiple_choice) and
// models/utils.py. What one benchmark alone has stands in that benchmark's file (src/task). Texts
// are taken as UTF-8; indices count code points, as Python's do.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

// One of a task's filters: what it takes from an output, and the score of that.
struct LmEvalFilter {
  std::string name;      // "strict-match"
  std::string filtered;  // "18", "[invalid]"
  double exact_match = 0;
};

// One output.
struct LmEvalScore {
  double value = 0;    // exact_match, 0 or 1; of several filters the first one's
  std::string raises;  // not empty: lm-eval would end its whole run with this exception; value is 0
  std::vector<LmEvalFilter> filters;  // in lm-eval's order, where the task has several; else empty
};

// What the mathematics tasks take an answer from. The text from the last \boxed (or \fbox) to its
// closing brace; nothing when there is no box or it is not closed. If "\boxed " occurs, the text
// after its last occurrence, up to a "$".
[[nodiscard]] std::optional<std::string> lm_eval_last_boxed(std::string_view text);
// A box's content; nothing where lm-eval's assertions fail.
[[nodiscard]] std::optional<std::string> lm_eval_remove_boxed(std::string_view text);
// From the first "$" to the last; all of the text when there are not two.
[[nodiscard]] std::string_view lm_eval_between_dollars(std::string_view text);
// Equality after normalisation; where that raises, of the texts as they are.
[[nodiscard]] bool lm_eval_is_equiv(std::string_view a, std::string_view b);

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

// The normalisation of lm_eval_is_equiv; nothing where lm-eval's code raises.
[[nodiscard]] std::optional<std::string> lm_eval_strip_string(std::string_view text);

}  // namespace assay

// Helpers that all benchmarks use for their rows, options and responses.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "task/task.h"

namespace assay {

struct ChoiceExtraction;
struct MathJudgement;
struct StatedChoice;

// --- rows. Errors are usage errors that name the row and the field.
[[nodiscard]] std::unexpected<Error> row_error(const Row& row, std::string_view field,
                                               std::string why);
// The text of a required field: valid UTF-8, not only white space.
[[nodiscard]] Result<std::string> text_of(const Row& row, std::string_view field);
// As text_of, but may be empty; a missing field or null gives "".
[[nodiscard]] Result<std::string> optional_text_of(const Row& row, std::string_view field);
// A whole number, also when written as text ("073"); 64-bit.
[[nodiscard]] Result<std::int64_t> whole_number_of(const Row& row, std::string_view field);
[[nodiscard]] Result<std::vector<std::string>> texts_of(const Row& row, std::string_view field);
// The row's id as text, from a text or whole-number field.
[[nodiscard]] Result<std::string> id_of(const Row& row, std::string_view field);
// For data sets whose rows have no id: the row's place in the split, from 0, as lm-eval's doc_id.
[[nodiscard]] std::string id_by_position(const Row& row);
// Two items of one id: error naming the id.
[[nodiscard]] Status check_unique_ids(const ItemList& items, const DataSet& data);

// --- options of the task in the plan
enum class Exemplars { none, some };
// Errors (usage) when the plan gives an option that is not among `known`, or asks for few-shot
// exemplars of a task that has none.
[[nodiscard]] Status check_options(const TaskSpec& spec,
                                   std::initializer_list<std::string_view> known,
                                   Exemplars exemplars = Exemplars::none);
[[nodiscard]] Result<bool> bool_option(const TaskSpec& spec, std::string_view name, bool fallback);
[[nodiscard]] Result<std::string> text_option(const TaskSpec& spec, std::string_view name,
                                              std::string fallback);
[[nodiscard]] Result<double> number_option(const TaskSpec& spec, std::string_view name,
                                           double fallback);
// The content of the file an option names (absolute, or relative to the data folder, else to the
// working folder); nothing when the option is not given.
[[nodiscard]] Result<std::optional<std::string>> file_option(const TaskContext& context,
                                                             std::string_view name);

// --- responses
// The score of an item that needs no grading: nothing was asked, the engine failed, or a prompt did
// not fit.
[[nodiscard]] std::optional<Score> unanswered(const std::vector<StepResult>& steps);
[[nodiscard]] Score unscored(const char* reason, std::string detail = "");
// The answer without thoughts, cut at the first stop string (where the engine has not done so).
[[nodiscard]] std::string answer_text(std::string_view output,
                                      const std::vector<std::string>& stop = {});
// Where the text turns to another question, or says its own: the first heading of `stop` from
// `from` on that is not a step's ("Understanding the Problem:"). npos: nowhere.
[[nodiscard]] std::size_t next_question(std::string_view text, const StopStrings& stop,
                                        std::size_t from = 0);
struct OwnAnswer {
  std::string text;
  bool goes_on = false;  // the output turns to another question behind it
};
// For `robust`: the answer to the question that was asked, without thoughts, up to where the text
// turns to another question. A heading that it opens with, where nothing before could be an answer
// (no digit but a list's, no LaTeX) and the question's own words follow, restates the question, and
// what stands behind it is read: "**Problem:** <the question> … \boxed{5}".
[[nodiscard]] OwnAnswer own_answer(std::string_view output, const StopStrings& stop,
                                   std::string_view question);
// The text that lm-eval would score, by its own rules for thoughts (only when the plan turns
// thinking on) and stop strings.
[[nodiscard]] std::string lm_eval_text(std::string_view output,
                                       const std::vector<std::string>& stop, const ChatSpec& chat);
// lm-eval's scores of a scored answer: the metric `lm_eval`; of several filters each one's under
// lm-eval's own name for it ("exact_match,strict-match"), too, and what it took in the remarks.
void set_lm_eval_metrics(Score& score, const LmEvalScore& lm_eval);
// An answer of a multiple-choice task whose target is set: `robust`, the letter it states, and
// `official`, the letter that the benchmark's own patterns take.
void set_choice_score(Score& score, const StatedChoice& stated,
                      const std::optional<ChoiceExtraction>& official);
// An answer of a mathematics task: both metrics, the extracted text and how it was found. Unscored
// when its equivalence was not decided.
void set_math_score(Score& score, const MathJudgement& robust, const LmEvalScore& lm_eval);
// Sets truncated, empty, looping, thinking_not_closed, prompt_cut.
void set_soundness(Score& score, const std::vector<StepResult>& steps);
// The same of an answer that is told apart from what follows it: neither a limit nor a loop behind
// its end is its own.
void set_soundness(Score& score, const std::vector<StepResult>& steps, const OwnAnswer& own);

}  // namespace assay

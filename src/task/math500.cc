// MATH-500: 500 problems of the MATH test set with free-form answers.
// Prompt, stop strings and the lm_eval metric are lm-eval 0.4.13's task hendrycks_math500
// (tasks/hendrycks_math/), which compares the text between the first and the last "$" with the box
// of the gold solution and so gives 0 to nearly every boxed answer; `robust` is what to read.
//
// Item row: problem, answer, solution (text), level. Group: subject. Options: none.
#include <fmt/format.h>

#include "score/boxed.h"
#include "score/lm_eval.h"
#include "score/math/math.h"
#include "task/benchmarks.h"
#include "task/fields.h"
#include "task/prompt.h"

namespace assay {
namespace {

const StopStrings& stop_strings() {
  static const StopStrings strings = {.headings = {"Problem:"}, .tokens = {}};
  return strings;
}

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  if (Status ok = check_options(context.spec, {}); !ok) return std::unexpected(ok.error());
  ItemList items;
  for (const Row& row : data.rows) {
    Item item;
    item.id = TRY(text_of(row, "unique_id"));
    item.stratum = TRY(text_of(row, "subject"));
    item.group = item.stratum;
    item.row["problem"] = TRY(text_of(row, "problem"));
    item.row["answer"] = TRY(text_of(row, "answer"));
    const std::string solution = TRY(text_of(row, "solution"));
    if (!last_boxed(solution)) {
      return row_error(row, "solution", "it has no closed \\boxed{} (lm-eval's gold answer)");
    }
    item.row["solution"] = solution;
    item.row["level"] = TRY(whole_number_of(row, "level"));
    items.push_back(std::move(item));
  }
  if (Status ok = check_unique_ids(items, data); !ok) return std::unexpected(ok.error());
  return items;
}

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  Request request = qa_request(
      context.chat,
      {.description = "",
       .shots = {},
       .question = "Problem: " + item.row.at("problem").get<std::string>() + "\nAnswer:"});
  request.sampling = TRY(sampling_of(context, stop_strings()));
  return request;
}

// The text between the first and the last "$", never the box, against the last box of the gold
// solution (tasks/hendrycks_math/utils.py).
LmEvalScore lm_eval_score(std::string_view output, const Item& item) {
  const auto box = lm_eval_last_boxed(item.row.at("solution").get_ref<const std::string&>());
  if (!box) return {.raises = "TypeError"};
  const auto gold = lm_eval_remove_boxed(*box);
  if (!gold) return {.raises = "AssertionError"};
  return {.value = lm_eval_is_equiv(lm_eval_between_dollars(output), *gold) ? 1.0 : 0.0};
}

Score score(const ScoreInputs& inputs) {
  if (auto early = unanswered(inputs.steps)) return *early;
  const std::string& output = inputs.steps.front().response.text;
  const Json& row = inputs.item.row;

  Score score;
  score.target = row.at("answer").get<std::string>();
  const OwnAnswer own =
      own_answer(output, stop_strings(), row.at("problem").get_ref<const std::string&>());
  const MathJudgement robust = judge_math(score.target, own.text, inputs.oracle);
  set_math_score(
      score, robust,
      lm_eval_score(lm_eval_text(output, stop_strings().all(), inputs.context.chat), inputs.item));
  score.remarks["used_oracle"] = robust.used_oracle;
  score.remarks["level"] = row.at("level");
  set_soundness(score, inputs.steps, own);
  return score;
}

}  // namespace

Task math500_task() {
  return {.name = "math500",
          .title = "MATH-500",
          .kind = TaskKind::generate,
          .source = {.hub_id = "HuggingFaceH4/MATH-500",
                     .hub_split = "test",
                     .hub_items = 500,
                     .hub_files = {"test.jsonl"},
                     .licence = "MIT",
                     .layouts = {{"hub", {"math500/test.jsonl"}},
                                 {"hub, parquet", {"math500/*.parquet"}},
                                 {"hub, other name", {"math/math500_test.jsonl"}},
                                 {"hub snapshot", {"test.jsonl"}}}},
          .lm_eval = {.name = "hendrycks_math500",
                      .has_metric = true,
                      .score = lm_eval_score,
                      .stop = stop_strings()},
          .make_items = make_items,
          .next = next,
          .score = score,
          .asks_oracle = true};
}

}  // namespace assay

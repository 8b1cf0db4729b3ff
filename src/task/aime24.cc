// AIME 2024: 30 competition problems whose answers are whole numbers from 0 to 999.
// Prompt, stop strings and the lm_eval metric are lm-eval 0.4.13's task aime24 (tasks/aime/).
//
// Item row: problem (text), answer (0 to 999). Options: none.
#include <fmt/format.h>

#include <cstdint>

#include "score/lm_eval.h"
#include "score/math/math.h"
#include "task/benchmarks.h"
#include "task/fields.h"
#include "task/prompt.h"

namespace assay {
namespace {

const StopStrings& stop_strings() {
  static const StopStrings strings = {.headings = {"Question:"},
                                      .tokens = {"</s>", "<|im_end|>", "<|eot_id|>"}};
  return strings;
}

// Lower-case field names, as two evaluation repositories ship the problems.
Result<Json> adapt_lower_case(const Row& raw, std::string_view answer_field) {
  Json out = Json::object();
  out["ID"] = TRY(id_of(raw, "id"));
  out["Problem"] = TRY(text_of(raw, "problem"));
  out["Answer"] = TRY(whole_number_of(raw, answer_field));
  return out;
}

Result<Json> adapt_nemo(const Row& raw) {
  return adapt_lower_case(raw, "expected_answer");
}
Result<Json> adapt_qwen(const Row& raw) {
  return adapt_lower_case(raw, "answer");
}

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  if (Status ok = check_options(context.spec, {}); !ok) return std::unexpected(ok.error());
  ItemList items;
  for (const Row& row : data.rows) {
    Item item;
    item.id = TRY(id_of(row, "ID"));
    item.row["problem"] = TRY(text_of(row, "Problem"));
    const std::int64_t answer = TRY(whole_number_of(row, "Answer"));
    if (answer < 0 || answer > 999) {
      return row_error(row, "Answer", fmt::format("{} is outside 0 to 999", answer));
    }
    item.row["answer"] = answer;
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
       .question = "Question: " + item.row.at("problem").get<std::string>() + "\nAnswer:"});
  request.sampling = TRY(sampling_of(context, stop_strings()));
  return request;
}

// The last \boxed{…}, else the text between the first and the last "$", else everything, against
// the answer's text (tasks/aime/utils.py).
LmEvalScore lm_eval_score(std::string_view output, const Item& item) {
  std::string answer(lm_eval_between_dollars(output));
  if (const auto box = lm_eval_last_boxed(output)) {
    if (auto content = lm_eval_remove_boxed(*box)) answer = *std::move(content);
  }
  const std::string gold = std::to_string(item.row.at("answer").get<int>());
  return {.value = lm_eval_is_equiv(answer, gold) ? 1.0 : 0.0};
}

Score score(const ScoreInputs& inputs) {
  if (auto early = unanswered(inputs.steps)) return *early;
  const std::string& output = inputs.steps.front().response.text;
  const int gold = inputs.item.row.at("answer").get<int>();
  const OwnAnswer own = own_answer(output, stop_strings(),
                                   inputs.item.row.at("problem").get_ref<const std::string&>());
  const MathJudgement robust = judge_aime(gold, own.text);

  Score score;
  score.target = std::to_string(gold);
  set_math_score(
      score, robust,
      lm_eval_score(lm_eval_text(output, stop_strings().all(), inputs.context.chat), inputs.item));
  set_soundness(score, inputs.steps, own);
  return score;
}

}  // namespace

Task aime24_task() {
  return {.name = "aime24",
          .title = "AIME 2024",
          .kind = TaskKind::generate,
          .source =
              {.hub_id = "Maxwell-Jia/AIME_2024",
               .hub_split = "train",
               .hub_items = 30,
               .hub_files = {"aime_2024_problems.parquet"},
               .licence = {"MIT; the problems are by the MAA", "MIT；题目属于 MAA"},
               .layouts = {{"hub, jsonl", {"aime24/aime_2024_problems.jsonl"}},
                           {"hub", {"aime24/*.parquet"}},
                           {"lower case, expected_answer",
                            {"aime24/aime24_nemo_format.jsonl"},
                            adapt_nemo},
                           {"lower case, answer", {"aime24/aime24_qwen_format.jsonl"}, adapt_qwen},
                           {"hub snapshot", {"aime_2024_problems.parquet"}}}},
          .lm_eval = {.name = "aime24",
                      .has_metric = true,
                      .score = lm_eval_score,
                      .stop = stop_strings()},
          .make_items = make_items,
          .next = next,
          .score = score};
}

}  // namespace assay

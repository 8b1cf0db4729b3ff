// MBPP: short Python programs from a sentence and three assertions (arXiv 2108.07732). Rows of the
// full set (text, test_setup_code) and of the sanitized one (prompt, test_imports), and rows in
// HumanEval's layout. The instruction is our own; as in the paper it shows the assertions, which
// name the function: the block that defines it is taken.
//
// Item row: question, shown (assertions in the prompt), test. Options: time_limit_s (3).
#include "base/text.h"
#include "task/benchmarks.h"
#include "task/fields.h"
#include "task/prompt.h"
#include "task/short_code.h"

namespace assay {
namespace {

// HumanEval's layout: the prompt is a function's head with the sentence as docstring.
Result<Json> adapt_function_head(const Row& raw) {
  Json out = Json::object();
  out["task_id"] = TRY(id_of(raw, "task_id"));
  out["text"] = "Complete this function:\n" + TRY(text_of(raw, "prompt"));
  const std::string entry_point = TRY(text_of(raw, "entry_point"));
  out["script"] = TRY(text_of(raw, "test")) + "\ncheck(" + entry_point + ")";
  return out;
}

Result<Item> make_item(const Row& row) {
  Item item;
  item.id = TRY(id_of(row, "task_id"));
  item.row["question"] =
      row.fields.contains("text") ? TRY(text_of(row, "text")) : TRY(text_of(row, "prompt"));
  if (row.fields.contains("script")) {
    item.row["shown"] = "";
    item.row["test"] = TRY(text_of(row, "script"));
    return item;
  }
  const std::vector<std::string> tests = TRY(texts_of(row, "test_list"));
  if (tests.empty()) return row_error(row, "test_list", "it is empty");
  std::string set_up = TRY(optional_text_of(row, "test_setup_code"));
  if (row.fields.contains("test_imports")) {
    set_up = join(TRY(texts_of(row, "test_imports")), "\n");
  }
  item.row["shown"] = join(tests, "\n");
  item.row["test"] = set_up + "\n" + join(tests, "\n");
  return item;
}

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  TRY(check_short_options(context));
  ItemList items;
  items.reserve(data.rows.size());
  for (const Row& row : data.rows) items.push_back(TRY(make_item(row)));
  TRY(check_unique_ids(items, data));
  return items;
}

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  PromptParts parts;
  parts.question = item.row.at("question").get<std::string>();
  const auto shown = item.row.at("shown").get<std::string>();
  if (!shown.empty()) parts.question += "\n\nThese tests must pass:\n" + shown;
  parts.question +=
      "\n\nAnswer with the whole Python code in one block that starts with ```python and ends "
      "with ```.";
  Request request = qa_request(context.chat, parts);
  request.sampling = TRY(sampling_of(context, StopStrings()));
  return request;
}

CodeAnswers code_of(const Item& item, const StepResult& step) {
  return short_code_of(step, names_in_test(item.row.at("test").get_ref<const std::string&>()));
}

Result<Program> program_of(const std::string& code, const Item& item, const TaskContext& context) {
  return short_program(code, item.row.at("test").get<std::string>() + "\n", context);
}

Result<Programs> programs(const Item& item, const std::vector<StepResult>& steps,
                          const TaskContext& context) {
  if (unanswered(steps)) return Programs();
  return programs_of(code_of(item, steps.front()), program_of, item, context);
}

Score score(const ScoreInputs& inputs) {
  if (auto early = unanswered(inputs.steps)) return *early;
  return score_programs(code_of(inputs.item, inputs.steps.front()), inputs);
}

}  // namespace

Task mbpp_task() {
  return {
      .name = "mbpp",
      .title = "MBPP",
      .kind = TaskKind::code,
      .source = {.hub_id = "google-research-datasets/mbpp",
                 .hub_split = "test",
                 .hub_items = 500,
                 .hub_files = {"full/test*.parquet"},
                 .licence = "CC BY 4.0",
                 .layouts = {{"repository", {"mbpp/*.jsonl"}},
                             {"function head",
                              {"code/mbpp_sanitized_for_code_generation.jsonl"},
                              adapt_function_head},
                             {"hub", {"mbpp/**/test*.parquet"}},
                             {"hub snapshot", {"full/test*.parquet", "sanitized/test*.parquet"}}}},
      .lm_eval = {.name = "mbpp"},
      .make_items = make_items,
      .next = next,
      .programs = programs,
      .score = score};
}

}  // namespace assay

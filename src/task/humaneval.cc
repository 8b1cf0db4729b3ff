// HumanEval: complete a Python function from its signature and docstring. Rows, test and time limit
// are those of the openai/human-eval repository; the instruction is our own. The block that
// defines the function is run after what the prompt has before it (imports, helpers); where none
// does, the last block continues the prompt. `official` takes the last block in any case, and of
// human-eval's own samples the whole completion behind the prompt (human_eval/execution.py).
//
// Item row: prompt, entry_point, test. Options: time_limit_s (3).
#include "task/benchmarks.h"
#include "task/fields.h"
#include "task/prompt.h"
#include "task/short_code.h"

namespace assay {
namespace {

constexpr const char* kInstruction =
    "Complete the following Python function. Answer with the whole function in one block that "
    "starts with ```python and ends with ```.\n\n```python\n";

Result<ItemList> make_items(const DataSet& data, const TaskContext& context) {
  TRY(check_short_options(context));
  ItemList items;
  for (const Row& row : data.rows) {
    Item item;
    item.id = TRY(id_of(row, "task_id"));
    item.row["prompt"] = TRY(text_of(row, "prompt"));
    item.row["entry_point"] = TRY(text_of(row, "entry_point"));
    item.row["test"] = TRY(text_of(row, "test"));
    if (find_definition(item.row["prompt"].get_ref<const std::string&>(),
                        item.row["entry_point"].get_ref<const std::string&>()) ==
        std::string::npos) {
      return row_error(row, "entry_point", "the prompt does not define this function");
    }
    items.push_back(std::move(item));
  }
  TRY(check_unique_ids(items, data));
  return items;
}

Result<NextRequest> next(const Item& item, const std::vector<StepResult>& so_far,
                         const TaskContext& context) {
  if (!so_far.empty()) return std::nullopt;
  PromptParts parts;
  parts.question = kInstruction + item.row.at("prompt").get<std::string>() + "```\n";
  Request request = qa_request(context.chat, parts);
  request.sampling = TRY(sampling_of(context, StopStrings()));
  return request;
}

CodeAnswers code_of(const Item& item, const StepResult& step) {
  return short_code_of(step, {item.row.at("entry_point").get<std::string>()});
}

Result<Program> program_of(const std::string& code, const Item& item, const TaskContext& context) {
  const auto prompt = item.row.at("prompt").get<std::string>();
  const auto entry_point = item.row.at("entry_point").get<std::string>();
  std::string source = prompt + code;
  const bool continues = code.starts_with(' ') || code.starts_with('\t');
  if (!continues && find_definition(code, entry_point) != std::string::npos) {
    source = prompt.substr(0, find_definition(prompt, entry_point)) + "\n" + code;
  }
  const std::string test =
      item.row.at("test").get<std::string>() + "\ncheck(" + entry_point + ")\n";
  return short_program(std::move(source), test, context);
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

Task humaneval_task() {
  return {.name = "humaneval",
          .title = "HumanEval",
          .kind = TaskKind::code,
          .source = {.hub_id = "openai/openai_humaneval",
                     .hub_split = "test",
                     .hub_items = 164,
                     .hub_files = {"openai_humaneval/*.parquet"},
                     .licence = "MIT",
                     .layouts = {{"repository", {"humaneval/*.jsonl"}},
                                 {"repository, gzip",
                                  {"humaneval/*.jsonl.gz", "code/HumanEval.jsonl.gz"}},
                                 {"hub", {"humaneval/**/*.parquet"}},
                                 {"hub snapshot", {"openai_humaneval/*.parquet"}}}},
          .lm_eval = {.name = "humaneval"},
          .make_items = make_items,
          .next = next,
          .programs = programs,
          .score = score};
}

}  // namespace assay

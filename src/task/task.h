// A benchmark as run: where its rows come from, what is asked, how it is scored. One file each.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/language.h"
#include "base/result.h"
#include "data/rows.h"
#include "plan/plan.h"
#include "score/lm_eval.h"
#include "score/oracle.h"
#include "values/item_list.h"
#include "values/program.h"
#include "values/request.h"
#include "values/score.h"

namespace assay {

// All that a task may know when it asks or scores.
struct TaskContext {
  const TaskSpec& spec;
  const ChatSpec& chat;
  std::uint64_t seed = 0;
  // Few-shot exemplars, loaded once (rows as exemplar_layouts lay them out): a data set's whole
  // training split, so they are looked at and not copied.
  std::span<const nlohmann::json> exemplars;
  std::string
      data_folder;  // where the rows came from; extra files (test_data.h5) are looked up here
};

// One answered (or failed) step of an item, oldest first.
struct StepResult {
  Response response;
  bool prompt_did_not_fit = false;  // never sent: response is empty
  // Recorded outputs alone: the text is code as the benchmark's own evaluation ran it, so that
  // nothing is extracted for `official`.
  bool is_code = false;
};

// Nothing more to ask: std::nullopt.
using NextRequest = std::optional<Request>;

// Programs to be run before the item can be scored, and their results in the same order.
using Programs = std::vector<Program>;

struct ScoreInputs {
  const Item& item;
  const std::vector<StepResult>& steps;
  const std::vector<ProgramResult>& programs;  // of programs(item, steps), same order
  const TaskContext& context;
  EquivalenceOracle* oracle = nullptr;  // may be null; of tasks with asks_oracle alone
  const Response* judgement = nullptr;  // the judge's answer to judge_request(), if one was asked
};

// Who judges free answers, as the task's options name them.
struct JudgeSpec {
  bool baseline = false;  // the run's baseline, after its own answers; else an endpoint:
  std::string url;        // of an OpenAI-compatible server, up to "/v1"
  std::string model;      // the name it is asked under
  std::string key_env;    // environment variable that holds the key; empty: none is sent
  // How it is asked, as an engine of kind openai has it: answers_as, max_tokens_key, leave_out,
  // extra_body; what the plan does not say is not there.
  nlohmann::json request = nlohmann::json::object();
};

enum class TaskKind { generate, loglikelihood, code };

// lm-eval's stop strings of a benchmark, in its order.
struct StopStrings {
  // What opens another question, and what an answer may write itself before it says its own again
  // ("Question:"). Whether the engine ends answers there is the plan's (HeadingStops).
  std::vector<std::string> headings;
  std::vector<std::string> tokens;  // texts of end-of-turn tokens, which the engine is always told

  [[nodiscard]] std::vector<std::string> all() const;
};

// What lm-eval 0.4.13 has of a benchmark.
struct LmEvalTask {
  std::string name;  // lm-eval's name of it; empty: it has no such task
  // Ours asks what lm-eval's asks, and its scores carry lm-eval's metric (`lm_eval`).
  bool has_metric = false;
  // Of a generated answer as lm_eval_text() gives it (task/fields.h). nullptr: nothing is
  // generated, or no metric.
  LmEvalScore (*score)(std::string_view output, const Item& item) = nullptr;
  StopStrings stop;  // of what it generates
  // One generator is drawn from row by row (GPQA's option order): lm-eval must be given all rows,
  // whichever are asked.
  bool draws_by_row = false;
  std::string seed_option;     // the option of ours that is lm-eval's --seed; empty: none is
  std::string exemplar_split;  // where it takes few-shot exemplars from; empty: it shows none
};

// Plain functions in a struct: the table in task/registry.cc lists them, nothing registers itself.
// Each benchmark's file fills it in by designated initialisers, in this order.
struct Task {
  std::string name;   // "aime24"
  std::string title;  // "AIME 2024"
  TaskKind kind = TaskKind::generate;
  // kind loglikelihood: the option that, when true, makes the task generate its answers instead.
  std::string generates_with;
  DataSource source;
  std::vector<RowLayout> exemplar_layouts;  // empty: no few-shot rows
  int num_fewshot = 0;  // exemplars before a question, unless the plan says how many
  double chance = 0;    // accuracy of guessing; below it the report raises a flag
  LmEvalTask lm_eval;
  int max_steps = 1;  // upper bound of requests per item (SciCode: sub-steps)

  // Rows -> items, every field the task needs checked (usage error with row.where and field).
  Result<ItemList> (*make_items)(const DataSet& data, const TaskContext& context) = nullptr;
  // Pure: the item's next request after the steps so far.
  Result<NextRequest> (*next)(const Item& item, const std::vector<StepResult>& so_far,
                              const TaskContext& context) = nullptr;
  // Code tasks: what to run once no request is left. nullptr: nothing.
  Result<Programs> (*programs)(const Item& item, const std::vector<StepResult>& steps,
                               const TaskContext& context) = nullptr;
  // Why this item's tests cannot be run, told from its row before anything is asked; empty: they
  // can. nullptr: they always can. Errors (usage): the tests are damaged, or too few to be the
  // benchmark's, where its options do not allow that.
  Result<std::string> (*untestable)(const Item& item, const TaskContext& context) = nullptr;
  // What becomes of such items. Empty: the task does not ask them and they stay unscored, which is
  // said before a run begins. Else that is an error before it begins, and this is what to do.
  std::string untestable_fix;
  // What should be known of the data before anything is asked, one line; empty: nothing. nullptr
  // rows: they come from the hub and were not fetched yet.
  Text (*data_note)(const DataSet* rows, const TaskContext& context) = nullptr;
  Score (*score)(const ScoreInputs& inputs) = nullptr;
  // score() asks inputs.oracle about answers it cannot decide by itself; it is null for others.
  bool asks_oracle = false;
  // Tasks with free answers (else nullptr): the judge the plan names, if it does; and what it is
  // asked about an answered item, nothing where the answer can be scored without.
  Result<std::optional<JudgeSpec>> (*judge)(const TaskContext& context) = nullptr;
  Result<NextRequest> (*judge_request)(const Item& item, const std::vector<StepResult>& steps,
                                       const TaskContext& context) = nullptr;
  // Upper bound of the requests this item will make (admission control).
  int (*steps_of)(const Item& item) = nullptr;  // nullptr: 1
};

// The known benchmarks, in the order reports list them.
[[nodiscard]] const std::vector<Task>& all_tasks();
// Their names, in the same order.
[[nodiscard]] std::vector<std::string> task_names();
// nullptr when there is none of that name.
[[nodiscard]] const Task* find_task(const std::string& name);
// The same by assay's name or by lm-eval's.
[[nodiscard]] const Task* find_task_of_either(const std::string& name);
[[nodiscard]] std::vector<KnownBenchmark> known_benchmarks();

}  // namespace assay

// Outputs that a model gave earlier, in the files evaluators leave behind. Each output is
// returned with the benchmark's row, as far as the file holds it, and the verdict it was given
// then.
//
// Known layouts (told apart by their fields, not by name):
//   assay's results/*/samples_*.jsonl, and lm-eval's: doc, resps, target; the metric beside them
//   LiveCodeBench's output JSON: question_id, output_list; graded_list after its evaluation
//   MMLU-Pro's eval_results: question_id, options, answer, pred and the output under one of
//     model_outputs, generated_text, response
//   mathematics in Qwen2.5-Math's layout: gt, code (a list of outputs), score
//   human-eval's samples: task_id, completion; passed after its evaluation. EvalPlus's: task_id,
//     solution
//   HLE's predictions: {id: {response, judge_response}}
//   SciCode's folder of generated code: <problem>.<step>.py, each with the steps before it
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/rows.h"

namespace assay {

struct RecordedOutput {
  std::string text;
  std::map<std::string, std::string>
      steps;                           // SciCode, instead of text: id of a step -> its program
  std::vector<double> loglikelihoods;  // of the choices, instead of text
  bool is_code = false;                // code as the benchmark's own evaluation ran it
  bool truncated = false;              // the file says that the output ended by length
  std::optional<bool> verdict;         // right or wrong, as recorded
  std::string metric = "robust";       // the metric of ours that the verdict is compared with
  std::optional<std::string> answer;   // the extracted answer, as recorded; "": none was found
};

struct RecordedItem {
  std::string id;  // the data set's
  // The benchmark's row, in the fields its task reads; null where the file does not hold it whole,
  // so that the data set is needed.
  Row row;
  bool row_is_item = false;             // `row` is already what the task makes of a row (Item::row)
  std::vector<RecordedOutput> outputs;  // samples, in the file's order
};

struct Recorded {
  Text layout;  // shown to the user
  std::vector<RecordedItem> items;
};

// `benchmark` is the task's name; `file` may be a folder where the layout is one. Usage errors name
// file, place and field; a file in none of the layouts, or of another benchmark, is one.
[[nodiscard]] Result<Recorded> read_recorded(const std::filesystem::path& file,
                                             const std::string& benchmark,
                                             const FindPython& python);
// The same from rows read already; `file` is what errors call them.
[[nodiscard]] Result<Recorded> recorded_from_rows(const RowList& rows, const std::string& benchmark,
                                                  const std::string& file);

}  // namespace assay

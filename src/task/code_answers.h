// An answer's program by two readings, and its score by what became of it: shared by the tasks with
// programs.
#pragma once

#include "score/code_choice.h"
#include "task/task.h"

namespace assay {

struct CodeAnswers {
  CodeExtraction robust;    // what was asked for, else as official
  CodeExtraction official;  // by the benchmark's own rule

  [[nodiscard]] bool same() const { return robust.code == official.code; }
};

// `robust` of the answer without thoughts.
[[nodiscard]] CodeAnswers code_answers(const std::string& answer, const WantedCode& wanted,
                                       CodeExtraction official);

// The programs to run: robust's, and official's where it is another one. None without code.
[[nodiscard]] Result<Programs> programs_of(const CodeAnswers& answers,
                                           Result<Program> (*program)(const std::string& code,
                                                                      const Item& item,
                                                                      const TaskContext& context),
                                           const Item& item, const TaskContext& context);

// Metrics `robust` and `official`: passed or not. Of two programs the second is official's.
// Remarks: verdict, and official_verdict where it is another code's, or another. Unscored where the
// sandbox failed, or where there is code and nothing was run (`tests not available`).
[[nodiscard]] Score score_programs(const CodeAnswers& answers, const ScoreInputs& inputs);

}  // namespace assay

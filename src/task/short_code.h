// Shared by HumanEval and MBPP: the model writes one function, and a script of assertions tests it.
#pragma once

#include <string>
#include <vector>

#include "task/code_answers.h"
#include "task/task.h"

namespace assay {

// The metric `official`: the last fenced block; without one the whole answer, cut at the stop
// strings of the HumanEval paper (arXiv 2107.03374, 3.1), where a model that only continues text
// begins something else; code that was recorded as code as it is. `robust`: the part that defines
// one of `names`, else the same.
[[nodiscard]] CodeAnswers short_code_of(const StepResult& step,
                                        const std::vector<std::string>& names);

// The names in a test's text, sorted: a program has to define one of them.
[[nodiscard]] std::vector<std::string> names_in_test(std::string_view test);

// The position of the last line that begins a definition of that function; npos: there is none.
[[nodiscard]] std::size_t find_definition(std::string_view code, std::string_view name);

// A script judged by `test`, with the task's time_limit_s (default 3 s of CPU time, the limit of
// both benchmarks' usual harnesses).
[[nodiscard]] Result<Program> short_program(std::string source, std::string test,
                                            const TaskContext& context);
[[nodiscard]] Status check_short_options(const TaskContext& context);

}  // namespace assay

// Program text out of a model's output, by the benchmarks' own rules.
#pragma once

#include <string>
#include <string_view>

namespace assay {

struct CodeExtraction {
  std::string code;  // empty: none
  std::string rule;  // "last fence", "python fence", "first fence", "whole output"; empty: none
};

// LiveCodeBench (lcb_runner/utils/extraction_utils.py): the lines between the last two lines that
// hold ```; fewer than two such lines: no code.
[[nodiscard]] CodeExtraction extract_livecodebench_code(std::string_view output);

// SciCode (src/scicode/gen/models.py): the text after the first ```python up to the next ```; with
// fences of another kind the first of them; without any fence the whole output. Lines that start
// with an import are dropped, since the problem gives its own.
[[nodiscard]] CodeExtraction extract_scicode_code(std::string_view output);

}  // namespace assay

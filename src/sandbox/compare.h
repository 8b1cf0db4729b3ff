// The comparison of a program's answer with the expected text. It happens outside the sandbox:
// expected outputs never enter it.
#pragma once

#include <string>
#include <string_view>

namespace assay {

struct Difference {
  bool equal = true;
  std::string detail;  // the first difference, at most 300 bytes; empty when equal
};

// LiveCodeBench's rule for programs that print (lcb_runner/evaluation/testing_util.py,
// grade_stdio): both texts stripped, split at "\n", each line stripped; equal counts of lines; a
// pair of lines is equal as text, or when every white-space separated token of both is a decimal
// number as Python's decimal.Decimal reads it and the two sequences are equal as numbers (exactly;
// NaN equals nothing). White space is Python's, over UTF-8; bytes that are no UTF-8 compare as
// themselves.
[[nodiscard]] Difference compare_lines(std::string_view answer, std::string_view expected);

// True when Python's `==` holds between json.loads of both texts: 1 == 1.0 == true, exact between
// whole numbers of any size and floats, NaN equals nothing, objects without order.
// Texts nested deeper than 1,000 or not valid JSON are equal to nothing.
[[nodiscard]] Difference compare_json(std::string_view answer, std::string_view expected);

// False when the text is not valid JSON, so that compare_json would never find it equal to
// anything.
[[nodiscard]] bool is_python_json(std::string_view text);

// Cut to `bytes` at a character boundary, invalid UTF-8 and control characters made visible.
[[nodiscard]] std::string printable_detail(std::string_view text, std::size_t bytes);

}  // namespace assay

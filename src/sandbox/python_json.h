// JSON as Python's json module reads it: whole numbers of any size, NaN and Infinity, lone
// surrogates, last of equal keys wins. It keeps only what a comparison needs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/python_text.h"

namespace assay {

struct PythonValue {
  enum class Kind { none, integer, floating, text, list, object };  // true and false are integers
  Kind kind = Kind::none;
  std::string text;   // text: code points in UTF-8 form, lone surrogates included;
                      // integer: decimal digits, normalised, with '-' where negative
  double number = 0;  // floating
  std::vector<PythonValue> items;
  std::map<std::string, PythonValue> fields;

  // Python's ==.
  [[nodiscard]] bool equals(const PythonValue& other) const;
};

// Nothing when json.loads would raise, or beyond 900 levels (where it raises RecursionError).
[[nodiscard]] std::optional<PythonValue> parse_python_json(std::string_view text);

}  // namespace assay

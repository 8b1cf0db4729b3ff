// Reads the top-level fields of one JSON object without building it: sample files hold gigabytes
// of prompts and outputs of which a comparison needs a few numbers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay {

// The object's fields in order, keys without their quotes (escapes are left as they are), values as
// they stand in the line. None: the line is not one whole JSON object. Scalars are not checked, so
// that lm-eval's NaN and Infinity pass. The views point into `line`.
[[nodiscard]] std::optional<std::vector<std::pair<std::string_view, std::string_view>>> scan_fields(
    std::string_view line);

// The values of one JSON array, one after another, without building it.
class ArrayScanner {
 public:
  explicit ArrayScanner(std::string_view text) : text_(text) {}
  // The next value as it stands; none at the end, or where the text is cut.
  [[nodiscard]] std::optional<std::string_view> next();
  [[nodiscard]] bool ended() const { return ended_; }  // the closing bracket was there

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  bool begun_ = false;
  bool ended_ = false;
};

// How deep brackets stand within each other in a value of scan_fields.
[[nodiscard]] std::size_t nesting_of(std::string_view value);

// A value of scan_fields as a number: numbers, true and false; none for all else, NaN included.
[[nodiscard]] std::optional<double> scanned_number(std::string_view value);
// A value of scan_fields as a string without escapes; none for all else.
[[nodiscard]] std::optional<std::string_view> scanned_string(std::string_view value);

}  // namespace assay

// How long the programs of a task take to be graded, as its runs on a folder measured it.
#pragma once

#include <string>

#include "store/store.h"

namespace assay {

struct GradedTime {
  int answers = 0;
  // Of all graders together: an answer that takes one of four a second counts as a quarter of one.
  double seconds = 0;
};

// So far; no answers: nothing was measured.
[[nodiscard]] Result<GradedTime> graded_time(const Store& store, const std::string& task);
// Adds to it.
[[nodiscard]] Status add_graded_time(Store& store, const std::string& task, const GradedTime& more);

// The name and the value of the meta row that holds it.
struct GradedRow {
  std::string name;
  std::string value;
};
[[nodiscard]] GradedRow graded_row(const std::string& task, const GradedTime& time);

}  // namespace assay
